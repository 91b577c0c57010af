// SPDX-License-Identifier: Apache-2.0
//
// latchfile list [-q] [-f table|json|TEMPLATE] [--filter KEY=VALUE]… [--sort FIELD] [--sandbox SID]
#include "cli/commands.hpp"

#include <algorithm>

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

/// Reads names only.
Result<int> print_ids(Session& session, const Options& options) {
  const auto ids =
      !options.sandbox ? session.store.list() : session.store.list_sandbox(*options.sandbox);
  if (!ids) return std::unexpected(ids.error());
  for (const auto& id : *ids)
    session.out.write(std::string(id.text()) + "\n");
  return exit_done;
}

/// Calls `show(entry)` for each container that the options ask for.
template <class Show>
Result<> for_each_listed(Session& session, const Options& options, const Query& query, Show show) {
  if (options.sandbox) {
    // Only for its check of the name.
    if (auto named = session.store.list_sandbox(*options.sandbox); !named) {
      return std::unexpected(std::move(named.error()));
    }
  }
  const oci::Observer observer(session.kernel);
  std::vector<Listed> to_sort;
  auto done = session.store.load_all([&](LoadedEntry loaded) {
    if (options.sandbox && loaded.id.sandbox() != *options.sandbox) return;
    auto entry = listed(session, observer, std::move(loaded));
    if (!query.asks_for(entry)) return;
    if (query.order) {
      to_sort.push_back(std::move(entry));
    } else {
      show(entry);
    }
  });
  if (!done) return done;
  if (query.order) query.order->sort(to_sort);
  std::ranges::for_each(to_sort, show);
  return {};
}

Result<int> print_lines(Session& session, const Options& options, const Query& query) {
  const auto done = for_each_listed(session, options, query, [&](const Listed& entry) {
    session.out.write((options.quiet ? std::string(entry.id.text()) : query.line->line_of(entry)) +
                      "\n");
  });
  if (!done) return std::unexpected(done.error());
  return exit_done;
}

Result<int> print_json(Session& session, const Options& options, const Query& query) {
  JsonArray array(session.out);
  const auto done = for_each_listed(session, options, query,
                                    [&](const Listed& entry) { array.add(json_of(entry)); });
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
  const auto done = for_each_listed(session, options, *query,
                                    [&](const Listed& entry) { rows.push_back(row_of(entry)); });
  if (!done) return std::unexpected(done.error());
  print_table(session.out, {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}, rows);
  return exit_done;
}

}  // namespace

void add_list(CLI::App& app, Action& action) {
  const auto command = add_command<Options>(
      app, "list", "Show all containers; an unreadable one is shown as such",
      "latchfile list --filter status=running --sort -created --format '{id} {pid}'");
  auto& options = *command.options;
  command.parser
      ->add_option("-f,--format", options.format,
                   "table, the default, or json, or a line such as '{id} {status}' for each; FIELD "
                   "is id, pid, status, bundle, created, owner, sandbox or annotations.NAME")
      ->option_text("FORMAT");
  command.parser
      ->add_option("--filter", options.filters,
                   "Only containers whose field has this value; of several filters all must fit")
      ->option_text("FIELD=VALUE")
      ->allow_extra_args(false);
  command.parser
      ->add_option("--sort", options.sort,
                   "In the order of this field, with - before it the other way round; default: id")
      ->option_text("FIELD");
  command.parser->add_option("--sandbox", options.sandbox, "Only containers of this sandbox")
      ->option_text("SID");
  command.parser
      ->add_flag("-q,--quiet", options.quiet,
                 "Only the ids, one a line; without --filter and --sort no document is read")
      ->option_text(" ")
      ->excludes("--format");
  on_parsed(command, action, run);
}

}  // namespace latchfile::cli
