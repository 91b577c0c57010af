// SPDX-License-Identifier: Apache-2.0
//
// latchfile state: the document byte for byte, or its version.
#include <filesystem>
#include <unistd.h>

#include "cli/cli.hpp"

namespace latchfile::test {
namespace {

namespace fs = std::filesystem;

using State = Cli;

TEST_F(State, PrintsTheDocumentByteForByte) {
  for (const std::string document :
       {"{}", "{}\n", " \t{ \"n\" : 1.50e+3,\r\n\"n\":12345678901234567890123 }\n\n",
        "{\"text\":\"\\u00e9 \xc3\xa9 \x7f\",\"text\":\"twice\"}"}) {
    ASSERT_THAT(latchfile({"create", "web"}, document), succeeds());
    EXPECT_THAT(latchfile({"state", "web"}), prints(document));
    ASSERT_THAT(latchfile({"delete", "web"}), succeeds());
  }
}

TEST_F(State, PrintsADocumentOfTheLargestSize) {
  constexpr std::size_t largest = std::size_t{16} << 20;
  std::string document = "{\"a\":\"" + std::string(largest - 8, 'x') + "\"}";
  ASSERT_EQ(document.size(), largest);
  create("web", document);
  const auto printed = latchfile({"state", "web"});
  EXPECT_EQ(printed.exit_code, 0);
  EXPECT_TRUE(printed.out == document) << printed.out.size() << " bytes";
}

TEST_F(State, PrintsTheVersionThatSha256sumGives) {
  create("pod1/web", "{\"a\":1}\n");
  const auto sum = shell("sha256sum <'root/web_sandbox:pod1.state'");
  EXPECT_THAT(latchfile({"state", "pod1/web", "--print-version"}),
              prints("sha256:" + sum.out.substr(0, 64) + "\n"));
}

TEST_F(State, FindsAContainerByTheBeginningOfItsName) {
  create("pod1/webserver", "{\"is\":\"webserver\"}");
  create("database", "{}");
  for (const std::string text : {"pod1/webserver", "webserver", "w", "pod1/web"}) {
    EXPECT_THAT(latchfile({"state", text}), prints("{\"is\":\"webserver\"}")) << text;
  }
  create("web", "{\"is\":\"web\"}");
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"is\":\"web\"}")) << "exact before prefix";
}

TEST_F(State, NamesTheCandidatesOfAnAmbiguousBeginning) {
  create("pod1/web", "{}");
  create("pod2/web", "{}");
  create("worker", "{}");
  EXPECT_THAT(latchfile({"state", "w"}),
              fails(2, "latchfile state: 'w' may mean 3 containers: pod1/web, pod2/web, worker"));
  EXPECT_THAT(latchfile({"state", "web"}),
              fails(2, "latchfile state: 'web' may mean 2 containers: pod1/web, pod2/web"));
}

TEST_F(State, SaysThatThereIsNoSuchContainer) {
  const auto nothing = fails(3, "latchfile state: no container in " + root +
                                    " is named or begins with 'web'; see 'latchfile list'");
  EXPECT_THAT(latchfile({"state", "web"}), nothing);
  EXPECT_FALSE(fs::exists(root));
  create("database", "{}");
  EXPECT_THAT(latchfile({"state", "web"}), nothing);
  EXPECT_THAT(latchfile({"state", "web", "--print-version"}), nothing);
}

TEST_F(State, ReadsWhileAnotherHoldsTheLock) {
  create("web", "{\"a\":1}");
  const Holder holder(dir, root, "web");
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"a\":1}"));
}

TEST_F(State, SaysWhyAnEntryCannotBeRead) {
  fs::create_directory(root);
  const auto state = path_of("web.state");
  const auto advice =
      "; find out who did that before you mend it; no more than the lack of a sticky bit can be "
      "allowed, with --allow-insecure-root";

  write_text(state, "{\"half\":");
  EXPECT_THAT(
      latchfile({"state", "web"}),
      fails_saying(7, "load web: " + state + " is corrupt: not a document: it is not JSON"));
  write_text(state, "");
  EXPECT_THAT(latchfile({"state", "web"}),
              fails(7, "latchfile state: load web: " + state +
                           " is corrupt: not a document: it is "
                           "empty; it was left as found: 'latchfile check --repair' moves the file "
                           "away and frees the id"));
  fs::resize_file(state, (std::size_t{16} << 20) + 1);
  EXPECT_THAT(
      latchfile({"state", "web"}),
      fails(1, "latchfile state: load web: " + state +
                   " has 16777217 bytes, more than the "
                   "limit of 16777216; keep large data in a file of its own and name it in the "
                   "document"));
  fs::remove(state);
  fs::create_symlink("/etc/passwd", state);
  EXPECT_THAT(latchfile({"state", "web"}),
              fails(1, "latchfile state: load web: " + state +
                           " is a symbolic link, not a regular file" + advice));
  fs::remove(state);
  ASSERT_EQ(mkfifo(state.c_str(), 0600), 0);
  EXPECT_THAT(latchfile({"state", "web"}), fails(1, "latchfile state: load web: " + state +
                                                        " is a FIFO, not a regular file" + advice));
  fs::remove(state);
  fs::create_directory(state);
  EXPECT_THAT(latchfile({"state", "web"}), fails_saying(1, "is a directory, not a regular file"));
}

}  // namespace
}  // namespace latchfile::test
