// SPDX-License-Identifier: Apache-2.0
#include "latchfile/edit.hpp"

#include <array>
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include "support/child.hpp"

namespace latchfile::test {
namespace {

Document doc(const std::string& text) { return Document::parse(text).value(); }

/// The outcome, or the name of the error.
std::string text_of(const Result<Document>& result) {
  return result ? result->bytes() : std::string(to_string(result.error().code));
}

struct Edit {
  const char* before;
  const char* patch;
  const char* after;  ///< or the name of an error
};

TEST(MergePatch, TheExamplesOfRfc7396) {
  for (const auto& [before, patch, after] : {
           Edit{R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
           {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
           {R"({"a":"b"})", R"({"a":null})", "{}"},
           {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
           {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
           {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
           {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
           {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
           {R"({"a":"foo"})", "null", "invalid_argument"},
           {R"({"a":"foo"})", R"("bar")", "invalid_argument"},
           {R"({"a":"b"})", R"(["c"])", "invalid_argument"},
           {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
           {"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
       }) {
    EXPECT_EQ(text_of(merge_patch(doc(before), patch)), after) << before << " with " << patch;
  }
}

TEST(MergePatch, KnowsAKeyHoweverItIsSpelled) {
  EXPECT_EQ(text_of(merge_patch(doc(R"({"a\u0062":1,"c":2})"), R"({"ab":3,"\u0063":null})")),
            R"({"a\u0062":3})");
  EXPECT_EQ(text_of(merge_patch(doc(R"({"a\"}":1})"), R"({"a\"}":{"{":[]}})")),
            R"({"a\"}":{"{":[]}})");
}

TEST(MergePatch, OfAMemberThatItHoldsTwiceTheLastCounts) {
  EXPECT_EQ(text_of(merge_patch(doc(R"({"a":1})"), R"({"a":2,"a":null})")), "{}");
  EXPECT_EQ(text_of(merge_patch(doc("{}"), R"({"a":null,"b":1,"a":3})")), R"({"a":3,"b":1})");
}

TEST(MergePatch, CopiesWhatItDoesNotNameByteForByte) {
  EXPECT_EQ(text_of(merge_patch(doc("\n{ \"a\" : [ 1, 2 ] ,\"b\":{ \"c\" : \"\\u00e9\\/\" , "
                                    "\"d\":1 } }\n"),
                                R"( { "b" : { "d" : 1.50 } } )")),
            R"({"a" : [ 1, 2 ],"b":{"c" : "\u00e9\/","d":1.50}})");
}

/// A value of few keys, so that documents and patches have many in common.
std::string random_value(std::mt19937& random, int depth) {
  constexpr std::array scalars = {"null", "true", "-1.50", R"("x\n}")", "[]", R"([{"a":null}])"};
  if (depth == 0 || random() % 3 == 0) return scalars[random() % scalars.size()];
  std::string members;
  for (char key = 'a'; key < 'e'; ++key) {
    if (random() % 2 == 0) continue;
    members += (members.empty() ? "\"" : ",\"") + std::string(1, key) +
               "\":" + random_value(random, depth - 1);
  }
  return "{" + members + "}";
}

TEST(MergePatch, GivesWhatAnotherImplementationGives) {
  std::mt19937 random(1);
  for (int i = 0; i < 2'000; ++i) {
    const auto before =
        R"({"a":)" + random_value(random, 3) + R"(,"b":)" + random_value(random, 3) + R"(,"c":1})";
    const auto patch = R"({"a":)" + random_value(random, 3) + R"(,"b":)" + random_value(random, 3) +
                       R"(,"d":)" + random_value(random, 3) + "}";
    auto expected = nlohmann::ordered_json::parse(before);
    expected.merge_patch(nlohmann::ordered_json::parse(patch));
    const auto merged = merge_patch(doc(before), patch);
    ASSERT_TRUE(merged) << before << " with " << patch;
    EXPECT_EQ(nlohmann::ordered_json::parse(merged->bytes()), expected)
        << before << " with " << patch;
  }
}

TEST(JsonPatch, TheExamplesOfRfc6902) {
  for (const auto& [before, patch, after] : {
           Edit{R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux"}])",
                R"({"foo":"bar","baz":"qux"})"},
           {R"({"foo":["bar","baz"]})", R"([{"op":"add","path":"/foo/1","value":"qux"}])",
            R"({"foo":["bar","qux","baz"]})"},
           {R"({"baz":"qux","foo":"bar"})", R"([{"op":"remove","path":"/baz"}])",
            R"({"foo":"bar"})"},
           {R"({"foo":["bar","qux","baz"]})", R"([{"op":"remove","path":"/foo/1"}])",
            R"({"foo":["bar","baz"]})"},
           {R"({"baz":"qux","foo":"bar"})", R"([{"op":"replace","path":"/baz","value":"boo"}])",
            R"({"baz":"boo","foo":"bar"})"},
           {R"({"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}})",
            R"([{"op":"move","from":"/foo/waldo","path":"/qux/thud"}])",
            R"({"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}})"},
           {R"({"foo":["all","grass","cows","eat"]})",
            R"([{"op":"move","from":"/foo/1","path":"/foo/3"}])",
            R"({"foo":["all","cows","eat","grass"]})"},
           {R"({"baz":"qux","foo":["a",2,"c"]})",
            R"([{"op":"test","path":"/baz","value":"qux"},)"
            R"({"op":"test","path":"/foo/1","value":2}])",
            R"({"baz":"qux","foo":["a",2,"c"]})"},
           {R"({"baz":"qux"})", R"([{"op":"test","path":"/baz","value":"bar"}])",
            "invalid_argument"},
           {R"({"foo":"bar"})", R"([{"op":"add","path":"/child","value":{"grandchild":{}}}])",
            R"({"foo":"bar","child":{"grandchild":{}}})"},
           {R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux","xyz":123}])",
            R"({"foo":"bar","baz":"qux"})"},
           {R"({"foo":"bar"})", R"([{"op":"add","path":"/baz/bat","value":"qux"}])",
            "invalid_argument"},
           {R"({"/":9,"~1":10})", R"([{"op":"test","path":"/~01","value":10}])",
            R"({"/":9,"~1":10})"},
           {R"({"/":9,"~1":10})", R"([{"op":"test","path":"/~01","value":"10"}])",
            "invalid_argument"},
           {R"({"foo":["bar"]})", R"([{"op":"add","path":"/foo/-","value":["abc","def"]}])",
            R"({"foo":["bar",["abc","def"]]})"},
       }) {
    EXPECT_EQ(text_of(json_patch(doc(before), patch)), after) << before << " with " << patch;
  }
}

TEST(JsonPatch, WhatHasNoMembersHasNoPlaceForOne) {
  for (const auto* before : {R"({"a":"s"})", R"({"a":1})", R"({"a":true})", R"({"a":null})"}) {
    for (const auto* patch :
         {R"([{"op":"add","path":"/a/b","value":1}])", R"([{"op":"remove","path":"/a/b"}])",
          R"([{"op":"copy","from":"/a","path":"/a/b"}])"}) {
      EXPECT_EQ(text_of(json_patch(doc(before), patch)), "invalid_argument")
          << before << " with " << patch;
    }
  }
}

TEST(JsonPatch, HostileOnesAreRefused) {
  const auto before = doc(R"({"a":{"b":1},"l":[0]})");
  for (const auto* patch : {"",
                            "{}",
                            "1",
                            "[1]",
                            "[null]",
                            "[[]]",
                            "[{}]",
                            R"([{"op":1}])",
                            R"([{"op":"test"}])",
                            R"([{"op":"fly","path":"/a"}])",
                            R"([{"op":"add","path":"/a"}])",
                            R"([{"op":"add","path":1,"value":1}])",
                            R"([{"op":"add","path":"a","value":1}])",
                            R"([{"op":"test","path":1,"value":1}])",
                            R"([{"op":"test","path":"/a"}])",
                            R"([{"op":"test","path":"/~2","value":1}])",
                            R"([{"op":"remove","path":""}])",
                            R"([{"op":"remove","path":"/x"}])",
                            R"([{"op":"replace","path":"","value":[]}])",
                            R"([{"op":"move","from":"/a","path":"/a/b"}])",
                            R"([{"op":"copy","path":"/x"}])",
                            R"([{"op":"add","path":"/l/2","value":1}])",
                            R"([{"op":"add","path":"/l/01","value":1}])",
                            R"([{"op":"add","path":"/l/-1","value":1}])",
                            R"([{"op":"remove","path":"/l/-"}])",
                            R"([{"op":"add","path":"/l/99999999999999999999","value":1}])"}) {
    const auto result = json_patch(before, patch);
    EXPECT_EQ(text_of(result), "invalid_argument") << patch;
    if (!result) {
      EXPECT_EQ(result.error().message().find('\n'), std::string::npos) << patch;
    }
  }
}

TEST(JsonPatch, OneThatDoublesTheDocumentWithEveryOperationIsStoppedInTime) {
  std::string patch;
  for (int i = 0; i < 40; ++i) {
    patch += std::string(i == 0 ? "[" : ",") + R"({"op":"copy","from":"/a","path":"/a/-"})";
  }
  patch += "]";
  Child child([&] {
    // It would end neither in this time nor in the memory of this machine.
    constexpr rlimit seconds{3, 3};
    if (setrlimit(RLIMIT_CPU, &seconds) != 0) return 1;
    return text_of(json_patch(doc(R"({"a":[1]})"), patch)) == "too_large" ? 0 : 2;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(JsonPatch, AllOrNothing) {
  const auto result =
      json_patch(doc(R"({"a":1})"),
                 R"([{"op":"add","path":"/b","value":2},{"op":"test","path":"/a","value":3}])");
  EXPECT_EQ(text_of(result), "invalid_argument");
  EXPECT_NE(result.error().message().find("operation 1"), std::string::npos);
}

TEST(JsonPatch, TestComparesNumbersByValue) {
  const auto test = [](const std::string& stored, const std::string& asked) {
    const auto patch = R"([{"op":"test","path":"/n","value":)" + asked + "}]";
    return json_patch(doc("{\"n\":" + stored + "}"), patch).has_value();
  };
  EXPECT_TRUE(test("1", "1.0"));
  EXPECT_TRUE(test("100", "1e2"));
  EXPECT_TRUE(test("-0", "0"));
  EXPECT_TRUE(test("[1,{\"a\":2,\"b\":3}]", "[1.0,{\"b\":3,\"a\":2e0}]"));
  EXPECT_TRUE(test("12345678901234567890123", "12345678901234567890123"));
  EXPECT_FALSE(test("1", "2"));
  EXPECT_FALSE(test("1", "\"1\""));
  EXPECT_FALSE(test("9007199254740993", "9007199254740992"));
  EXPECT_FALSE(test("18446744073709551615", "18446744073709551614"));
  EXPECT_FALSE(test("12345678901234567890123", "12345678901234567890124"));
}

TEST(Edits, KeepTheSpellingAndPlaceOfWhatTheyDoNotTouch) {
  const std::string before =
      R"({"z":12345678901234567890123,"e":1E+2,"m":-0,"o":0.10,"h":1e400,"a":[1.0,{"b":2.50}]})";
  const auto after = before.substr(0, before.size() - 1) + R"(,"new":1.000})";
  EXPECT_EQ(text_of(merge_patch(doc(before), R"({"new":1.000})")), after);
  EXPECT_EQ(text_of(json_patch(doc(before), R"([{"op":"add","path":"/new","value":1.000}])")),
            after);
}

TEST(Edits, OfAMemberThatIsThereTwiceTheLastIsKept) {
  EXPECT_EQ(text_of(merge_patch(doc(R"({"a":1,"a":2})"), "{}")), R"({"a":2})");
}

TEST(Edits, WorkOnEveryDocumentWithStringsOfEveryKind) {
  for (const auto* text : {R"({"s":"\u0000\ud83d\ude00é\/"})", R"({"s":"\udc00"})",
                           R"({"s":"\ud800"})", R"({"\ud800\ud800":1})"}) {
    const auto document = Document::parse(text);
    if (document) {
      EXPECT_TRUE(merge_patch(*document, R"({"a":1})")) << text;
    }
  }
}

TEST(Edits, RefuseAnOutcomeThatIsTooDeepOrTooLarge) {
  std::string deep = "1";
  for (int i = 0; i < 1000; ++i)
    deep = R"({"a":)" + deep + "}";
  std::string path;
  for (int i = 0; i < 30; ++i)
    path += "/a";
  const auto patch = R"([{"op":"add","path":")" + path + R"(","value":)";
  EXPECT_EQ(text_of(json_patch(doc(deep), patch + deep + "}]")), "invalid_argument");
  const std::string half(Document::max_bytes / 2, 'x');
  EXPECT_EQ(text_of(merge_patch(doc("{\"a\":\"" + half + "\"}"), "{\"b\":\"" + half + "\"}")),
            "too_large");
  EXPECT_EQ(text_of(merge_patch(doc("{}"), std::string(100000, '{'))), "invalid_argument");
}

}  // namespace
}  // namespace latchfile::test
