// SPDX-License-Identifier: Apache-2.0
//
// Malformed ids and documents: every command that takes one refuses it in the same words, and
// nothing is read or written for it.
#include "cli/cli.hpp"

namespace latchfile::test {
namespace {

using testing::HasSubstr;

using BadId = Cli;
using BadDocument = Cli;

std::vector<std::vector<std::string>> commands_with(const std::string& id) {
  return {{"create", id},
          {"state", id},
          {"save", id},
          {"update", id, "--merge", "{}"},
          {"delete", id},
          {"delete", id, "--force"},
          {"update", id, "--", "cat"},
          {"lock", id, "--", "true"}};
}

void expect_refusal(const Outcome& outcome, const std::string& part) {
  EXPECT_THAT(outcome, fails_saying(2, "invalid container id"));
  EXPECT_THAT(outcome.err, HasSubstr(part));
}

TEST_F(BadId, IsRefusedByEveryCommand) {
  struct Case {
    std::string id;
    std::string part;
  };
  const std::string set = " is not one of A-Z a-z 0-9 _ + . -";
  for (const auto& [id, part] : std::vector<Case>{
           {"", ": it is empty"},
           {"/", "'/': it has an empty part"},
           {"/web", "'/web': it has an empty part"},
           {"pod1/", "'pod1/': it has an empty part"},
           {"pod1//web", "'pod1//web': '/'" + set},
           {"../../etc/passwd", "'/'" + set},
           {"a\nb", "'a\\x0ab': '\\x0a'" + set},
           {"a b", "' '" + set},
           {"w*", "'*'" + set},
           {"[a-z]", "'['" + set},
           {"a:b", "':'" + set},
           {"b\xc3\xbc"
            "chse",
            "'b\\xc3\\xbcchse': '\\xc3'" + set},
           {"\x1b[31m", "'\\x1b'" + set},
           {std::string(231, 'x'), ": it is longer than 230 bytes"},
           {"pod1/" + std::string(218, 'x'), ": its parts are longer than 221 bytes together"}}) {
    for (const auto& command : commands_with(id)) {
      SCOPED_TRACE(command.front() + " " + testing::PrintToString(id));
      expect_refusal(latchfile(command, "{}"), part);
    }
  }
  EXPECT_FALSE(std::filesystem::exists(root));
}

TEST_F(BadId, IsNotTheLongestOne) {
  for (const auto& id : {std::string(230, 'x'), "pod1/" + std::string(217, 'x')}) {
    EXPECT_THAT(latchfile({"create", id}, "{}"), succeeds());
    EXPECT_THAT(latchfile({"save", id}, "{}"), succeeds());
    EXPECT_THAT(latchfile({"delete", id}), succeeds());
  }
}

TEST_F(BadId, IsRefusedAsTheNameOfASandbox) {
  for (const std::string sandbox : {"", "a/b", "a b", "*", "a\nb"}) {
    EXPECT_THAT(latchfile({"list", "--sandbox", sandbox}), fails_saying(2, "invalid sandbox id"));
    EXPECT_THAT(latchfile({"list", "-q", "--sandbox", sandbox}),
                fails_saying(2, "invalid sandbox id"));
  }
}

TEST_F(BadDocument, IsRefusedByCreateAndSave) {
  struct Case {
    std::string document;
    std::string why;
  };
  create("web", "{\"a\":1}");
  for (const auto& [document, why] :
       std::vector<Case>{{"", "it is empty"},
                         {" \n", "it is empty"},
                         {"{", "it is not JSON"},
                         {"{} {}", "it is not JSON"},
                         {"{\"a\":01}", "it is not JSON"},
                         {"[]", "it is JSON, but not an object in { }"},
                         {"null", "it is JSON, but not an object in { }"},
                         {"{\"a\":\"\xff\"}", "it is not UTF-8"},
                         {std::string(10000, '[') + std::string(10000, ']'),
                          "it is nested more than 1024 deep"}}) {
    SCOPED_TRACE(testing::PrintToString(document.substr(0, 20)));
    const auto line = fails_saying(2, "standard input is not a document: " + why);
    EXPECT_THAT(latchfile({"create", "new"}, document), line);
    EXPECT_THAT(latchfile({"save", "web"}, document), line);
    write_text(dir / "file", document);
    EXPECT_THAT(latchfile({"save", "web", dir / "file"}),
                fails_saying(2, (dir / "file") + " is not a document: " + why));
  }
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"a\":1}"));
  EXPECT_THAT(latchfile({"list", "-q"}), prints("web\n"));
}

TEST_F(BadDocument, IsOneThatIsTooLarge) {
  create("web", "{\"a\":1}");
  const std::string document = "{\"a\":\"" + std::string((std::size_t{16} << 20) - 7, 'x') + "\"}";
  const auto line =
      "standard input has more than the 16777216 bytes that a document may have; keep "
      "large data in a file of its own and name it in the document";
  EXPECT_THAT(latchfile({"create", "new"}, document), fails_saying(1, line));
  EXPECT_THAT(latchfile({"save", "web"}, document), fails_saying(1, line));
  EXPECT_THAT(latchfile({"save", "web", "/dev/zero"}), fails_saying(1, "/dev/zero has more than"));
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"a\":1}"));
}

}  // namespace
}  // namespace latchfile::test
