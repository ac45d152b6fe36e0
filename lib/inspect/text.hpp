// SPDX-License-Identifier: BSD-3-Clause
// Text for people: foreign bytes made safe for a terminal, sizes, counts, ages, cut to a width.
// Whatever comes out of a checkpoint passes through printable() before it is shown: no control
// character reaches the terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chkpt::inspect {

// Valid UTF-8 stays; control characters and broken sequences become \xNN.
std::string printable(std::string_view bytes);
// Everything outside ASCII becomes ?, one for each character; for LC_ALL=C.
std::string ascii_only(std::string_view utf8);

// Columns that `utf8` takes, counting each character as one.
std::size_t columns(std::string_view utf8);
// At most `width` columns, with `mark` ("…" or "...") where characters were left out.
std::string cut_end(std::string_view utf8, std::size_t width, std::string_view mark);
std::string cut_middle(std::string_view utf8, std::size_t width, std::string_view mark);

// `message` without the directory at its beginning: "<directory>/file: why" -> "file: why".
std::string without_directory(std::string_view message, std::string_view directory);

// Python's own notation, cut to about `limit` characters with "..." at the end.
std::string quote_text(std::string_view utf8, std::size_t limit);
std::string quote_bytes(std::string_view bytes, std::size_t limit);
std::string python_float(double value);

std::string age_text(std::int64_t seconds);                  // "3 min", "2 h", "5 d"
std::string clock_text(std::int64_t unix_ns);                // local "2026-11-22 12:03:11"
std::string plural(std::uint64_t n, std::string_view noun);  // "1 rank", "4 ranks"

}  // namespace chkpt::inspect
