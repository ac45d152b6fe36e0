// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace chkpt::inspect {
namespace {

constexpr char kHex[] = "0123456789abcdef";

std::string hex_escape(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// Length of the well-formed UTF-8 sequence at the start of `s` (no overlong forms, no surrogates);
// 0 if there is none.
std::size_t sequence_length(std::string_view s) {
  const auto lead = static_cast<unsigned char>(s[0]);
  if (lead < 0x80) return 1;
  const std::size_t n = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (n == 0 || lead > 0xf4 || s.size() < n) return 0;
  for (std::size_t i = 1; i < n; ++i) {
    if (!is_continuation(s[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(s[1]);
  if (lead == 0xe0 && second < 0xa0) return 0;
  if (lead == 0xed && second > 0x9f) return 0;
  if (lead == 0xf0 && second < 0x90) return 0;
  if (lead == 0xf4 && second > 0x8f) return 0;
  return n;
}

bool is_control(std::string_view sequence) {
  const auto c = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return c < 0x20 || c == 0x7f;
  const auto second = static_cast<unsigned char>(sequence[1]);
  if (c == 0xc2) return second < 0xa0;  // C1 controls
  // U+200E..U+202E and U+2066..U+2069 turn the direction of a terminal's text.
  if (c != 0xe2 || sequence.size() != 3) return false;
  const auto third = static_cast<unsigned char>(sequence[2]);
  return (second == 0x80 && (third == 0x8e || third == 0x8f || (third >= 0xa8 && third <= 0xae))) ||
         (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

// Calls visit(sequence, well_formed) for each character or broken byte.
template <class Visit>
void each_character(std::string_view s, Visit visit) {
  while (!s.empty()) {
    const std::size_t n = sequence_length(s);
    visit(s.substr(0, n == 0 ? 1 : n), n != 0);
    s.remove_prefix(n == 0 ? 1 : n);
  }
}

std::string first_columns(std::string_view utf8, std::size_t n) {
  std::string out;
  each_character(utf8, [&](std::string_view c, bool) {
    if (n == 0) return;
    --n;
    out.append(c);
  });
  return out;
}

std::string last_columns(std::string_view utf8, std::size_t n) {
  const std::size_t skip = columns(utf8) - n;
  std::size_t seen = 0;
  std::string out;
  each_character(utf8, [&](std::string_view c, bool) {
    if (seen++ >= skip) out.append(c);
  });
  return out;
}

}  // namespace

std::string printable(std::string_view bytes) {
  std::string out;
  each_character(bytes, [&](std::string_view c, bool well_formed) {
    if (well_formed && !is_control(c)) {
      out.append(c);
      return;
    }
    for (const char byte : c) out += hex_escape(byte);
  });
  return out;
}

std::string ascii_only(std::string_view utf8) {
  std::string out;
  each_character(utf8, [&](std::string_view c, bool) {
    if (c.size() == 1 && static_cast<unsigned char>(c[0]) < 0x80) {
      out.append(c);
    } else {
      out += '?';
    }
  });
  return out;
}

std::size_t columns(std::string_view utf8) {
  std::size_t n = 0;
  each_character(utf8, [&](std::string_view, bool) { ++n; });
  return n;
}

std::string cut_end(std::string_view utf8, std::size_t width, std::string_view mark) {
  if (columns(utf8) <= width) return std::string(utf8);
  const std::size_t mark_width = columns(mark);
  if (width <= mark_width) return first_columns(mark, width);
  return first_columns(utf8, width - mark_width).append(mark);
}

std::string cut_middle(std::string_view utf8, std::size_t width, std::string_view mark) {
  if (columns(utf8) <= width) return std::string(utf8);
  const std::size_t mark_width = columns(mark);
  if (width <= mark_width + 1) return cut_end(utf8, width, mark);
  const std::size_t left = (width - mark_width) / 2;
  return first_columns(utf8, left).append(mark) + last_columns(utf8, width - mark_width - left);
}

std::string without_directory(std::string_view message, std::string_view directory) {
  if (directory.empty() || message.substr(0, directory.size()) != directory ||
      message.substr(directory.size(), 1) != "/") {
    return std::string(message);
  }
  return std::string(message.substr(directory.size() + 1));
}

std::string quote_text(std::string_view utf8, std::size_t limit) {
  std::string body;
  bool cut = false;
  std::size_t n = 0;
  each_character(utf8.substr(0, 4 * limit + 4), [&](std::string_view c, bool well_formed) {
    if (n++ >= limit) {
      cut = true;
    } else if (c == "\n") {
      body += "\\n";
    } else if (c == "\t") {
      body += "\\t";
    } else if (c == "\\" || c == "'") {
      body += '\\';
      body.append(c);
    } else if (well_formed && !is_control(c)) {
      body.append(c);
    } else {
      for (const char byte : c) body += hex_escape(byte);
    }
  });
  return "'" + body + (cut || utf8.size() > 4 * limit + 4 ? "...'" : "'");
}

std::string quote_bytes(std::string_view bytes, std::size_t limit) {
  std::string body;
  for (const char c : bytes.substr(0, limit)) {
    if (c == '\n') {
      body += "\\n";
    } else if (c == '\\' || c == '\'') {
      body += {'\\', c};
    } else if (c >= 0x20 && c < 0x7f) {
      body += c;
    } else {
      body += hex_escape(c);
    }
  }
  return "b'" + body + (bytes.size() > limit ? "...'" : "'");
}

std::string python_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 64> buffer{};
  const double magnitude = std::fabs(value);
  const bool fixed = magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e16);
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                    fixed ? std::chars_format::fixed : std::chars_format::scientific);
  if (error != std::errc()) return "?";
  std::string out(buffer.data(), end);
  if (fixed && out.find('.') == std::string::npos) out += ".0";
  return out;
}

std::string age_text(std::int64_t seconds) {
  constexpr std::int64_t kHour_s = 3600, kDay_s = 86400;
  if (seconds < 0) return "in the future";
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 2 * kHour_s) return std::to_string(seconds / 60) + " min";
  if (seconds < 2 * kDay_s) return std::to_string(seconds / kHour_s) + " h";
  return std::to_string(seconds / kDay_s) + " d";
}

std::string clock_text(std::int64_t unix_ns) {
  const std::time_t seconds = static_cast<std::time_t>(unix_ns / 1'000'000'000);
  std::tm parts{};
  if (unix_ns <= 0 || localtime_r(&seconds, &parts) == nullptr) return "-";
  std::array<char, 32> out{};
  const std::size_t n = std::strftime(out.data(), out.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return n == 0 ? "-" : std::string(out.data(), n);
}

std::string plural(std::uint64_t n, std::string_view noun) {
  return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

}  // namespace chkpt::inspect
