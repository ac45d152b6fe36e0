// SPDX-License-Identifier: BSD-3-Clause
#include "inspect/pickle_graph.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "inspect/pickle_opcode.hpp"
#include "inspect/text.hpp"

namespace chkpt::inspect {
namespace {

// Two's complement, least significant byte first, as LONG1 and LONG4 store it.
std::optional<std::int64_t> small_long(std::string_view bytes) {
  if (bytes.size() > 8) return std::nullopt;
  if (bytes.empty()) return 0;
  std::uint64_t value = (bytes.back() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = (value << 8) | static_cast<std::uint8_t>(bytes[i]);
  }
  return static_cast<std::int64_t>(value);
}

std::string hex_of_long(std::string_view bytes) {
  constexpr std::size_t kShownDigits = 32;
  const bool negative = (bytes.back() & 0x80) != 0;
  std::string magnitude(bytes);
  if (negative) {
    bool carry = true;  // invert and add one
    for (char& c : magnitude) {
      c = static_cast<char>(~static_cast<unsigned char>(c) + (carry ? 1 : 0));
      carry = carry && c == 0;
    }
  }
  std::string digits;
  constexpr char kHex[] = "0123456789abcdef";
  for (std::size_t i = magnitude.size(); i-- > 0 && digits.size() <= kShownDigits;) {
    const auto byte = static_cast<unsigned char>(magnitude[i]);
    if (digits.empty() && byte == 0) continue;
    digits += {kHex[byte >> 4], kHex[byte & 15]};
  }
  if (!digits.empty() && digits[0] == '0') digits.erase(0, 1);
  const bool cut = digits.size() > kShownDigits;
  if (cut) digits.resize(kShownDigits);
  return (negative ? "-0x" : "0x") + digits +
         (cut ? "... (" + std::to_string(bytes.size()) + " bytes)" : "");
}

std::optional<std::int64_t> parse_decimal(std::string_view line) {
  std::string text(line);
  if (!text.empty() && text.back() == 'L') text.pop_back();
  if (text.empty()) return std::nullopt;
  errno = 0;
  char* end = nullptr;
  const long long value = std::strtoll(text.c_str(), &end, 10);
  if (errno != 0 || *end != '\0') return std::nullopt;
  return value;
}

}  // namespace

bool Graph::is_composite(Kind kind) { return kind >= Kind::kTuple && kind <= Kind::kPersistent; }

std::uint32_t Graph::first_run(NodeId n) const {
  if (!is_composite(nodes_[n].kind)) return kNoNode;
  return composites_[nodes_[n].extra].first_run;
}

std::size_t Graph::count(NodeId n, Role role) const {
  std::size_t total = 0;
  for (std::uint32_t r = first_run(n); r != kNoNode; r = runs_[r].next) {
    if (runs_[r].role == role) total += runs_[r].edges;
  }
  return total;
}

std::vector<NodeId> Graph::children(NodeId n, Role role, std::size_t limit) const {
  std::vector<NodeId> out;
  for (std::uint32_t r = first_run(n); r != kNoNode && out.size() < limit; r = runs_[r].next) {
    if (runs_[r].role != role) continue;
    for (std::uint32_t i = 0; i < runs_[r].edges && out.size() < limit; ++i) {
      out.push_back(edges_[runs_[r].first_edge + i]);
    }
  }
  return out;
}

NodeId Graph::child(NodeId n, Role role, std::size_t index) const {
  for (std::uint32_t r = first_run(n); r != kNoNode; r = runs_[r].next) {
    if (runs_[r].role != role) continue;
    if (index < runs_[r].edges) return edges_[runs_[r].first_edge + index];
    index -= runs_[r].edges;
  }
  return kNoNode;
}

std::size_t Graph::own_bytes(NodeId n) const {
  return decode_instruction(stream_, nodes_[n].offset).length;
}

bool Graph::truth(NodeId n) const {
  const Instruction in = decode_instruction(stream_, nodes_[n].offset);
  return in.opcode == 0x88 || in.payload == "01";
}

std::optional<std::int64_t> Graph::integer(NodeId n) const {
  if (kind(n) == Kind::kBool) return truth(n) ? 1 : 0;
  if (kind(n) != Kind::kInt) return std::nullopt;
  const Instruction in = decode_instruction(stream_, nodes_[n].offset);
  switch (in.opcode) {
    case 'J':
      return static_cast<std::int32_t>(static_cast<std::uint32_t>(in.number));
    case 'I':
    case 'L':
      return parse_decimal(in.payload);
    case 0x8a:
    case 0x8b:
      return small_long(in.payload);
    default:
      return static_cast<std::int64_t>(in.number);
  }
}

std::string Graph::integer_text(NodeId n) const {
  if (const auto value = integer(n)) return std::to_string(*value);
  const Instruction in = decode_instruction(stream_, nodes_[n].offset);
  if (in.opcode == 'I' || in.opcode == 'L') return printable(in.payload.substr(0, 40));
  return hex_of_long(in.payload);
}

std::string_view Graph::long_digits(NodeId n) const {
  if (kind(n) != Kind::kInt || integer(n)) return {};
  return decode_instruction(stream_, nodes_[n].offset).payload;
}

double Graph::real(NodeId n) const {
  const Instruction in = decode_instruction(stream_, nodes_[n].offset);
  if (in.opcode == 'F') return std::strtod(std::string(in.payload).c_str(), nullptr);
  const std::uint64_t bits = __builtin_bswap64(in.number);  // BINFLOAT is big-endian
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::string_view Graph::raw_text(NodeId n) const {
  switch (kind(n)) {
    case Kind::kText:
    case Kind::kBytes:
    case Kind::kByteArray:
      return decode_instruction(stream_, nodes_[n].offset).payload;
    default:
      return {};
  }
}

std::string Graph::text(NodeId n) const {
  return kind(n) == Kind::kText ? std::string(raw_text(n)) : std::string();
}

std::string Graph::global_name(NodeId n) const {
  if (kind(n) != Kind::kGlobal) return {};
  const Instruction in = decode_instruction(stream_, nodes_[n].offset);
  if (in.opcode == 'c' || in.opcode == 'i') {
    return std::string(in.payload) + "." + std::string(in.second_line);
  }
  const NodeId module = child(n, Role::kParts, 0);
  const NodeId name = child(n, Role::kParts, 1);
  if (module == kNoNode || name == kNoNode) return {};
  return text(module) + "." + text(name);
}

std::uint64_t Graph::number(NodeId n) const {
  if (kind(n) == Kind::kBuffer) return nodes_[n].extra;
  return decode_instruction(stream_, nodes_[n].offset).number;
}

}  // namespace chkpt::inspect
