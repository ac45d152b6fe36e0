// SPDX-License-Identifier: BSD-3-Clause
#include "base/malloc_block.hpp"

#include <cerrno>
#include <cstring>

#include <sys/uio.h>
#include <unistd.h>

namespace chkpt {
namespace {

using Word = std::uintptr_t;
constexpr Word kPage = 4096;

}  // namespace

bool read_memory(std::uintptr_t from, void* to, std::size_t size, const MappedMemory& mapped) {
  if (from < kPage || from + size < from || !mapped.contains(from, size)) return false;
  auto* source = reinterpret_cast<void*>(from);  // NOLINT
  const iovec there{source, size}, here{to, size};
  const ssize_t got = ::process_vm_readv(::getpid(), &here, 1, &there, 1, 0);
  if (got >= 0) return static_cast<std::size_t>(got) == size;
  if (errno != EPERM && errno != ENOSYS) return false;
  std::memcpy(to, source, size);
  return true;
}

// Before each block is its size, with three flags, and before the next one whether this one is in
// use.
std::size_t malloc_block_size(std::uintptr_t address, const MappedMemory& mapped) {
  constexpr Word kFlags = 7, kInUse = 1, kMapped = 2, kWord = sizeof(Word), kHead = 2 * kWord;
  constexpr Word kLargest = Word{1} << 40;
  Word head = 0, next = 0;
  if (address % kHead != 0 || !read_memory(address - kWord, &head, kWord, mapped)) return 0;
  const Word begin = address - kHead, size = head & ~kFlags;
  if (size < 2 * kHead || size % kHead != 0 || size > kLargest || !mapped.contains(begin, size))
    return 0;
  if ((head & kMapped) != 0) return begin % kPage == 0 && size % kPage == 0 ? size - kHead : 0;
  if (!read_memory(begin + size + kWord, &next, kWord, mapped)) return 0;
  const Word next_size = next & ~kFlags;
  return (next & kInUse) != 0 && next_size >= kHead && next_size < kLargest ? size - kWord : 0;
}

}  // namespace chkpt
