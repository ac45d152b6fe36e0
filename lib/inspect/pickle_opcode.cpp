// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/pickle_opcode.hpp"

#include <array>
#include <string>

#include "base/error.hpp"

namespace chkpt::inspect {
namespace {

enum class Argument : std::uint8_t {
  kUnknown,  // no such opcode
  kNothing,
  kFixed1,
  kFixed2,
  kFixed4,
  kFixed8,
  kCounted1,  // n: 1 byte, then n bytes
  kCounted4,
  kCounted8,
  kLine,  // text up to a newline
  kTwoLines,
};

constexpr std::array<Argument, 256> make_table() {
  std::array<Argument, 256> table{};
  for (const char c :
       std::string_view("(.012NRQ)}]abdeloust\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92"
                        "\x93\x94\x97\x98")) {
    table[static_cast<std::uint8_t>(c)] = Argument::kNothing;
  }
  for (const char c : std::string_view("Khq\x80\x82")) {
    table[static_cast<std::uint8_t>(c)] = Argument::kFixed1;
  }
  for (const char c : std::string_view("M\x83")) {
    table[static_cast<std::uint8_t>(c)] = Argument::kFixed2;
  }
  for (const char c : std::string_view("Jjr\x84")) {
    table[static_cast<std::uint8_t>(c)] = Argument::kFixed4;
  }
  for (const char c : std::string_view("G\x95")) {
    table[static_cast<std::uint8_t>(c)] = Argument::kFixed8;
  }
  for (const char c : std::string_view("UC\x8a\x8c")) {
    table[static_cast<std::uint8_t>(c)] = Argument::kCounted1;
  }
  for (const char c : std::string_view("TXB\x8b")) {
    table[static_cast<std::uint8_t>(c)] = Argument::kCounted4;
  }
  for (const char c : std::string_view("\x8d\x8e\x96")) {
    table[static_cast<std::uint8_t>(c)] = Argument::kCounted8;
  }
  for (const char c : std::string_view("FILPSVgp")) {
    table[static_cast<std::uint8_t>(c)] = Argument::kLine;
  }
  for (const char c : std::string_view("ci")) {
    table[static_cast<std::uint8_t>(c)] = Argument::kTwoLines;
  }
  return table;
}
constexpr std::array<Argument, 256> kArguments = make_table();

[[noreturn]] void fail(std::size_t offset, const std::string& what) {
  throw FormatError("pickle: " + what + " at byte " + std::to_string(offset));
}

// Reads forward inside the stream; every step is checked against the bytes that are left.
class Cursor {
 public:
  Cursor(ByteView stream, std::size_t offset) : stream_(stream), start_(offset), at_(offset) {}

  std::uint64_t little_endian(std::size_t width) {
    need(width);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      value |= static_cast<std::uint64_t>(stream_.data[at_ + i]) << (8 * i);
    }
    at_ += width;
    return value;
  }
  std::string_view counted(std::uint64_t n) {
    need(n);
    const std::string_view bytes = stream_.text().substr(at_, n);
    at_ += n;
    return bytes;
  }
  std::string_view line() {
    const std::size_t newline = stream_.text().find('\n', at_);
    if (newline == std::string_view::npos) fail(start_, "unfinished text line");
    const std::string_view text = stream_.text().substr(at_, newline - at_);
    at_ = newline + 1;
    return text;
  }
  std::size_t consumed() const { return at_ - start_; }

 private:
  void need(std::uint64_t n) const {
    if (n > stream_.size - at_) fail(start_, "truncated argument");
  }

  ByteView stream_;
  std::size_t start_;
  std::size_t at_;
};

}  // namespace

Instruction decode_instruction(ByteView stream, std::size_t offset) {
  if (offset >= stream.size) fail(offset, "stream ends without STOP");
  Instruction out;
  out.offset = offset;
  out.opcode = stream.data[offset];
  Cursor cursor(stream, offset);
  cursor.little_endian(1);
  switch (kArguments[out.opcode]) {
    case Argument::kUnknown:
      fail(offset, "unknown opcode " + std::to_string(out.opcode));
    case Argument::kNothing:
      break;
    case Argument::kFixed1:
      out.number = cursor.little_endian(1);
      break;
    case Argument::kFixed2:
      out.number = cursor.little_endian(2);
      break;
    case Argument::kFixed4:
      out.number = cursor.little_endian(4);
      break;
    case Argument::kFixed8:
      out.number = cursor.little_endian(8);
      break;
    case Argument::kCounted1:
      out.payload = cursor.counted(cursor.little_endian(1));
      break;
    case Argument::kCounted4:
      out.payload = cursor.counted(cursor.little_endian(4));
      break;
    case Argument::kCounted8:
      out.payload = cursor.counted(cursor.little_endian(8));
      break;
    case Argument::kLine:
      out.payload = cursor.line();
      break;
    case Argument::kTwoLines:
      out.payload = cursor.line();
      out.second_line = cursor.line();
      break;
  }
  out.length = cursor.consumed();
  return out;
}

}  // namespace chkpt::inspect
