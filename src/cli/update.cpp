// SPDX-License-Identifier: Apache-2.0
//
// latchfile update ID --merge JSON | --patch JSON | -- CMD…
#include "cli/commands.hpp"

#include "base/quote.hpp"
#include "latchfile/edit.hpp"
#include "posix/process.hpp"

namespace latchfile::cli {
namespace {

struct Options {
  std::string id;
  std::optional<std::string> merge;
  std::optional<std::string> patch;
  WaitOptions wait;
};

/// What CMD makes of the document.
Result<Document> filter(Kernel& kernel, const std::vector<std::string>& command,
                        const Document& current) {
  const auto name = in_quotes(command.front());
  auto filtered = run_filter(kernel, command, current.bytes(), Document::max_bytes);
  if (!filtered) return std::unexpected(Error{Errc::io, filtered.error().value, "run " + name});
  if (filtered->output.size() > Document::max_bytes) {
    return std::unexpected(Error{Errc::too_large, 0,
                                 name + " wrote more than the " +
                                     std::to_string(Document::max_bytes) +
                                     " bytes that a document may have"});
  }
  if (filtered->exit_code != 0) {
    return std::unexpected(Error{Errc::io, 0,
                                 name + " ended with exit code " +
                                     std::to_string(filtered->exit_code) +
                                     ", so nothing was saved"});
  }
  auto document = Document::parse(std::move(filtered->output));
  if (!document)
    document.error().context = "what " + name + " wrote is " + document.error().context;
  return document;
}

Result<Document> changed(Session& session, const Options& options, const Document& current) {
  if (options.merge) return merge_patch(current, *options.merge);
  if (options.patch) return json_patch(current, *options.patch);
  return filter(session.kernel, session.command, current);
}

Result<int> run(Session& session, const Options& options) {
  const int changes = int{options.merge.has_value()} + int{options.patch.has_value()} +
                      int{!session.command.empty()};
  if (changes != 1) {
    return std::unexpected(Error{Errc::invalid_argument, 0,
                                 "say what to change with exactly one of --merge JSON, --patch "
                                 "JSON and -- CMD"});
  }
  const auto id = session.store.resolve(options.id);
  if (!id) return std::unexpected(id.error());
  auto state = take_lock(session, options.wait.wait(),
                         [&](Wait wait) { return session.store.lock(*id, wait); });
  if (!state) return std::unexpected(std::move(state.error()));
  auto document = changed(session, options, state->current().document);
  if (!document) {
    document.error().context =
        "update " + std::string(id->text()) + ": " + document.error().context;
    return std::unexpected(std::move(document.error()));
  }
  if (auto saved = state->save(std::move(*document)); !saved) {
    return std::unexpected(std::move(saved.error()));
  }
  return exit_done;
}

}  // namespace

void add_update(Parser& parser, Action& action) {
  auto command = add_command<Options>(
      parser, "update", "Read, change and save a document under one lock",
      "latchfile update web --merge '{\"status\":\"stopped\",\"pid\":null}'\n"
      "  latchfile update web --patch '[{\"op\":\"replace\",\"path\":\"/pid\",\"value\":7}]'\n"
      "  latchfile update web -- jq '.restarts += 1'");
  add_id(command.parser, command.options->id, true);
  command.parser
      .add_option("--merge", command.options->merge,
                  "A JSON Merge Patch (RFC 7396): members that are null are removed")
      .called("JSON");
  command.parser
      .add_option("--patch", command.options->patch,
                  "A JSON Patch (RFC 6902): all of its operations apply, or none")
      .called("JSON");
  add_command_arguments(command.parser,
                        "a filter from the old document to the new; if it fails nothing is saved");
  add_wait_options(command.parser, command.options->wait);
  on_parsed(command, action, run);
}

}  // namespace latchfile::cli
