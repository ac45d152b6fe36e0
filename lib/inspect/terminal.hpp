// SPDX-License-Identifier: BSD-3-Clause
// How text is shown: width, colours, UTF-8 or ASCII. Colours only on a terminal and never with
// NO_COLOR; ASCII where the locale is not UTF-8; 80 columns where no terminal tells its width.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace chkpt::inspect {

enum class Style { kPlain, kBold, kDim, kGood, kBad, kName };

class Terminal {
 public:
  Terminal(std::ostream& out, std::size_t width, bool colours, bool utf8)
      : out_(out), width_(width), colours_(colours), utf8_(utf8) {}
  // Of standard output, from isatty, the window, NO_COLOR, TERM, COLUMNS and the locale.
  static Terminal of_stdout(std::ostream& out, bool unlimited_width);

  std::size_t width() const { return width_; }
  std::string_view ellipsis() const { return utf8_ ? "\u2026" : "..."; }
  std::string_view bullet() const { return utf8_ ? "\u2022" : "*"; }

  // One line, cut to the width. Text must be printable().
  void line(std::string_view text = {}, Style style = Style::kPlain);
  void heading(std::string_view text);
  // "label      text", the text cut at the end, or in the middle (paths).
  void field(std::string_view label, std::string_view text, Style style = Style::kPlain);

  std::string styled(std::string_view text, Style style) const;
  // In the terminal's character set.
  std::string encode(std::string_view text) const;
  std::ostream& out() { return out_; }

 private:
  std::ostream& out_;
  std::size_t width_;
  bool colours_;
  bool utf8_;
};

// Columns of text; where the lines would not fit, the columns that yield most give way first.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
    int yields = 0;  // 0: never
    Style style = Style::kPlain;
    bool shows_end = true;  // when cut: in the middle, as names are, else at the end
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void row(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  void print(Terminal& terminal, bool with_titles = true) const;

 private:
  std::vector<std::size_t> widths(const Terminal& terminal) const;
  std::size_t column_to_cut(const std::vector<std::size_t>& widths) const;
  void print_row(Terminal& terminal, const std::vector<std::string>& cells,
                 const std::vector<std::size_t>& widths, bool is_title) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace chkpt::inspect
