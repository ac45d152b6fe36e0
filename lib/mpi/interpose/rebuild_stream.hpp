// SPDX-License-Identifier: BSD-3-Clause
// The byte language of the recipes by which MPI objects are made again: little-endian integers,
// strings and lists with their length in front. The reader checks every length against what is
// left and throws FormatError, so a damaged recipe never reads beyond its end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace chkpt::mpi {

class RecipeWriter {
 public:
  void u64(std::uint64_t value) {
    for (int i = 0; i < 8; ++i) bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  void i64(std::int64_t value) { u64(static_cast<std::uint64_t>(value)); }
  void bytes(const void* data, std::size_t size) {
    u64(size);
    const auto* begin = static_cast<const std::uint8_t*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
  }
  void text(std::string_view s) { bytes(s.data(), s.size()); }
  template <class List>
  void integers(const List& list) {
    u64(list.size());
    for (auto value : list) i64(static_cast<std::int64_t>(value));
  }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

class RecipeReader {
 public:
  explicit RecipeReader(ByteView view) : view_(view) {}

  std::uint64_t u64() {
    const std::uint8_t* p = step(8);
    std::uint64_t value = 0;
    for (int i = 7; i >= 0; --i) value = value << 8 | p[i];
    return value;
  }
  std::int64_t i64() { return static_cast<std::int64_t>(u64()); }
  int integer() {
    const std::int64_t value = i64();
    if (value < INT32_MIN || value > INT32_MAX) throw FormatError("MPI recipe: number too large");
    return static_cast<int>(value);
  }
  ByteView bytes() {
    const std::uint64_t size = u64();
    return {step(size), static_cast<std::size_t>(size)};
  }
  std::string text() { return std::string(bytes().text()); }
  // How many items follow, each of at least `item_size` bytes: refuses a count that cannot be true
  // before anything is allocated for it.
  std::size_t count(std::size_t item_size) {
    const std::uint64_t n = u64();
    if (n > left() / item_size) throw FormatError("MPI recipe: list longer than the recipe");
    return static_cast<std::size_t>(n);
  }
  template <class T>
  std::vector<T> integers() {
    std::vector<T> list(count(8));
    for (T& value : list) value = static_cast<T>(i64());
    return list;
  }
  std::size_t left() const { return view_.size - at_; }
  bool at_end() const { return left() == 0; }

 private:
  const std::uint8_t* step(std::uint64_t size) {
    if (size > left()) throw FormatError("MPI recipe: ends too early");
    const std::uint8_t* here = view_.data + at_;
    at_ += static_cast<std::size_t>(size);
    return here;
  }

  ByteView view_;
  std::size_t at_ = 0;
};

}  // namespace chkpt::mpi
