// SPDX-License-Identifier: BSD-3-Clause
#include "store/element.hpp"

namespace chkpt::store {
namespace {

using Kind = Element::Kind;

// Sizes as in Python's struct module: native without a prefix (x86-64 and AArch64 Linux agree),
// standard after '<', '>', '=' and '!'.
std::optional<Element> plain_element(char code, bool standard_sizes) {
  const std::uint32_t long_size = standard_sizes ? 4 : 8;
  switch (code) {
    case '?':
      return Element{Kind::kBool, 1};
    case 'b':
      return Element{Kind::kSigned, 1};
    case 'B':
    case 'c':
      return Element{Kind::kUnsigned, 1};
    case 'h':
      return Element{Kind::kSigned, 2};
    case 'H':
      return Element{Kind::kUnsigned, 2};
    case 'i':
      return Element{Kind::kSigned, 4};
    case 'I':
      return Element{Kind::kUnsigned, 4};
    case 'l':
      return Element{Kind::kSigned, long_size};
    case 'L':
      return Element{Kind::kUnsigned, long_size};
    case 'q':
      return Element{Kind::kSigned, 8};
    case 'Q':
      return Element{Kind::kUnsigned, 8};
    case 'e':
      return Element{Kind::kFloat, 2};
    case 'f':
      return Element{Kind::kFloat, 4};
    case 'd':
      return Element{Kind::kFloat, 8};
    default:
      break;
  }
  if (standard_sizes) return std::nullopt;
  if (code == 'n') return Element{Kind::kSigned, 8};
  if (code == 'N') return Element{Kind::kUnsigned, 8};
  return std::nullopt;
}

}  // namespace

std::string Element::name() const {
  if (kind == Kind::kBool) return "bool";
  const char* base = kind == Kind::kSigned     ? "int"
                     : kind == Kind::kUnsigned ? "uint"
                     : kind == Kind::kFloat    ? "float"
                                               : "complex";
  return base + std::to_string(size * 8) + (big_endian && size > 1 ? " (big endian)" : "");
}

std::optional<Element> parse_element(std::string_view format) {
  bool standard_sizes = false;
  bool big_endian = false;
  if (!format.empty() && std::string_view("<>=!@").find(format.front()) != std::string_view::npos) {
    standard_sizes = format.front() != '@';
    big_endian = format.front() == '>' || format.front() == '!';
    format.remove_prefix(1);
  }
  const bool is_complex = format.size() == 2 && format.front() == 'Z';
  if (is_complex) format.remove_prefix(1);
  if (format.size() != 1) return std::nullopt;
  auto element = plain_element(format.front(), standard_sizes);
  if (!element) return std::nullopt;
  if (is_complex) {
    if (element->kind != Kind::kFloat || element->size < 4) return std::nullopt;
    element->kind = Kind::kComplex;
    element->size *= 2;
  }
  element->big_endian = big_endian;
  return element;
}

bool fits(const Element& element, const std::vector<std::uint64_t>& shape, std::uint64_t size) {
  std::uint64_t product = element.size;
  for (const std::uint64_t extent : shape) {
    if (__builtin_mul_overflow(product, extent, &product)) return false;
  }
  return product == size;
}

}  // namespace chkpt::store
