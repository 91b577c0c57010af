// SPDX-License-Identifier: Apache-2.0
//
// latchfile watch [ID…] [-f table|json]
#include "cli/commands.hpp"

#include <array>
#include <unistd.h>

#include "cli/json_array.hpp"
#include "cli/listed.hpp"
#include "latchfile/watch.hpp"
#include "posix/process.hpp"

namespace latchfile::cli {
namespace {

/// What could not be read may be readable later, which no descriptor tells.
constexpr auto time_to_look_again = std::chrono::seconds(1);

struct Options {
  Arguments ids;
  std::string format = "table";
};

/// Columns that most ids fit: what is still to come cannot be looked at first.
std::string line_of(std::string_view event, const ContainerId& id, const Row& rest) {
  constexpr std::array<std::size_t, 3> widths = {11, 24, 10};
  std::string line(event);
  line.resize(widths[0], ' ');
  line += id.text();
  for (std::size_t at = widths[0] + widths[1]; const auto& field : rest) {
    line.resize(std::max(line.size() + 3, at), ' ');
    line += shown(field);
    at += widths[2];
  }
  return line;
}

class Telling {
 public:
  Telling(Session& session, const Options& options)
      : session_(session), as_json_(options.format == "json") {}

  void tell(const oci::Observer& observer, Event event) {
    const auto kind = to_string(event.kind);
    nlohmann::ordered_json json = {{"event", kind}};
    std::string line(kind);
    if (event.id && event.state) {
      readable_ = readable_ && event.state->has_value();
      LoadedEntry loaded{std::move(*event.id), std::move(*event.state)};
      note_unreadable(session_, loaded);
      const auto entry = listed(observer, std::move(loaded));
      const auto row = row_of(entry);
      line = line_of(kind, entry.id, {row[1], row[2]});
      json = json_of(entry, std::move(json));
    } else if (event.id) {
      line = line_of(kind, *event.id, {"", ""});
      json.update({{"id", event.id->container()}, {"sandbox", event.id->sandbox()}});
    }
    session_.out.write((as_json_ ? json_text(json) : line) + "\n");
  }

  /// False once something could not be read.
  [[nodiscard]] bool all_readable() const { return readable_; }

 private:
  Session& session_;
  bool as_json_;
  bool readable_ = true;
};

/// Until the watch has something to tell. Ends us once nobody is there to be told.
Result<> sleep(Session& session, const Watch& watch, bool for_ever) {
  std::array<pollfd, 2> polled = {{{watch.descriptor(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}}};
  const auto until =
      for_ever ? Kernel::Clock::time_point::max() : session.kernel.now() + time_to_look_again;
  const auto ready = retry_eintr([&] { return session.kernel.poll(polled, until); });
  if (!ready) return std::unexpected(Error{Errc::io, ready.error().value, "wait for changes"});
  if (polled[1].revents != 0) end_by_broken_pipe();
  return {};
}

Result<Watch> begin(const Session& session, const Options& options) {
  if (options.ids.empty()) return session.store.watch();
  std::vector<ContainerId> ids;
  for (const auto& text : options.ids) {
    auto id = ContainerId::parse(text);
    if (!id) return std::unexpected(std::move(id.error()));
    ids.push_back(std::move(*id));
  }
  return session.store.watch(std::move(ids));
}

Result<int> run(Session& session, const Options& options) {
  if (const auto host = host_of(session); !host) return std::unexpected(host.error());
  auto watch = begin(session, options);
  if (!watch) return std::unexpected(std::move(watch.error()));
  Telling telling(session, options);
  for (;;) {
    auto events = watch->next(Wait::never());
    if (!events) return std::unexpected(std::move(events.error()));
    const oci::Observer observer(session.kernel, session.store);
    for (auto& event : *events)
      telling.tell(observer, std::move(event));
    session.notes.flush_or_drop();
    if (auto written = session.out.flush(); !written) {
      return std::unexpected(std::move(written.error()));
    }
    if (!events->empty()) continue;
    if (auto slept = sleep(session, *watch, telling.all_readable()); !slept) {
      return std::unexpected(std::move(slept.error()));
    }
  }
}

}  // namespace

void add_watch(Parser& parser, Action& action) {
  auto command =
      add_command<Options>(parser, "watch", "Print what is there, then every change, a line each",
                           "latchfile watch -f json | jq --unbuffered 'select(.event == "
                           "\"deleted\")'");
  command.parser
      .add_option("ID", command.options->ids,
                  "Only these, web or pod1/web, which need not be there yet; without any, all")
      .called("...");
  add_format(command.parser, command.options->format);
  on_parsed(command, action, run);
}

}  // namespace latchfile::cli
