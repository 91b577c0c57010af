// SPDX-License-Identifier: Apache-2.0
//
// latchfile list [-q] [-f table|json|TEMPLATE] [--filter KEY=VALUE]… [--sort FIELD] [--sandbox SID]
//                [--all-hosts]
#include "cli/commands.hpp"

#include <algorithm>

#include "base/parallel.hpp"
#include "cli/json_array.hpp"
#include "cli/listed.hpp"
#include "cli/table.hpp"

namespace latchfile::cli {
namespace {

struct Options {
  std::string format = "table";
  std::optional<std::string> sandbox;
  std::vector<std::string> filters;
  std::optional<std::string> sort;
  bool quiet = false;
  bool all_hosts = false;
};

/// The options, understood.
struct Query {
  std::optional<Template> line;
  std::vector<Filter> filters;
  std::optional<Order> order;

  [[nodiscard]] bool asks_for(const Listed& entry) const {
    return std::ranges::all_of(filters, [&](const Filter& each) { return each.matches(entry); });
  }
};

Result<Query> understand(const Options& options) {
  Query query;
  if (options.format != "table" && options.format != "json") {
    auto line = Template::parse(options.format);
    if (!line) return std::unexpected(std::move(line.error()));
    query.line = std::move(*line);
  }
  for (const auto& text : options.filters) {
    auto filter = Filter::parse(text);
    if (!filter) return std::unexpected(std::move(filter.error()));
    query.filters.push_back(std::move(*filter));
  }
  if (options.sort) {
    auto order = Order::parse(*options.sort);
    if (!order) return std::unexpected(std::move(order.error()));
    query.order = std::move(*order);
  }
  return query;
}

/// What is listed: the store of the session, or those of all machines that are mirrored below it.
Result<std::vector<Source>> sources_of(Session& session, const Options& options) {
  if (!session.store.spans_machines()) {
    if (!options.all_hosts) return std::vector{Source{session.store}};
    return std::unexpected(
        Error{Errc::invalid_argument, 0,
              "--all-hosts is for the prefix in etcd that machines are mirrored to: give it by "
              "--root"});
  }
  if (options.all_hosts) return session.etcd.hosts_below();
  auto host = host_of(session);
  if (!host) return std::unexpected(std::move(host.error()));
  return std::vector{Source{session.store, std::move(*host)}};
}

/// Reads names only.
Result<int> print_ids(Session& session, const Options& options) {
  const auto ids =
      !options.sandbox ? session.store.list() : session.store.list_sandbox(*options.sandbox);
  if (!ids) return std::unexpected(ids.error());
  for (const auto& id : *ids)
    session.out.write(std::string(id.text()) + "\n");
  return exit_done;
}

/// Gives `show` one by one what `render` makes of each container that the options ask for. `render`
/// is called by several threads at once.
template <class Render, class Show>
Result<> for_each_listed(Session& session, const Options& options, const Query& query,
                         const Render& render, const Show& show) {
  if (options.sandbox) {
    // Only for its check of the name.
    if (auto named = session.store.list_sandbox(*options.sandbox); !named) {
      return std::unexpected(std::move(named.error()));
    }
  }
  // Documents are let go of as soon as what is shown was read from them, this many at a time.
  constexpr std::size_t window = 512;
  const auto sources = sources_of(session, options);
  if (!sources) return std::unexpected(sources.error());
  const oci::Observer observer(session.kernel, session.store);
  const MirroredHost* host = nullptr;
  std::vector<LoadedEntry> loaded;
  std::vector<Listed> to_sort;
  const auto show_all = [&](std::vector<Listed>& entries) {
    std::ranges::for_each(map_in_parallel(entries, render), show);
  };
  const auto take_loaded = [&] {
    auto read = map_in_parallel(loaded, [&](LoadedEntry& entry) -> std::optional<Listed> {
      auto shown = listed(observer, std::move(entry), host);
      if (!query.asks_for(shown)) return std::nullopt;
      return shown;
    });
    loaded.clear();
    std::vector<Listed> asked_for;
    for (auto& entry : read) {
      if (entry) (query.order ? to_sort : asked_for).push_back(std::move(*entry));
    }
    show_all(asked_for);
  };

  for (const auto& source : *sources) {
    host = source.host ? &*source.host : nullptr;
    auto done = source.store.load_all([&](LoadedEntry entry) {
      if (options.sandbox && entry.id.sandbox() != *options.sandbox) return;
      note_unreadable(session, entry);
      loaded.push_back(std::move(entry));
      if (loaded.size() == window) take_loaded();
    });
    if (!done) return done;
    take_loaded();
  }
  if (query.order) query.order->sort(to_sort);
  show_all(to_sort);
  return {};
}

Result<int> print_lines(Session& session, const Options& options, const Query& query) {
  const auto line_of = [&](const Listed& entry) {
    return (options.quiet ? std::string(entry.id.text()) : query.line->line_of(entry)) + "\n";
  };
  const auto done = for_each_listed(session, options, query, line_of,
                                    [&](const std::string& line) { session.out.write(line); });
  if (!done) return std::unexpected(done.error());
  return exit_done;
}

Result<int> print_json(Session& session, const Options& options, const Query& query) {
  JsonArray array(session.out);
  const auto done = for_each_listed(
      session, options, query, [](const Listed& entry) { return json_text(json_of(entry)); },
      [&](const std::string& element) { array.add_text(element); });
  if (!done) return std::unexpected(done.error());
  array.end();
  return exit_done;
}

Result<int> run(Session& session, const Options& options) {
  const auto query = understand(options);
  if (!query) return std::unexpected(query.error());
  if (options.quiet && query->filters.empty() && !query->order) return print_ids(session, options);
  if (options.quiet || query->line) return print_lines(session, options, *query);
  if (options.format == "json") return print_json(session, options, *query);
  std::vector<Row> rows;
  const auto row = [&](const Listed& entry) {
    auto fields = row_of(entry);
    if (options.all_hosts) {
      fields.insert(fields.begin(), entry.host->name);
      fields.push_back(last_contact_of(entry));
    }
    return fields;
  };
  const auto done = for_each_listed(session, options, *query, row,
                                    [&](Row& fields) { rows.push_back(std::move(fields)); });
  if (!done) return std::unexpected(done.error());
  Row header = {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"};
  if (options.all_hosts) {
    header.insert(header.begin(), "HOST");
    header.emplace_back("CONTACT");
  }
  print_table(session.out, header, rows);
  return exit_done;
}

}  // namespace

void add_list(Parser& parser, Action& action) {
  auto command = add_command<Options>(
      parser, "list", "Show all containers; an unreadable one is shown as such",
      "latchfile list --filter status=running --sort -created --format '{id} {pid}'");
  auto& options = *command.options;
  const auto format =
      command.parser
          .add_option(
              "-f,--format", options.format,
              "table, the default, or json, or a line such as '{id} {status}' for each; FIELD "
              "is id, pid, status, bundle, created, owner, sandbox, host or annotations.NAME")
          .called("FORMAT");
  command.parser
      .add_option("--filter", options.filters,
                  "Only containers whose field has this value; of several filters all must fit")
      .called("FIELD=VALUE")
      .one_value_at_a_time();
  command.parser
      .add_option("--sort", options.sort,
                  "In the order of this field, with - before it the other way round; default: id")
      .called("FIELD");
  command.parser.add_option("--sandbox", options.sandbox, "Only containers of this sandbox")
      .called("SID");
  const auto all_hosts =
      command.parser
          .add_flag("--all-hosts", options.all_hosts,
                    "All machines whose roots are mirrored below a root in etcd, with their names")
          .called(" ");
  command.parser
      .add_flag("-q,--quiet", options.quiet,
                "Only the ids, one a line; without --filter and --sort no document is read")
      .called(" ")
      .excludes(format)
      .excludes(all_hosts);
  on_parsed(command, action, run);
}

}  // namespace latchfile::cli
