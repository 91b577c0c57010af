// SPDX-License-Identifier: Apache-2.0
//
// latchfile list [-q] [-f table|json] [--sandbox SID]
#include "cli/commands.hpp"

#include "cli/errors.hpp"
#include "cli/json_array.hpp"
#include "cli/table.hpp"
#include "oci/liveness.hpp"
#include "oci/summary.hpp"

namespace latchfile::cli {
namespace {

struct Options {
  std::string format = "table";
  std::optional<std::string> sandbox;
  bool quiet = false;
};

/// What list shows of one entry. Of one that cannot be read, the status says why.
struct Listed {
  ContainerId id;
  oci::Summary summary;
  std::string error;
};

Listed listed(Session& session, const oci::Observer& observer, LoadedEntry entry) {
  if (!entry.state) {
    session.notes.write(error_line(session.program, entry.state.error()));
    oci::Summary unreadable;
    unreadable.status = to_string(entry.state.error().code);
    return {std::move(entry.id), std::move(unreadable), entry.state.error().message()};
  }
  auto summary = oci::summarize(entry.state->document);
  summary.status = status_of(observer, summary);
  return {std::move(entry.id), std::move(summary), {}};
}

pid_t pid_of(const oci::Summary& summary) { return summary.process ? summary.process->pid() : 0; }

Row row_of(const Listed& entry) {
  const auto& summary = entry.summary;
  return {std::string(entry.id.text()),
          std::to_string(pid_of(summary)),
          summary.status,
          summary.bundle,
          summary.created,
          summary.owner};
}

nlohmann::ordered_json json_of(const Listed& entry) {
  const auto& summary = entry.summary;
  nlohmann::ordered_json json = {{"ociVersion", summary.oci_version}, {"id", entry.id.container()},
                                 {"sandbox", entry.id.sandbox()},     {"pid", pid_of(summary)},
                                 {"status", summary.status},          {"bundle", summary.bundle},
                                 {"created", summary.created},        {"owner", summary.owner}};
  auto& annotations = json["annotations"] = nlohmann::ordered_json::object();
  for (const auto& [key, value] : summary.annotations)
    annotations[key] = value;
  if (!entry.error.empty()) json["error"] = entry.error;
  return json;
}

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
Result<> for_each_listed(Session& session, const Options& options, Show show) {
  if (options.sandbox) {
    // Only for its check of the name.
    if (auto named = session.store.list_sandbox(*options.sandbox); !named) {
      return std::unexpected(std::move(named.error()));
    }
  }
  const oci::Observer observer(session.kernel);
  return session.store.load_all([&](LoadedEntry entry) {
    if (!options.sandbox || entry.id.sandbox() == *options.sandbox) {
      show(listed(session, observer, std::move(entry)));
    }
  });
}

Result<int> run(Session& session, const Options& options) {
  if (options.quiet) return print_ids(session, options);
  if (options.format == "json") {
    JsonArray array(session.out);
    auto done =
        for_each_listed(session, options, [&](const Listed& entry) { array.add(json_of(entry)); });
    if (!done) return std::unexpected(std::move(done.error()));
    array.end();
    return exit_done;
  }
  std::vector<Row> rows;
  auto done = for_each_listed(session, options,
                              [&](const Listed& entry) { rows.push_back(row_of(entry)); });
  if (!done) return std::unexpected(std::move(done.error()));
  print_table(session.out, {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}, rows);
  return exit_done;
}

}  // namespace

void add_list(CLI::App& app, Action& action) {
  const auto command =
      add_command<Options>(app, "list", "Show all containers; an unreadable one is shown as such",
                           "latchfile list -f json --sandbox pod1");
  add_format(*command.parser, command.options->format);
  command.parser
      ->add_option("--sandbox", command.options->sandbox, "Only containers of this sandbox")
      ->option_text("SID");
  command.parser
      ->add_flag("-q,--quiet", command.options->quiet,
                 "Only the ids, one a line, without reading any document")
      ->option_text(" ")
      ->excludes("--format");
  on_parsed(command, action, run);
}

}  // namespace latchfile::cli
