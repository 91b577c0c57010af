// SPDX-License-Identifier: Apache-2.0
//
// latchfile mirror, and what other machines see of it.
#include <array>
#include <csignal>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/etcd_mirror.hpp"

namespace latchfile::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::MatchesRegex;

constexpr auto running = R"({"status":"running","pid":4194305,"owner":"jo"})";

class Mirror : public MirrorCli {};

TEST_F(Mirror, PublishesWhatIsThereAndEachChange) {
  create("web", running);
  create("pod1/db", R"({"status":"created","x":1.50})");
  EXPECT_THAT(on("a", {"create", "gone"}, "{}"), succeeds()) << "left by a mirror before";
  EXPECT_THAT(on("a", {"create", "web"}, running), succeeds()) << "just as it is";
  const auto before = on("a", {"state", "web", "--print-version"}).out;
  const auto child = mirror("a");
  ASSERT_TRUE(is_published());
  EXPECT_THAT(on("a", {"list", "-q"}), prints("pod1/db\nweb\n"));
  EXPECT_THAT(on("a", {"state", "db"}), prints(R"({"status":"created","x":1.50})"));
  EXPECT_EQ(on("a", {"state", "web", "--print-version"}).out, before);
  EXPECT_EQ(server.keys("/hosts/a/m"), both_keys);

  local({"update", "web", "--merge", R"({"status":"paused"})"});
  EXPECT_TRUE(comes_to_show("a", "pod1/db created\nweb paused\n"));
  local({"delete", "pod1/db"});
  EXPECT_TRUE(comes_to_show("a", "web paused\n"));
  create("new", R"({"status":"stopped"})");
  EXPECT_TRUE(comes_to_show("a", "new stopped\nweb paused\n"));
}

TEST_F(Mirror, OfNoRootSaysSo) {
  auto child = mirror("a");
  EXPECT_TRUE(comes_to_say(notes, "there is no " + root + " yet, and nothing is published at "));
  EXPECT_TRUE(is_published());
}

TEST_F(Mirror, OfManyIsWhole) {
  constexpr int count = 700;
  std::filesystem::create_directory(root);
  for (int i = 0; i < count; ++i)
    write_text(path_of("c" + std::to_string(i) + ".state"), "{\"n\":" + std::to_string(i) + "}");
  const auto child = mirror("a");
  ASSERT_TRUE(is_published());
  EXPECT_EQ(server.keys("/hosts/a/c").size(), count);
  EXPECT_THAT(on("a", {"state", "c699"}), prints("{\"n\":699}"));
}

TEST_F(Mirror, KeepsWhatCannotBeReadAsItWasAndGoesOn) {
  create("web", running);
  const auto child = mirror("a");
  ASSERT_TRUE(is_published());
  write_text(path_of("web.state"), "{");
  EXPECT_TRUE(comes_to_say(notes, "web.state is corrupt"));
  create("new", R"({"status":"stopped"})");
  EXPECT_TRUE(comes_to_show("a", "new stopped\nweb running\n"));
  EXPECT_EQ(latchfile({"check", "--repair"}).exit_code, 0);
  EXPECT_TRUE(comes_to_show("a", "new stopped\n"));
}

TEST_F(Mirror, CatchesUpWhenEtcdComesBackAndIsCompacted) {
  create("web", running);
  create("old", running);
  const auto child = mirror("a", {"--command-timeout", "0.3"});
  ASSERT_TRUE(is_published());
  server.stop();
  local({"update", "web", "--merge", R"({"status":"stopped"})"});
  local({"delete", "old"});
  EXPECT_TRUE(comes_to_say(notes, "goes on trying"));
  server.start();
  EXPECT_TRUE(comes_to_show("a", "web stopped\n"));
  server.put("/other", "1");
  server.compact();
  create("new", running);
  EXPECT_TRUE(comes_to_show("a", "new running\nweb stopped\n"));
  EXPECT_EQ(server.keys("/hosts/a/m"), both_keys);
}

TEST_F(Mirror, ThatWasCutOffForLongerThanItsLeaseBeginsAnew) {
  create("web", running);
  const auto child = mirror("a", {"--command-timeout", "0.3", "--ttl", "1"});
  ASSERT_TRUE(is_published());
  child.signal(SIGSTOP);
  EXPECT_TRUE(comes_to_keep(contact_key)) << "its lease is over";
  local({"update", "web", "--merge", R"({"status":"stopped"})"});
  server.put("/hosts/a/c/foreign", "not ours");
  child.signal(SIGCONT);
  EXPECT_TRUE(comes_to_show("a", "web stopped\n")) << "and what is not there is removed again";
  EXPECT_TRUE(comes_to_keep(both_keys));
}

TEST_F(Mirror, ThatIsKilledLeavesItsContainersUnknownOnceItsLeaseIsOver) {
  create("web", running);
  auto child = mirror("a", {"--ttl", "1"});
  ASSERT_TRUE(is_published());
  EXPECT_THAT(on("a", {"list", "-f", "{host} {id} {status}"}), prints("a web running\n"));
  child.signal(SIGKILL);
  child.wait();
  EXPECT_TRUE(comes_to_show("a", "web unknown\n"));
  const auto list = on("a", {"list", "-q", "--filter", "status=unknown"});
  EXPECT_EQ(list.out, "web\n");
  EXPECT_THAT(list.err, one_line("latchfile list: a was last heard of at 20"));
  for (const std::string command : {"state", "wait"}) {
    std::vector<std::string> arguments = {command, "web"};
    if (command == "wait") arguments.insert(arguments.end(), {"--for", "status=running"});
    EXPECT_THAT(on("a", arguments).err, one_line("a was last heard of at 20")) << command;
  }
}

TEST_F(Mirror, IsOneForEachHost) {
  create("web", running);
  auto first = mirror("a", {"--ttl", "1"});
  ASSERT_TRUE(is_published());
  const std::vector<std::string> again = {"mirror", "--to", hosts, "--host", "a", "--ttl", "1"};
  EXPECT_THAT(latchfile(again),
              fails_saying(5, "latchfile mirror: " + hosts + "/a is held by pid " +
                                  std::to_string(first.pid())));
  first.signal(SIGKILL);
  first.wait();
  EXPECT_TRUE(comes_to_keep(contact_key));
  std::filesystem::remove(notes);
  const auto second = mirror("a");
  EXPECT_TRUE(is_published());
}

TEST_F(Mirror, EndsBySignalsAndSaysSo) {
  create("web", running);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    std::filesystem::remove(notes);
    auto child = mirror("a");
    ASSERT_TRUE(is_published());
    child.signal(number);
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(server.keys("/hosts/a/m"), contact_key);
    EXPECT_EQ(on("a", {"list", "-f", "{status}"}).out, "unknown\n");
  }
}

TEST_F(Mirror, EndsAlsoWhileEtcdIsAway) {
  auto child = mirror("a", {"--command-timeout", "0.2"});
  ASSERT_TRUE(is_published());
  server.stop();
  create("web", running);
  ASSERT_TRUE(comes_to_say(notes, "goes on trying"));
  child.signal(SIGTERM);
  EXPECT_EQ(child.wait(), 0);
}

/// Where a manager of services would be told.
class Manager {
 public:
  explicit Manager(const std::string& name) : socket_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (bind(socket_, reinterpret_cast<sockaddr*>(&address), bytes) != 0) {
      throw std::runtime_error("bind " + name);
    }
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager() { close(socket_); }

  std::string told() const {
    pollfd polled{.fd = socket_, .events = POLLIN, .revents = 0};
    std::array<char, 4096> buffer{};
    if (poll(&polled, 1, 20000) <= 0) return "nothing";
    const auto got = recv(socket_, buffer.data(), buffer.size(), 0);
    return {buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
  }

 private:
  int socket_;
};

TEST_F(Mirror, TellsTheManagerOfServicesHowItIs) {
  create("web", running);
  const std::string path = dir / "socket";
  for (const auto& name : {path, "@" + path}) {
    const Manager manager(name);
    auto child = mirror("a", {}, "NOTIFY_SOCKET=" + name);
    EXPECT_EQ(manager.told(), "STATUS=all of " + root + " is published at " + hosts + "/a");
    EXPECT_EQ(manager.told(), "READY=1");
    EXPECT_EQ(on("a", {"list", "-q"}).out, "web\n") << "it is there by then";
    child.signal(SIGTERM);
    EXPECT_EQ(manager.told(), "STOPPING=1");
    EXPECT_EQ(child.wait(), 0);
  }
}

TEST_F(Mirror, OfAllHostsIsShown) {
  create("web", R"({"status":"running","pid":1,"bundle":"/b"})");
  create("pod1/db", R"({"status":"stopped"})");
  const auto child = mirror("a");
  ASSERT_TRUE(is_published());
  std::filesystem::remove(notes);
  auto other = mirror("b-2");
  ASSERT_TRUE(is_published());
  other.signal(SIGTERM);
  EXPECT_EQ(other.wait(), 0);
  server.put("/hosts/plain/c/x", "a store and no mirror");

  const auto all = [&](std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"--root", hosts, "list", "--all-hosts"});
    return latchfile(more);
  };
  EXPECT_THAT(all(), prints(MatchesRegex("HOST +ID +PID +STATUS +BUNDLE +CREATED +OWNER +CONTACT\n"
                                         "a +pod1/db +0 +stopped +- +- +- +-\n"
                                         "a +web +1 +running +/b +- +- +-\n"
                                         "b-2 +pod1/db +0 +unknown +- +- +- +20[-0-9T:]+Z\n"
                                         "b-2 +web +1 +unknown +/b +- +- +20[-0-9T:]+Z\n")));
  const auto parsed = json::parse(all({"-f", "json"}).out);
  ASSERT_EQ(parsed.size(), 4U);
  EXPECT_EQ(parsed[1]["host"], "a");
  EXPECT_EQ(parsed[1]["hostAlive"], true);
  EXPECT_EQ(parsed[1]["status"], "running");
  EXPECT_EQ(parsed[3]["host"], "b-2");
  EXPECT_EQ(parsed[3]["hostAlive"], false);
  EXPECT_EQ(parsed[3]["status"], "unknown");
  EXPECT_THAT(parsed[3]["lastContact"].get<std::string>(), MatchesRegex("20[-0-9T:]+Z"));
  EXPECT_THAT(all({"--filter", "host=b-2", "--sort", "-id", "-f", "{host}/{id}"}),
              prints("b-2/web\nb-2/pod1/db\n"));
  EXPECT_THAT(all({"-q"}), fails_saying(2, "--all-hosts"));
  EXPECT_THAT(latchfile({"list", "--all-hosts"}), fails_saying(2, "prefix in etcd"));
}

TEST_F(Mirror, IsWatchedAndWaitedForElsewhere) {
  create("web", running);
  const auto child = mirror("a");
  ASSERT_TRUE(is_published());
  const auto output = dir / "watched";
  const auto there = hosts + "/a";
  const auto watch = start({"--root", there, "watch"}, output);
  EXPECT_TRUE(comes_to_say(output, "listed"));
  EXPECT_THAT(read_text(output), MatchesRegex("present +web +4194305 +running\nlisted\n"));
  auto wait = start({"--root", there, "wait", "web", "--for", "status=stopped"}, dir / "waited");
  local({"update", "web", "--merge", R"({"status":"stopped"})"});
  EXPECT_EQ(wait.wait(), 0) << read_text(dir / "waited");
  EXPECT_TRUE(comes_to_say(output, "changed    web"));
}

TEST_F(Mirror, RefusesWhatItCannotDo) {
  EXPECT_THAT(latchfile({"mirror"}), fails_saying(2, "--to is required"));
  EXPECT_THAT(latchfile({"mirror", "--to", "/tmp"}), fails_saying(2, "is not etcd://"));
  EXPECT_THAT(latchfile({"mirror", "--to", hosts, "--host", "a/b"}),
              fails_saying(2, "host name 'a/b'"));
  EXPECT_THAT(latchfile({"mirror", "--to", hosts, "--ttl", "0"}), fails_saying(2, "1 to 3600 s"));
  EXPECT_THAT(on("a", {"mirror", "--to", hosts}), fails_saying(2, "only a directory"));
  write_text(dir / "file", "");
  EXPECT_THAT(latchfile({"--root", dir / "file", "mirror", "--to", hosts, "--host", "a"}),
              fails_saying(1, "Not a directory"));
  EXPECT_THAT(server.keys("/hosts/a"), ElementsAre("/hosts/a/m/contact"));
}

}  // namespace
}  // namespace latchfile::test
