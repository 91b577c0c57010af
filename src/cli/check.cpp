// SPDX-License-Identifier: Apache-2.0
//
// latchfile check [--repair] [--timeout SECONDS] [-f table|json]
//
// The store knows whether its files are as they should be; what their documents say of containers
// and processes is looked at here.
#include "latchfile/check.hpp"

#include <algorithm>
#include <tuple>

#include "cli/commands.hpp"
#include "cli/json_array.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"
#include "local/names.hpp"
#include "oci/liveness.hpp"
#include "oci/named_id.hpp"
#include "oci/summary.hpp"

namespace latchfile::cli {
namespace {

constexpr int exit_wrong = 7;

struct Options {
  std::string format = "table";
  bool repair = false;
  WaitOptions wait{.timeout_seconds = 1};
};

/// One line of the answer: a Finding of the store, or one about a document.
struct Found {
  std::string name;
  ContainerId id;
  std::string kind;
  std::string detail;
  std::optional<Result<std::string>> repair;
  bool open;

  static Found of(Finding finding) {
    const bool open = finding.is_open();
    return {
        std::move(finding.name),   std::move(finding.id),     std::string(to_string(finding.kind)),
        std::move(finding.detail), std::move(finding.repair), open};
  }
  /// About what is written in the state of `id`.
  static Found of_document(const ContainerId& id, std::string kind, std::string detail) {
    return {names::state(id), id, std::move(kind), std::move(detail), {}, true};
  }
};

/// A status that needs a process, in whatever form of document, when that is gone.
bool is_dead(const oci::Observer& observer, const oci::Summary& summary) {
  return !summary.status.empty() && summary.status != "stopped" &&
         oci::status_of(observer, summary) == "stopped";
}

void examine(const oci::Observer& observer, const LoadedEntry& entry, std::vector<Found>& into) {
  if (!entry.state) return;  // the store has reported it
  const auto& document = entry.state->document;
  const auto id = std::string(entry.id.text());
  if (const auto other = oci::other_container(document, entry.id)) {
    into.push_back(Found::of_document(entry.id, "other_id",
                                      "the document of " + id + " is that of a container called " +
                                          *other + ": its file was copied or renamed"));
  }
  const auto summary = oci::summarize(document);
  if (is_dead(observer, summary)) {
    into.push_back(Found::of_document(
        entry.id, "dead",
        id + " is " + summary.status + ", but its process " +
            std::to_string(summary.process ? summary.process->pid() : 0) + " is gone"));
  }
}

/// Writes down that a container is stopped.
void settle(const Store& store, Wait wait, Found& found) {
  const auto settled = oci::settle(store, found.id, wait);
  if (!settled) {
    found.repair = std::unexpected(settled.error());
    found.open = settled.error().code != Errc::not_found;
    return;
  }
  const bool stopped = settled->process() == nullptr;
  found.repair = stopped ? "wrote stopped" : "nothing is left to do: it was started anew";
  found.open = false;
}

Result<std::vector<Found>> find(Session& session, const Options& options) {
  Progress progress(session.notes);
  const auto wait = options.wait.wait();
  auto report = session.store.check(
      {.repair = options.repair, .wait = wait, .progress = [&](std::size_t done, std::size_t of) {
         progress.show(done, of);
       }});
  if (!report) return std::unexpected(std::move(report.error()));
  std::vector<Found> all;
  for (auto& finding : report->findings)
    all.push_back(Found::of(std::move(finding)));

  const oci::Observer observer(session.kernel);
  auto visited =
      session.store.load_all([&](const LoadedEntry& entry) { examine(observer, entry, all); });
  if (!visited) return std::unexpected(std::move(visited.error()));
  if (options.repair) {
    for (auto& found : all)
      if (found.kind == "dead") settle(session.store, wait, found);
  }
  std::ranges::sort(all, {}, [](const Found& found) {
    return std::tuple(found.id.text(), std::string_view(found.name), std::string_view(found.kind));
  });
  return all;
}

std::string repair_of(const Found& found) {
  if (!found.repair) return {};
  return *found.repair ? **found.repair : "failed: " + found.repair->error().message();
}

nlohmann::ordered_json json_of(const Found& found) {
  nlohmann::ordered_json json = {{"id", found.id.text()},
                                 {"entry", found.name},
                                 {"finding", found.kind},
                                 {"wrong", found.open},
                                 {"detail", found.detail}};
  if (found.repair) json["repair"] = repair_of(found);
  return json;
}

Result<int> run(Session& session, const Options& options) {
  const auto all = find(session, options);
  if (!all) return std::unexpected(all.error());
  if (options.format == "json") {
    JsonArray array(session.out);
    for (const auto& found : *all)
      array.add(json_of(found));
    array.end();
  } else {
    std::vector<Row> rows;
    for (const auto& found : *all)
      rows.push_back({std::string(found.id.text()), found.kind, repair_of(found), found.detail});
    print_table(session.out, {"ID", "FINDING", "REPAIR", "DETAIL"}, rows);
  }
  return std::ranges::any_of(*all, &Found::open) ? exit_wrong : exit_done;
}

}  // namespace

void add_check(Parser& parser, Action& action) {
  auto command =
      add_command<Options>(parser, "check", "Examine every entry; exit code 7 if anything is wrong",
                           "latchfile check --repair -f json");
  const auto repair =
      command.parser
          .add_flag("--repair", command.options->repair,
                    "Remove what killed processes left, move corrupt states aside, and "
                    "write down who is stopped")
          .called(" ");
  add_timeout(command.parser, command.options->wait.timeout_seconds,
              "Wait at most that long for each lock that a repair takes; default: 1")
      .needs(repair);
  add_format(command.parser, command.options->format);
  on_parsed(command, action, run);
}

}  // namespace latchfile::cli
