// SPDX-License-Identifier: Apache-2.0
#include "latchfile/document.hpp"

#include <gtest/gtest.h>

namespace latchfile::test {
namespace {

std::string nested(std::size_t depth) {
  std::string text;
  for (std::size_t i = 1; i < depth; ++i)
    text += R"({"a":)";
  return text + "{}" + std::string(depth - 1, '}');
}

TEST(Document, KeepsEveryByte) {
  for (const std::string_view text :
       {"{}", " \t\r\n{ } \n", R"({"b":1,"a":2})", R"({"a":1,"a":2})", R"({"é":"\u00e9\/"})",
        R"({"n":[-0,0.10,1E+2,1e-2]})", R"({"n":12345678901234567890123})", R"({"n":1e400})",
        R"({"n":-1e400,"m":[0.1e-999]})", R"({"":{"":[]}})", R"({"s":"1e400 01 {"})"}) {
    const auto document = Document::parse(std::string(text));
    ASSERT_TRUE(document) << text << ": " << document.error().message();
    EXPECT_EQ(document->bytes(), text);
  }
}

TEST(Document, RefusesWhatIsNoObject) {
  for (const std::string_view text : {"",
                                      " ",
                                      "[]",
                                      "1",
                                      "\"a\"",
                                      "null",
                                      "true",
                                      "{",
                                      "}",
                                      "{}}",
                                      "{} {}",
                                      "{}x",
                                      "{'a':1}",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{\"a\":tru}",
                                      "{\"a\":nan}",
                                      "//\n{}",
                                      "{\"a\":\"\n\"}",
                                      "{\"a\":\"\\x\"}",
                                      "1e400",
                                      "\xef\xbb\xbf{}",
                                      "{\"a\":\"\xff\"}",
                                      "{\"a\":\"\xed\xa0\x80\"}",
                                      "{\"a\":\"\xc0\xaf\"}"}) {
    const auto document = Document::parse(std::string(text));
    ASSERT_FALSE(document) << text;
    EXPECT_EQ(document.error().code, Errc::invalid_argument) << text;
    EXPECT_EQ(document.error().message().find('\n'), std::string::npos);
  }
}

TEST(Document, RefusesMisspelledNumbersAlsoBesideHugeOnes) {
  for (const std::string number : {"01", "-01", "1.", ".5", "+1", "1e", "1e+", "--1", "-", "1.e1",
                                   "0x1", "1-2", "1e1.5", "00", "1_0"}) {
    EXPECT_FALSE(Document::parse("{\"n\":" + number + "}")) << number;
    EXPECT_FALSE(Document::parse("{\"m\":1e400,\"n\":" + number + "}")) << number;
    EXPECT_FALSE(Document::parse("{\"n\":" + number + ",\"m\":1e400}")) << number;
  }
}

TEST(Document, ANulInsideOrBehindIsRefused) {
  EXPECT_FALSE(Document::parse(std::string("{}\0", 3)));
  EXPECT_FALSE(Document::parse(std::string("{\"a\0\":1}", 8)));
  EXPECT_FALSE(Document::parse(std::string(4096, '\0')));
}

TEST(Document, TheDepthIsExact) {
  EXPECT_TRUE(Document::parse(nested(Document::max_depth)));
  for (const auto depth : {Document::max_depth + 1, std::size_t{10000}}) {
    const auto document = Document::parse(nested(depth));
    ASSERT_FALSE(document);
    EXPECT_NE(document.error().message().find("deep"), std::string::npos);
  }
  EXPECT_FALSE(Document::parse("{\"a\":" + std::string(10000, '[')));
}

TEST(Document, TheSizeIsExact) {
  const auto text = [](std::size_t size) {
    return "{\"a\":\"" + std::string(size - 8, 'x') + "\"}";
  };
  EXPECT_TRUE(Document::parse(text(Document::max_bytes)));
  EXPECT_EQ(Document::parse(text(Document::max_bytes + 1)).error().code, Errc::too_large);
}

TEST(Version, IsEqualExactlyIfTheBytesAre) {
  const auto version = [](const char* text) { return Document::parse(text)->version(); };
  EXPECT_EQ(version("{}"), version("{}"));
  EXPECT_NE(version("{}"), version("{ }"));
  EXPECT_EQ(version("{}").text(),
            "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}

TEST(Version, IsReadBackFromItsText) {
  const auto version = Document::parse("{}")->version();
  EXPECT_EQ(Version::parse(version.text()), version);
  const auto& text = version.text();
  for (const auto& bad : {std::string(), std::string("sha256:"), text + "0", text.substr(1),
                          text.substr(0, text.size() - 1), "SHA256" + text.substr(6),
                          text.substr(0, text.size() - 1) + "G", text + "\n"}) {
    EXPECT_FALSE(Version::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace latchfile::test
