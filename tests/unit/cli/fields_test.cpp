// SPDX-License-Identifier: Apache-2.0
#include "cli/fields.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using cli::Field;
using cli::Filter;
using cli::Listed;
using cli::Order;
using cli::Template;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto known_fields =
    "but there are id, pid, status, bundle, created, owner, sandbox, host and annotations.NAME";

Listed web() {
  Listed entry{id_of("pod1/web"), {}, {}};
  entry.summary.status = "running";
  entry.summary.process = oci::Process::recorded(4711).value();
  entry.summary.bundle = "/srv/web";
  entry.summary.created = "2026-11-24T13:42:42Z";
  entry.summary.owner = "jo";
  entry.summary.annotations = {{"tier", "front"}, {"a=b}", "c"}, {"tier", "second"}};
  return entry;
}

Listed bare(std::string_view id) { return {id_of(id), {}, {}}; }

std::string text_of(std::string_view field, const Listed& entry) {
  return Field::parse(field).value().text_of(entry);
}

template <class Parsed>
std::string fault_of(std::string_view text) {
  const auto parsed = Parsed::parse(text);
  if (parsed) return "none";
  EXPECT_EQ(parsed.error().code, Errc::invalid_argument);
  return parsed.error().message();
}

TEST(Field, IsWhatTheEntryHas) {
  EXPECT_EQ(text_of("id", web()), "pod1/web");
  EXPECT_EQ(text_of("pid", web()), "4711");
  EXPECT_EQ(text_of("status", web()), "running");
  EXPECT_EQ(text_of("bundle", web()), "/srv/web");
  EXPECT_EQ(text_of("created", web()), "2026-11-24T13:42:42Z");
  EXPECT_EQ(text_of("owner", web()), "jo");
  EXPECT_EQ(text_of("sandbox", web()), "pod1");
  EXPECT_EQ(text_of("annotations.tier", web()), "front");
}

TEST(Field, ThatAnEntryDoesNotHaveIsEmpty) {
  EXPECT_EQ(text_of("pid", bare("web")), "0");
  for (const auto* field : {"status", "bundle", "created", "owner", "sandbox", "annotations.tier"})
    EXPECT_EQ(text_of(field, bare("web")), "") << field;
}

TEST(Field, OfAnotherNameIsRefusedWithThoseThatThereAre) {
  for (const auto* name : {"", "ID", "ids", " id", "annotations", "annotations.", "ociVersion"}) {
    EXPECT_EQ(fault_of<Field>(name),
              "there is no field '" + std::string(name) + "', " + known_fields);
  }
}

TEST(Filter, FitsTheExactValueOnly) {
  const auto fits = [](std::string_view filter) { return Filter::parse(filter)->matches(web()); };
  for (const auto* filter : {"id=pod1/web", "pid=4711", "status=running", "sandbox=pod1",
                             "owner=jo", "annotations.tier=front"}) {
    EXPECT_TRUE(fits(filter)) << filter;
  }
  for (const auto* filter : {"id=web", "id=pod1/web2", "pid=471", "status=Running", "status=run",
                             "status=", "owner=jo ", "annotations.tier=second"}) {
    EXPECT_FALSE(fits(filter)) << filter;
  }
}

TEST(Filter, OfAnEmptyValueFitsWhatIsNotThere) {
  EXPECT_TRUE(Filter::parse("owner=")->matches(bare("web")));
  EXPECT_TRUE(Filter::parse("annotations.x=")->matches(web()));
}

TEST(Filter, MayHaveAnEqualsSignInItsValue) {
  auto entry = web();
  entry.summary.owner = "a=b";
  EXPECT_TRUE(Filter::parse("owner=a=b")->matches(entry));
}

TEST(Filter, ThatIsNoneIsRefused) {
  EXPECT_EQ(fault_of<Filter>("running"),
            "filter 'running': it is no FIELD=VALUE, such as status=running");
  EXPECT_THAT(fault_of<Filter>(""), HasSubstr("it is no FIELD=VALUE"));
  EXPECT_EQ(fault_of<Filter>("state=running"),
            "filter 'state=running': there is no field 'state', " + std::string(known_fields));
  EXPECT_THAT(fault_of<Filter>("=x"), HasSubstr("there is no field ''"));
}

TEST(Template, IsFilledIn) {
  const auto line = [](std::string_view text) { return Template::parse(text)->line_of(web()); };
  EXPECT_EQ(line("{id} {status}"), "pod1/web running");
  EXPECT_EQ(line("{id}{pid}"), "pod1/web4711");
  EXPECT_EQ(line("<{annotations.tier}>\t{sandbox};"), "<front>\tpod1;");
  EXPECT_EQ(line("{{{id}}} }}{{"), "{pod1/web} }{");
  EXPECT_EQ(line("{{id}} {owner}"), "{id} jo");
}

TEST(Template, ShowsFieldsAsATableDoes) {
  auto entry = web();
  entry.summary.owner = "";
  entry.summary.bundle = "/a\n\x1b[2J\xc3\xbc";
  entry.summary.annotations = {{"long", std::string(5000, 'x')}};
  const auto line = [&](std::string_view text) { return Template::parse(text)->line_of(entry); };
  EXPECT_EQ(line("{owner} {bundle}"), "- /a\\x0a\\x1b[2J\\xc3\\xbc");
  EXPECT_EQ(line("{annotations.long}"), std::string(4096, 'x') + "...");
}

TEST(Template, ThatIsNoneIsRefused) {
  EXPECT_EQ(fault_of<Template>("{id} {state}"),
            "format '{id} {state}': there is no field 'state', " + std::string(known_fields));
  EXPECT_THAT(fault_of<Template>("{}"), HasSubstr("there is no field ''"));
  EXPECT_THAT(fault_of<Template>("{ id }"), HasSubstr("there is no field ' id '"));
  for (const auto* text : {"{id", "{id} {", "{{{id", "{id} {status"})
    EXPECT_THAT(fault_of<Template>(text), HasSubstr("a '{' stands alone")) << text;
  for (const auto* text : {"}", "id}", "{id}}", "{{id}"})
    EXPECT_THAT(fault_of<Template>(text), HasSubstr("a '}' stands alone")) << text;
  for (const auto* text : {"", "yaml", "{{id}}", "JSON"})
    EXPECT_THAT(fault_of<Template>(text), HasSubstr("it is neither table nor json")) << text;
}

class OrderOf : public testing::Test {
 protected:
  [[nodiscard]] static std::vector<std::string> sorted(std::string_view order,
                                                       std::vector<Listed> entries) {
    Order::parse(order).value().sort(entries);
    std::vector<std::string> ids;
    for (const auto& entry : entries)
      ids.emplace_back(entry.id.text());
    return ids;
  }
  [[nodiscard]] static std::vector<Listed> with(
      const std::vector<std::string>& values,
      const std::function<void(Listed&, const std::string&)>& put) {
    std::vector<Listed> entries;
    for (const auto& value : values) {
      entries.push_back(bare("c" + std::to_string(entries.size())));
      put(entries.back(), value);
    }
    return entries;
  }
};

TEST_F(OrderOf, TextIsByteByByteAndThenThatOfTheIds) {
  const auto entries = with({"b", "a", "", "b", "B"},
                            [](Listed& entry, const auto& value) { entry.summary.owner = value; });
  EXPECT_THAT(sorted("owner", entries), ElementsAre("c2", "c4", "c1", "c0", "c3"));
  EXPECT_THAT(sorted("-owner", entries), ElementsAre("c0", "c3", "c1", "c4", "c2"));
}

TEST_F(OrderOf, PidsIsThatOfNumbers) {
  const auto entries = with({"100", "9", "20"}, [](Listed& entry, const auto& value) {
    entry.summary.process = oci::Process::recorded(std::stoi(value)).value();
  });
  EXPECT_THAT(sorted("pid", entries), ElementsAre("c1", "c2", "c0"));
  EXPECT_THAT(sorted("-pid", entries), ElementsAre("c0", "c2", "c1"));
}

TEST_F(OrderOf, CreatedIsThatOfMomentsWhateverTheirZone) {
  const auto entries =
      with({"2026-11-24T13:00:00Z", "2026-11-24T13:30:00+02:00", "", "2026-11-24T12:59:59.5Z", "?"},
           [](Listed& entry, const auto& value) { entry.summary.created = value; });
  EXPECT_THAT(sorted("created", entries), ElementsAre("c2", "c4", "c1", "c3", "c0"));
  EXPECT_THAT(sorted("-created", entries), ElementsAre("c0", "c3", "c1", "c4", "c2"));
}

TEST_F(OrderOf, AnnotationsIsThatOfTheirTexts) {
  const auto entries = with({"2", "10"}, [](Listed& entry, const auto& value) {
    entry.summary.annotations = {{"rank", value}};
  });
  EXPECT_THAT(sorted("annotations.rank", entries), ElementsAre("c1", "c0"));
}

TEST_F(OrderOf, AnUnknownFieldIsRefused) {
  EXPECT_EQ(fault_of<Order>("age"),
            "sort by 'age': there is no field 'age', " + std::string(known_fields));
  EXPECT_THAT(fault_of<Order>("--pid"), HasSubstr("there is no field '-pid'"));
}

}  // namespace
}  // namespace latchfile::test
