// SPDX-License-Identifier: BSD-3-Clause
// A look through the variables of compiled code, word by word: what in them is an address, and what
// is plain.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/high_heap.hpp"
#include "base/loaded_images.hpp"
#include "base/mapped_memory.hpp"
#include "python/heap/compiled/image_variables.hpp"

namespace chkpt::heap {

using Word = std::uintptr_t;
constexpr std::size_t kWordSize = sizeof(Word);

// Variables that lie at the same places, seen from `base`, in every process.
struct KeptMemory {
  Word base;
  std::vector<Variable> variables;  // in order
};

struct FoundAddress {
  const Variable* variable;
  std::size_t memory;
  Word place, word;
};

inline Word word_at(Word place) {
  Word word = 0;
  std::memcpy(&word, reinterpret_cast<const void*>(place), kWordSize);  // NOLINT
  return word;
}

// Most words can be told apart from addresses without a look at what is mapped.
inline bool may_be_address(Word word) {
  constexpr Word kEnd = Word{1} << 47;
  return word >= kLowestHighAddress && word < kEnd;
}

// Below what malloc() gives is only a program linked at a fixed address, among ordinary numbers:
// they are taken for addresses in it where a variable has room for nothing else. Elsewhere they
// stay numbers, good for the same program.
inline bool is_in_program(const LoadedImage& program, Word word) {
  return word < kLowestHighAddress && program.contains(word);
}

// Calls use(place, size) for each word, and for what lies in front of and behind the whole words.
template <class Use>
void each_word_of(const Variable& variable, Use use) {
  for (Word at = variable.begin; at < variable.end;) {
    const Word next = std::min(variable.end, (at & ~(kWordSize - 1)) + kWordSize);
    use(at, next - at);
    at = next;
  }
}

inline bool is_zero(Word place, std::size_t size) {
  const auto* begin = reinterpret_cast<const char*>(place);  // NOLINT
  return std::all_of(begin, begin + size, [](char byte) { return byte == 0; });
}

// Calls plain(memory, place, size) for what is no address and not 0, address(found) for the others.
template <class Plain, class Address>
void look_through(const std::vector<KeptMemory>& memories, Plain plain, Address address) {
  const MappedMemory map(Mapped::kAll);
  const std::vector<LoadedImage> images = loaded_images();
  for (std::size_t i = 0; i < memories.size(); ++i)
    for (const Variable& variable : memories[i].variables) {
      const bool is_one_word = variable.end - variable.begin == kWordSize;
      each_word_of(variable, [&](Word at, std::size_t size) {
        const Word word = size == kWordSize ? word_at(at) : 0;
        if (word < kLowestHighAddress ? is_one_word && is_in_program(images.front(), word)
                                      : may_be_address(word) && map.contains(word))
          address(FoundAddress{&variable, i, at, word});
        else if (!is_zero(at, size))
          plain(i, at, size);
      });
    }
}

}  // namespace chkpt::heap
