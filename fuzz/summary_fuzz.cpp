// SPDX-License-Identifier: Apache-2.0
//
// Summaries: whatever the members of a document are, a summary of it exists, and what it says is
// what another parser reads there.
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "base/timestamp.hpp"
#include "fuzz/require.hpp"
#include "fuzz/targets.hpp"
#include "oci/summary.hpp"

namespace latchfile::fuzz {
namespace {

using Json = nlohmann::json;

/// The members of the outermost object, if none is there twice: readers differ in which they see.
Json members_once(const std::string& text) {
  std::map<std::string, int> seen;
  bool twice = false;
  const auto count = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth == 1 && event == Json::parse_event_t::key) {
      twice = twice || ++seen[parsed.get<std::string>()] > 1;
    }
    return true;
  };
  auto json = Json::parse(text, count, false);
  return twice ? Json(Json::value_t::discarded) : json;
}

std::string string_at(const Json& json, const char* member) {
  const auto found = json.find(member);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void check_against(const Json& json, const oci::Summary& summary) {
  const bool numbered =
      json.contains("bundleDir") && json.contains("status") && json["status"].is_number_unsigned();
  if (!numbered) {
    require(summary.status == string_at(json, "status"), "the status is the one written");
  }
  require(summary.owner == string_at(json, "owner"), "the owner is the one written");
  if (!json.contains("sandbox") && !json.contains("init_process_pid")) {
    const auto pid = json.find("pid");
    const bool is_pid = pid != json.end() && pid->is_number_integer();
    if (!is_pid) require(!summary.process, "only an integer is a pid");
    if (summary.process) require(*pid == summary.process->pid(), "the pid is the one written");
  }
}

}  // namespace

void summary(std::string_view input) {
  const auto document = Document::parse(std::string(input));
  if (!document) return;
  const auto summary = oci::summarize(*document);
  require(!summary.process || summary.process->pid() > 0, "a pid is positive");
  if (const auto created = parse_timestamp(summary.created)) {
    const auto rest = created->rest;
    require(rest.count() >= 0 && rest < std::chrono::seconds(1), "less than a second is left over");
  }
  // A number that fits no double makes nlohmann give up.
  const auto json = members_once(document->bytes());
  if (!json.is_discarded()) check_against(json, summary);
}

}  // namespace latchfile::fuzz
