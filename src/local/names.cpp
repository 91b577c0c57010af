// SPDX-License-Identifier: Apache-2.0
#include "local/names.hpp"

#include <algorithm>

namespace latchfile::names {
namespace {

constexpr std::string_view time_form =
    "dddddddd"
    "T"
    "dddddd"
    "Z";

bool is_time(std::string_view text) {
  return std::ranges::equal(text, time_form, [](char c, char form) {
    return form == 'd' ? c >= '0' && c <= '9' : c == form;
  });
}

void append_digits(std::string& to, unsigned number, std::size_t digits) {
  const auto text = std::to_string(number);
  to.append(digits - std::min(digits, text.size()), '0').append(text);
}

}  // namespace

std::string stem(const ContainerId& id) {
  std::string out;
  out.reserve(id.text().size() + sandbox_infix.size() + temp_suffix.size());
  out.append(id.container());
  if (!id.sandbox().empty()) out.append(sandbox_infix).append(id.sandbox());
  return out;
}

std::string quarantine(const ContainerId& id, std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  auto name = stem(id).append(quarantine_infix);
  append_digits(name, static_cast<unsigned>(std::clamp(static_cast<int>(date.year()), 0, 9999)), 4);
  append_digits(name, static_cast<unsigned>(date.month()), 2);
  append_digits(name, static_cast<unsigned>(date.day()), 2);
  name += 'T';
  append_digits(name, static_cast<unsigned>(clock.hours().count()), 2);
  append_digits(name, static_cast<unsigned>(clock.minutes().count()), 2);
  append_digits(name, static_cast<unsigned>(clock.seconds().count()), 2);
  return name += 'Z';
}

std::optional<ContainerId> parse_quarantine(std::string_view name) {
  const auto end = name.size() - std::min(name.size(), time_form.size());
  if (!is_time(name.substr(end))) return std::nullopt;
  return parse(name.substr(0, end), quarantine_infix);
}

std::optional<ContainerId> parse(std::string_view name, std::string_view suffix) {
  const auto parts = split(name, suffix);
  if (!parts) return std::nullopt;
  auto id = parts->sandbox.empty() ? ContainerId::parse(parts->container)
                                   : ContainerId::in_sandbox(parts->sandbox, parts->container);
  if (!id) return std::nullopt;
  return std::move(*id);
}

}  // namespace latchfile::names
