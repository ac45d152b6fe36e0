// SPDX-License-Identifier: BSD-3-Clause
#include "base/units.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <locale>
#include <optional>
#include <sstream>

#include "base/error.hpp"

namespace chkpt {
namespace {

struct Unit {
  const char* name;
  double factor;
};
constexpr Unit kDurations[] = {{"", 1},      {"ms", 1},    {"s", 1e3},   {"m", 6e4},
                               {"min", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}};
constexpr Unit kSizes[] = {{"", 1},
                           {"b", 1},
                           {"k", 1e3},
                           {"kb", 1e3},
                           {"m", 1e6},
                           {"mb", 1e6},
                           {"g", 1e9},
                           {"gb", 1e9},
                           {"t", 1e12},
                           {"tb", 1e12},
                           {"kib", 1024.0},
                           {"mib", 1048576.0},
                           {"gib", 1073741824.0},
                           {"tib", 1099511627776.0}};

// Digits with at most one point; no sign, no exponent, whatever the locale.
std::optional<double> plain_number(const std::string& text) {
  const bool has_digit = text.find_first_of("0123456789") != std::string::npos;
  const bool is_plain = text.find_first_not_of("0123456789.") == std::string::npos;
  if (!has_digit || !is_plain || std::count(text.begin(), text.end(), '.') > 1) return std::nullopt;
  std::istringstream in(text);
  in.imbue(std::locale::classic());
  double value = 0;
  in >> value;
  return in.fail() ? std::nullopt : std::optional(value);
}

template <std::size_t N>
std::optional<std::int64_t> parse(std::string_view text, const Unit (&units)[N]) {
  if (text == "-1") return -1;
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto number = plain_number(std::string(text.substr(0, end)));
  if (!number) return std::nullopt;
  std::string name(text.substr(end));
  name.erase(0, std::min(name.find_first_not_of(' '), name.size()));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(c < 128 ? std::tolower(c) : c); });
  for (const Unit& unit : units) {
    if (name != unit.name) continue;
    const double value = std::round(*number * unit.factor);
    if (value > 9e18) return std::nullopt;
    return static_cast<std::int64_t>(value);
  }
  return std::nullopt;
}

std::string print(const char* format, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, value);
  // printf follows the script's locale; messages do not.
  for (char& c : buffer) {
    if (c == ',') c = '.';
  }
  return buffer;
}

// One decimal below ten, none above.
std::string scaled(double value, const char* unit) {
  return print(value < 9.95 ? "%.1f " : "%.0f ", value) + unit;
}

std::string minutes_and(double seconds, int per_part, const char* big, const char* small) {
  const auto whole = static_cast<long long>(std::llround(seconds));
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%lld%s%02lld%s", whole / per_part, big, whole % per_part,
                small);
  return buffer;
}

}  // namespace

std::int64_t parse_duration_ms(std::string_view text) {
  if (const auto value = parse(text, kDurations)) return *value;
  throw UsageError("not a duration: '" + std::string(text) +
                   "' (examples: 500ms, 30s, 10m, 1.5h, or plain milliseconds)");
}

std::int64_t parse_bytes(std::string_view text) {
  if (const auto value = parse(text, kSizes)) return *value;
  throw UsageError("not a size: '" + std::string(text) + "' (examples: 4096, 64K, 1.5G, 2GiB)");
}

std::string format_bytes(std::uint64_t bytes) {
  static constexpr std::array<const char*, 6> kUnits = {"kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return print("%.1f ", value) + kUnits[unit];
}

std::string format_duration(double seconds) {
  if (seconds < 0.0009995) return print("%.0f us", seconds * 1e6);
  if (seconds < 0.9995) return scaled(seconds * 1e3, "ms");
  if (seconds < 59.95) return scaled(seconds, "s");
  if (seconds < 3599.5) return minutes_and(seconds, 60, "m", "s");
  return minutes_and(seconds / 60, 60, "h", "m");
}

std::string format_rate(double bytes_per_second) {
  if (!(bytes_per_second > 0)) return "0 B/s";
  return format_bytes(static_cast<std::uint64_t>(std::min(bytes_per_second, 1e19))) + "/s";
}

}  // namespace chkpt
