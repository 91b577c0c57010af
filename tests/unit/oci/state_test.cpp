// SPDX-License-Identifier: Apache-2.0
//
// OCI states: what is read as one, which steps there are, and that everything else stays.
#include <algorithm>
#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include <nlohmann/json.hpp>

#include "latchfile/oci.hpp"

namespace latchfile::test {
namespace {

using nlohmann::json;
using oci::Process;
using oci::State;
using testing::HasSubstr;

Document document(const std::string& text) { return Document::parse(text).value(); }

/// A state of this status whose member pid is `pid`, left out if that is empty.
Document state_with(const std::string& status, const std::string& pid) {
  return document(R"({"ociVersion":"1.0.2","id":"web","status":")" + status + '"' +
                  (pid.empty() ? "" : ",\"pid\":" + pid) + R"(,"bundle":"/b"})");
}

const Process process = Process::recorded(4711, 192717, "8f5c-boot", 4026531836).value();

State state_of(const std::string& status) {
  const bool has_pid = status != "creating" && status != "stopped";
  return State::parse(state_with(status, has_pid ? "42" : "")).value();
}

/// The rules of the schema of the runtime specification, and of its text about the pid.
std::string schema_fault(const json& state) {
  for (const auto* name : {"ociVersion", "id", "status", "bundle"}) {
    if (!state.contains(name)) return std::string(name) + " is required";
    if (!state[name].is_string()) return std::string(name) + " must be a string";
  }
  const std::array statuses = {"creating", "created", "running", "paused", "stopped"};
  if (std::ranges::find(statuses, state["status"]) == statuses.end()) return "status";
  const bool needs_pid = state["status"] == "created" || state["status"] == "running";
  if (needs_pid && !state.contains("pid")) return "pid is required";
  if (state.contains("pid") && !(state["pid"].is_number_integer() && state["pid"] >= 0)) {
    return "pid must be an integer, 0 at least";
  }
  const auto annotations = state.value("annotations", json::object());
  for (const auto& [key, value] : annotations.items()) {
    if (key.empty() || !value.is_string()) return "annotations must be strings";
  }
  return {};
}

TEST(State, OfTheSpecificationsOwnMembers) {
  const auto text = document(R"({"ociVersion":"1.0.2-dev","id":"web","status":"running","pid":42,
      "bundle":"/b","annotations":{"k":"v","a":""}})");
  const auto state = State::parse(text).value();
  EXPECT_EQ(state.oci_version(), "1.0.2-dev");
  EXPECT_EQ(state.id(), "web");
  EXPECT_EQ(state.bundle(), "/b");
  EXPECT_EQ(state.annotations(), (oci::Annotations{{"k", "v"}, {"a", ""}}));
  EXPECT_TRUE(std::holds_alternative<oci::Running>(state.status()));
  EXPECT_EQ(*state.process(), Process::recorded(42).value());
  EXPECT_EQ(state.document(), text) << "byte for byte";
}

/// crun writes 0 and runsc -1 where there is no process.
TEST(State, OfWhatHooksAreGiven) {
  for (const std::string pid : {"", "0", "-1"}) {
    EXPECT_EQ(State::parse(state_with("stopped", pid)).value().process(), nullptr) << pid;
    EXPECT_EQ(State::parse(state_with("creating", pid)).value().process(), nullptr) << pid;
  }
  EXPECT_EQ(State::parse(state_with("creating", "27628")).value().process()->pid(), 27628);
  EXPECT_EQ(State::parse(state_with("created", "1")).value().process()->pid(), 1);
  EXPECT_EQ(State::parse(state_with("stopped", "27628")).value().process(), nullptr);
}

TEST(State, APidThatCannotBeOneIsAnErrorThatShowsIt) {
  for (const std::string status : {"creating", "created", "running", "paused", "stopped"}) {
    for (const std::string pid :
         {"2147483648", "4294967338", "-2", "-2147483648", "1.5", "42.0", "1e1", "\"12\"", "null",
          "true", "[1]", "{}", "18446744073709551658", "123456789012345678901234", "1e400"}) {
      const auto state = State::parse(state_with(status, pid));
      ASSERT_FALSE(state) << status << pid;
      EXPECT_EQ(state.error().code, Errc::invalid_argument);
      EXPECT_THAT(state.error().context, HasSubstr("pid is " + pid.substr(0, 1)));
      EXPECT_THAT(state.error().context, HasSubstr("a whole number from 1 to 2147483647"));
    }
  }
  EXPECT_EQ(State::parse(state_with("running", "2147483647")).value().process()->pid(), 2147483647);
}

TEST(State, WithoutTheProcessThatItsStatusNeedsIsNone) {
  for (const std::string status : {"created", "running", "paused"}) {
    for (const std::string pid : {"", "0", "-1"}) {
      const auto state = State::parse(state_with(status, pid));
      ASSERT_FALSE(state) << status << pid;
      EXPECT_EQ(state.error().message(), "not an OCI state: it is " + status + " and has no pid");
    }
  }
}

TEST(State, NeedsEachOfItsMembersOnceAndAsAString) {
  const json whole = json::parse(state_with("creating", "").bytes());
  for (const std::string name : {"ociVersion", "id", "status", "bundle"}) {
    auto without = whole;
    without.erase(name);
    EXPECT_EQ(State::parse(document(without.dump())).error().context,
              "not an OCI state: it has no " + name);
    auto other = whole;
    other[name] = 7;
    EXPECT_EQ(State::parse(document(other.dump())).error().context,
              "not an OCI state: " + name + " is no string");
    auto twice = whole.dump();
    twice.insert(1, "\"" + name + "\":\"other\",");
    EXPECT_EQ(State::parse(document(twice)).error().context,
              "not an OCI state: " + name + " is there twice");
  }
}

TEST(State, RefusesOtherShapes) {
  const std::pair<std::string, std::string> cases[] = {
      {R"("status":"frozen","pid":1)", "status is 'frozen'"},
      {R"("status":"","pid":1)", "status is ''"},
      {R"("status":"running","pid":1,"pid":2)", "pid is there twice"},
      {R"("status":"stopped","annotations":{"a":1})", "annotation 'a' is no string"},
      {R"("status":"stopped","annotations":null)", "annotations is no object"},
      {R"("status":"running","sandbox":{"pid":3})", "has no pid"},
      {R"("status":"running","pid":1,"org.latchfile.process":{"pid":1,"startTime":-1})",
       "org.latchfile.process.startTime is -1"},
      {R"("status":"running","pid":1,"org.latchfile.process":[])", "org.latchfile.process is ["},
  };
  for (const auto& [members, why] : cases) {
    const auto state = State::parse(
        document(R"({"ociVersion":"1.0.2","id":"web","bundle":"/b",)" + members + "}"));
    ASSERT_FALSE(state) << members;
    EXPECT_EQ(state.error().code, Errc::invalid_argument);
    EXPECT_THAT(state.error().context, HasSubstr(why));
  }
}

TEST(State, TakesAnIdentityOnlyForThePidItWasNotedFor) {
  const auto with_identity_of = [](const std::string& pid) {
    return State::parse(document(R"({"org.latchfile.process":{"pid":)" + pid +
                                 R"(,"startTime":7,"bootId":"b","pidNamespace":9},"bundle":"/b",
        "ociVersion":"1.0.2","id":"web","status":"running","pid":42})"))
        .value();
  };
  EXPECT_EQ(*with_identity_of("42").process(), Process::recorded(42, 7, "b", 9).value());
  EXPECT_EQ(*with_identity_of("41").process(), Process::recorded(42).value())
      << "somebody changed the pid and knew nothing of the start time";
}

class Steps : public testing::Test {
 protected:
  static constexpr std::array names = {"creating", "created", "running", "paused", "stopped"};
  static Result<State> step(const State& from, const std::string& to) {
    if (to == "creating") return from.with_process(process);
    if (to == "created") return from.to_created(process);
    if (to == "running") return from.to_running();
    if (to == "paused") return from.to_paused();
    return from.to_stopped();
  }
};

TEST_F(Steps, AreThoseOfThePictureAndNoOthers) {
  const std::map<std::string, std::vector<std::string>> picture = {
      {"creating", {"creating", "created", "stopped"}},
      {"created", {"running", "stopped"}},
      {"running", {"paused", "stopped"}},
      {"paused", {"running", "stopped"}},
      {"stopped", {}}};
  const std::map<std::string, std::string> may_follow = {{"creating", "only created or stopped"},
                                                         {"created", "only running or stopped"},
                                                         {"running", "only paused or stopped"},
                                                         {"paused", "only running or stopped"},
                                                         {"stopped", "nor anything else"}};
  for (const std::string from : names) {
    for (const std::string to : names) {
      SCOPED_TRACE(from + " to " + to);
      const auto next = step(state_of(from), to);
      const auto& allowed = picture.at(from);
      if (std::ranges::find(allowed, to) != allowed.end()) {
        ASSERT_TRUE(next) << next.error().message();
        EXPECT_EQ(oci::to_string(next->status()), to);
        EXPECT_EQ(schema_fault(json::parse(next->document().bytes())), "");
      } else {
        ASSERT_FALSE(next);
        EXPECT_EQ(next.error().code, Errc::invalid_argument);
        EXPECT_EQ(next.error().context, "container web is " + from + " and cannot become " + to +
                                            ", " + may_follow.at(from));
      }
    }
  }
}

TEST_F(Steps, OfALifeCarryTheProcessAndForgetItAtTheEnd) {
  auto state = State::creating({.id = "web", .bundle = "/b"}).value();
  EXPECT_EQ(state.document().bytes(),
            R"({"ociVersion":"1.0.2","id":"web","status":"creating","bundle":"/b"})");
  state = state.to_created(process).value();
  EXPECT_EQ(state.document().bytes(),
            R"({"ociVersion":"1.0.2","id":"web","status":"created","bundle":"/b","pid":4711,)"
            R"("org.latchfile.process":{"pid":4711,"startTime":192717,"bootId":"8f5c-boot",)"
            R"("pidNamespace":4026531836}})");
  state = state.to_running().value().to_paused().value();
  EXPECT_EQ(*state.process(), process);
  state = state.to_stopped().value();
  EXPECT_EQ(state.document().bytes(),
            R"({"ociVersion":"1.0.2","id":"web","status":"stopped","bundle":"/b"})");
}

TEST_F(Steps, LeaveWhatTheyAreNotAbout) {
  const auto before = document(
      R"({"x":1.50,"ociVersion":"1.0.2","big":123456789012345678901234,"id":"web","pid":42,)"
      R"("status":"running","annotations":{"b":"2","a":"1"},"process-start-time":7e0,)"
      R"("nested":{"n":[1E+2,null,-0.0]},"bundle":"/b"})");
  EXPECT_EQ(State::parse(before).error().code, Errc::invalid_argument) << "7e0 is no start time";
  auto text = before.bytes();
  text.replace(text.find("7e0"), 3, "7");
  const auto paused = State::parse(document(text)).value().to_paused().value();
  text.replace(text.find("running"), 7, "paused");
  EXPECT_EQ(paused.document().bytes(), text);
}

TEST_F(Steps, ReplaceAllThatWasKnownOfAnEarlierProcess) {
  const auto first = State::creating({.id = "web", .bundle = "/b"}, process).value();
  const auto second = first.to_created(Process::recorded(42).value()).value();
  EXPECT_EQ(*second.process(), Process::recorded(42).value());
  EXPECT_EQ(json::parse(second.document().bytes())["org.latchfile.process"],
            json::parse(R"({"pid":42})"));

  // What crun's member says belongs to the process that crun had.
  const auto of_crun = document(R"({"ociVersion":"1.0.2","id":"web","bundle":"/b",
      "status":"creating","pid":41,"process-start-time":7})");
  const auto created = State::parse(of_crun).value().to_created(Process::recorded(42).value());
  EXPECT_EQ(*created->process(), Process::recorded(42).value());
}

TEST(NewState, HasWhatTheSchemaAsksFor) {
  const auto state = State::creating(
      {.id = "web", .bundle = "/b", .oci_version = "1.2.0", .annotations = {{"b", "1"}, {"a", ""}}},
      process);
  ASSERT_TRUE(state) << state.error().message();
  const auto written = json::parse(state->document().bytes());
  EXPECT_EQ(schema_fault(written), "");
  EXPECT_EQ(written["pid"], 4711);
  EXPECT_EQ(state->annotations(), (oci::Annotations{{"b", "1"}, {"a", ""}}));
  EXPECT_EQ(*state->process(), process);
}

TEST(NewState, RefusesWhatNobodyCouldRead) {
  const oci::Container containers[] = {
      {.id = "", .bundle = "/b"},
      {.id = "web", .bundle = ""},
      {.id = "web", .bundle = "b"},
      {.id = "web", .bundle = "/b", .oci_version = ""},
      {.id = "\xff", .bundle = "/b"},
      {.id = "web", .bundle = "/b", .annotations = {{"a", "1"}, {"a", "2"}}},
      {.id = "web", .bundle = "/b", .annotations = {{"a", "\xff"}}},
  };
  for (const auto& container : containers) {
    const auto state = State::creating(container);
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code, Errc::invalid_argument) << state.error().context;
  }
}

}  // namespace
}  // namespace latchfile::test
