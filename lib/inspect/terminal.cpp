// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/terminal.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <langinfo.h>
#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "inspect/text.hpp"

namespace chkpt::inspect {
namespace {

constexpr std::size_t kDefaultWidth = 80;
constexpr std::size_t kLabelWidth = 12;
constexpr std::size_t kNarrowestColumn = 16;
constexpr std::size_t kGap = 2;

const char* escape_of(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kGood:
      return "\x1b[32m";
    case Style::kBad:
      return "\x1b[31m";
    case Style::kName:
      return "\x1b[36m";
  }
  return "";
}

std::size_t terminal_width() {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col >= 40) {
    return window.ws_col;
  }
  return kDefaultWidth;
}

bool locale_is_utf8() {
  const locale_t locale = ::newlocale(LC_CTYPE_MASK, "", nullptr);
  if (locale == nullptr) return false;
  const bool utf8 = std::strcmp(::nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
  ::freelocale(locale);
  return utf8;
}

}  // namespace

Terminal Terminal::of_stdout(std::ostream& out, bool unlimited_width) {
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
  const bool colours = is_terminal && !dumb && (no_color == nullptr || *no_color == '\0');
  const std::size_t width = unlimited_width ? SIZE_MAX / 2
                            : is_terminal   ? terminal_width()
                                            : kDefaultWidth;
  return {out, width, colours, locale_is_utf8()};
}

std::string Terminal::encode(std::string_view text) const {
  return utf8_ ? std::string(text) : ascii_only(text);
}

std::string Terminal::styled(std::string_view text, Style style) const {
  if (!colours_ || style == Style::kPlain) return std::string(text);
  return escape_of(style) + std::string(text) + "\x1b[0m";
}

void Terminal::line(std::string_view text, Style style) {
  out_ << styled(cut_end(encode(text), width_, ellipsis()), style) << '\n';
}

void Terminal::heading(std::string_view text) {
  out_ << '\n';
  line(text, Style::kBold);
}

void Terminal::field(std::string_view label, std::string_view text, Style style) {
  std::string head = "  " + std::string(label);
  head.resize(std::max(head.size() + 1, kLabelWidth), ' ');
  const std::size_t room = width_ - std::min(width_, head.size());
  out_ << styled(head, Style::kDim) << styled(cut_middle(encode(text), room, ellipsis()), style)
       << '\n';
}

void Table::row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths(const Terminal& terminal) const {
  std::vector<std::size_t> out;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t widest = columns(columns_[c].title);
    for (const auto& cells : rows_) widest = std::max(widest, columns(cells[c]));
    out.push_back(widest);
  }
  const auto needed = [&] {
    std::size_t total = kGap;
    for (const std::size_t w : out) total += w + kGap;
    return total - kGap;
  };
  while (needed() > terminal.width()) {
    const std::size_t victim = column_to_cut(out);
    if (victim == out.size()) break;
    --out[victim];
  }
  return out;
}

// columns_.size(): none can become narrower.
std::size_t Table::column_to_cut(const std::vector<std::size_t>& widths_now) const {
  std::size_t best = columns_.size();
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].yields == 0 || widths_now[c] <= kNarrowestColumn) continue;
    if (best == columns_.size() || columns_[c].yields > columns_[best].yields) best = c;
  }
  return best;
}

void Table::print(Terminal& terminal, bool with_titles) const {
  const std::vector<std::size_t> widths_now = widths(terminal);
  if (with_titles) {
    std::vector<std::string> titles;
    for (const Column& column : columns_) titles.push_back(column.title);
    print_row(terminal, titles, widths_now, true);
  }
  for (const auto& cells : rows_) print_row(terminal, cells, widths_now, false);
}

void Table::print_row(Terminal& terminal, const std::vector<std::string>& cells,
                      const std::vector<std::size_t>& widths_now, bool is_title) const {
  std::string pending(kGap, ' ');  // blanks are written only in front of text
  std::size_t column = kGap;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (column >= terminal.width()) break;
    const std::size_t room = std::min(widths_now[c], terminal.width() - column);
    const std::string whole = terminal.encode(cells[c]);
    const std::string text = columns_[c].shows_end ? cut_middle(whole, room, terminal.ellipsis())
                                                   : cut_end(whole, room, terminal.ellipsis());
    const std::string fill(room - columns(text), ' ');
    const bool right = columns_[c].align == Align::kRight;
    if (right) pending += fill;
    if (!text.empty()) {
      terminal.out() << pending
                     << terminal.styled(text, is_title ? Style::kDim : columns_[c].style);
      pending.clear();
    }
    if (!right) pending += fill;
    pending.append(kGap, ' ');
    column += room + kGap;
  }
  terminal.out() << '\n';
}

}  // namespace chkpt::inspect
