// SPDX-License-Identifier: Apache-2.0
//
// latchfile list on a directory as runsc keeps it, with what else runsc puts there, while runsc has
// it locked.
#include <filesystem>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/cli.hpp"

namespace latchfile::test {
namespace {

using nlohmann::json;

class ListRunscRoot : public Cli {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(root);
    std::filesystem::permissions(root, std::filesystem::perms(0711));
    document = json::parse(read_text(LATCHFILE_SOURCE_DIR "/examples/runsc-state.json"));
    document["sandbox"]["pid"] = getpid();
  }

  /// The example as the document of a container in a sandbox.
  void put(const std::string& container, const std::string& sandbox) {
    auto other = document;
    other["id"] = container;
    other["sandbox"]["id"] = sandbox;
    other["saver"]["id"] = {{"sandboxId", sandbox}, {"containerId", container}};
    const auto stem = path_of(container + "_sandbox:" + sandbox);
    write_text(stem + ".state", other.dump());
    write_text(stem + ".lock", "");
  }

  void put_socket(const std::string& name) const {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    const auto path = path_of(name);
    ASSERT_LT(path.size(), sizeof(address.sun_path));
    path.copy(address.sun_path, path.size());
    ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    close(fd);
  }

  json document;
};

TEST_F(ListRunscRoot, ShowsEveryContainerAndNothingElse) {
  put("g3", "g3");
  put("web", "g3");
  put_socket("runsc-g3.sock");
  std::filesystem::create_directory(path_of("g3"));
  write_text(path_of("g3.pid"), "27682");

  EXPECT_THAT(latchfile({"list", "-f", "{id} {sandbox} {pid} {status} {bundle}"}),
              prints("g3/g3 g3 " + std::to_string(getpid()) + " running /srv/bundles/web\n" +
                     "g3/web g3 " + std::to_string(getpid()) + " running /srv/bundles/web\n"));
  EXPECT_THAT(latchfile({"list", "-q"}), prints("g3/g3\ng3/web\n"));
}

TEST_F(ListRunscRoot, ShowsTheOldFormWithItsNumbers) {
  put("new", "new");
  document["status"] = 2;
  document["saver"]["id"] = "old";
  write_text(path_of("old.state"), document.dump());
  write_text(path_of("old.lock"), "");
  EXPECT_THAT(latchfile({"list", "-f", "{id} {sandbox} {status} {created}"}),
              prints("new/new new running 2026-11-24T13:42:42.444123416Z\n"
                     "old - paused 2026-11-24T13:42:42.444123416Z\n"));
}

TEST_F(ListRunscRoot, DoesNotWaitForWhoeverBootsASandbox) {
  put("g3", "g3");
  const Holder holder(dir, root, "g3/g3");
  EXPECT_THAT(latchfile({"list", "-f", "{id} {status}"}), prints("g3/g3 running\n"));
}

TEST_F(ListRunscRoot, LeavesItAsItIs) {
  put("g3", "g3");
  const auto before = names_in(root);
  const auto text = read_text(path_of("g3_sandbox:g3.state"));
  EXPECT_EQ(latchfile({"list"}).exit_code, 0);
  EXPECT_EQ(names_in(root), before);
  EXPECT_EQ(read_text(path_of("g3_sandbox:g3.state")), text);
}

/// Both kinds of root in one directory, with the documents as they are.
TEST_F(ListRunscRoot, MayHoldTheDocumentsOfEveryRuntime) {
  std::filesystem::copy_file(LATCHFILE_SOURCE_DIR "/examples/runsc-state.json",
                             path_of("g3_sandbox:g3.state"));
  std::filesystem::copy_file(LATCHFILE_SOURCE_DIR "/examples/runc-state.json", path_of("c3.state"));
  EXPECT_THAT(latchfile({"list", "-f", "{id} {pid} {bundle} {created}", "--sort", "created"}),
              prints("c3 27628 /srv/bundles/web 2026-11-24T13:42:42.168765534Z\n"
                     "g3/g3 27682 /srv/bundles/web 2026-11-24T13:42:42.444123416Z\n"));
}

}  // namespace
}  // namespace latchfile::test
