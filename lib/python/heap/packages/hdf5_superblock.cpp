// SPDX-License-Identifier: BSD-3-Clause
// HDF5 File Format Specification 3.0, II.A: the superblock stands at 0, 512, 1024, ... Version 3:
// signature (8 bytes), version, size of offsets, size of lengths, consistency flags, four offsets,
// and the checksum of all these (Jenkins' lookup3).
#include "python/heap/packages/hdf5_superblock.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/file.hpp"

namespace chkpt::heap::hdf5 {
namespace {

constexpr unsigned char kSignature[] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
constexpr std::size_t kVersionAt = 8, kOffsetSizeAt = 9, kFlagsAt = 11, kOffsetsAt = 12;
constexpr int kFirstVersionWithMark = 3;
constexpr std::size_t kLargest =
    kOffsetsAt + std::size_t{4} * 8 + 4;  // offsets of 8 bytes, the checksum
using Superblock = std::array<unsigned char, kLargest>;

std::uint32_t rotated(std::uint32_t value, unsigned by) {
  return (value << by) | (value >> (32 - by));
}

std::uint32_t word(const unsigned char* bytes, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size && i < 4; ++i) value |= std::uint32_t{bytes[i]} << (8 * i);
  return value;
}

void mix(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c) {
  a -= c, a ^= rotated(c, 4), c += b;
  b -= a, b ^= rotated(a, 6), a += c;
  c -= b, c ^= rotated(b, 8), b += a;
  a -= c, a ^= rotated(c, 16), c += b;
  b -= a, b ^= rotated(a, 19), a += c;
  c -= b, c ^= rotated(b, 4), b += a;
}

void finish(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c) {
  c ^= b, c -= rotated(b, 14);
  a ^= c, a -= rotated(c, 11);
  b ^= a, b -= rotated(a, 25);
  c ^= b, c -= rotated(b, 16);
  a ^= c, a -= rotated(c, 4);
  b ^= a, b -= rotated(a, 14);
  c ^= b, c -= rotated(b, 24);
}

std::uint32_t lookup3(const unsigned char* bytes, std::size_t size) {
  std::uint32_t a = 0xdeadbeef + static_cast<std::uint32_t>(size), b = a, c = a;
  for (; size > 12; bytes += 12, size -= 12) {
    a += word(bytes, 4), b += word(bytes + 4, 4), c += word(bytes + 8, 4);
    mix(a, b, c);
  }
  if (size == 0) return c;
  a += word(bytes, size);
  if (size > 4) b += word(bytes + 4, size - 4);
  if (size > 8) c += word(bytes + 8, size - 8);
  finish(a, b, c);
  return c;
}

bool read_superblock(int fd, off_t at, Superblock* block) {
  return ::pread(fd, block->data(), block->size(), at) == static_cast<ssize_t>(block->size());
}

// Clears the mark in memory; false if there is nothing to write.
bool clear_mark(Superblock& block) {
  const std::size_t size = kOffsetsAt + std::size_t{4} * block[kOffsetSizeAt];
  if (block[kVersionAt] < kFirstVersionWithMark || block[kFlagsAt] == 0) return false;
  if (size + 4 > kLargest || word(&block[size], 4) != lookup3(block.data(), size)) return false;
  block[kFlagsAt] = 0;
  const std::uint32_t sum = lookup3(block.data(), size);
  for (std::size_t i = 0; i < 4; ++i) block[size + i] = static_cast<unsigned char>(sum >> (8 * i));
  return true;
}

}  // namespace

void clear_open_mark(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) throw_io("cannot open", path, errno);
  Superblock block{};
  for (off_t at = 0; read_superblock(fd.get(), at, &block); at = at == 0 ? 512 : 2 * at) {
    if (std::memcmp(block.data(), kSignature, sizeof kSignature) != 0) continue;
    if (clear_mark(block))
      write_all(fd.get(), {block.data(), block.size()}, static_cast<std::uint64_t>(at), path);
    return;
  }
}

}  // namespace chkpt::heap::hdf5
