// SPDX-License-Identifier: Apache-2.0
#include "base/timestamp.hpp"

#include <algorithm>

namespace latchfile {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes text apart from its beginning. After the first fault nothing fits any more.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  /// A number of exactly `digits` digits that is at most `most`.
  int number(std::size_t digits, int most) {
    int value = 0;
    fits_ =
        fits_ && rest_.size() >= digits && std::ranges::all_of(rest_.substr(0, digits), is_digit);
    if (!fits_) return 0;
    for (const char digit : rest_.substr(0, digits))
      value = 10 * value + (digit - '0');
    rest_.remove_prefix(digits);
    fits_ = value <= most;
    return value;
  }

  /// The next character, which has to be one of `allowed`.
  char one_of(std::string_view allowed) {
    fits_ = fits_ && !rest_.empty() && allowed.find(rest_.front()) != allowed.npos;
    if (!fits_) return '\0';
    const char found = rest_.front();
    rest_.remove_prefix(1);
    return found;
  }

  /// The digits behind a point, if there is one.
  nanoseconds fraction() {
    if (!fits_ || !rest_.starts_with('.')) return {};
    rest_.remove_prefix(1);
    nanoseconds value{};
    nanoseconds unit = seconds(1);
    fits_ = !rest_.empty() && is_digit(rest_.front());
    for (; !rest_.empty() && is_digit(rest_.front()); rest_.remove_prefix(1)) {
      unit /= 10;
      value += (rest_.front() - '0') * unit;
    }
    return value;
  }

  [[nodiscard]] bool fits_to_the_end() const { return fits_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool fits_ = true;
};

}  // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  Reader reader(text);
  const std::chrono::year year(reader.number(4, 9999));
  reader.one_of("-");
  const std::chrono::month month(static_cast<unsigned>(reader.number(2, 12)));
  reader.one_of("-");
  const std::chrono::day day(static_cast<unsigned>(reader.number(2, 31)));
  reader.one_of("Tt ");
  seconds of_day = hours(reader.number(2, 23));
  reader.one_of(":");
  of_day += minutes(reader.number(2, 59));
  reader.one_of(":");
  of_day += seconds(reader.number(2, 60));
  const auto rest = reader.fraction();
  const char zone = reader.one_of("Zz+-");
  seconds offset{};
  if (zone == '+' || zone == '-') {
    offset = hours(reader.number(2, 23));
    reader.one_of(":");
    offset += minutes(reader.number(2, 59));
    if (zone == '-') offset = -offset;
  }
  const std::chrono::year_month_day date(year, month, day);
  if (!reader.fits_to_the_end() || !date.ok()) return std::nullopt;
  return Timestamp{std::chrono::sys_days(date) + of_day - offset, rest};
}

std::string text_of(std::chrono::sys_seconds moment) {
  const auto day = std::chrono::floor<days>(moment);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(moment - day);
  const auto padded = [](long long number, std::size_t digits) {
    auto text = std::to_string(number);
    return std::string(digits - std::min(digits, text.size()), '0') + text;
  };
  return padded(int(date.year()), 4) + "-" + padded(unsigned(date.month()), 2) + "-" +
         padded(unsigned(date.day()), 2) + "T" + padded(time.hours().count(), 2) + ":" +
         padded(time.minutes().count(), 2) + ":" + padded(time.seconds().count(), 2) + "Z";
}

}  // namespace latchfile
