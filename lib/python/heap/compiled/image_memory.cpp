// SPDX-License-Identifier: BSD-3-Clause
// Words that are no addresses are taken as they are. An address in the library itself goes as its
// offset there. Any other new address leads to memory of which nothing is known.
#include <Python.h>

#include "python/heap/compiled/image_memory.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/loaded_images.hpp"
#include "base/mapped_memory.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

using Word = std::uint64_t;

// The words of an image that may be state. What belongs to Python or to the linker is left out.
class Words {
 public:
  explicit Words(const LoadedImage& image) {
    constexpr std::uintptr_t kMask = sizeof(Word) - 1;
    const AddressRange data = image.data();
    start_ = (data.begin + kMask) & ~kMask;
    if (data.end > start_) size_ = (data.end - start_) / sizeof(Word);
    skip(image.linkage());
    for (std::size_t i = 1; i < size_; ++i) {
      const auto* type = reinterpret_cast<const void*>(get(i));  // NOLINT
      // The second word of an object is its type.
      const std::uintptr_t object = start_ + (i - 1) * sizeof(Word);
      if (type == &PyType_Type) skip({object, object + sizeof(PyTypeObject)});
      if (type == &PyModuleDef_Type) skip({object, object + sizeof(PyModuleDef)});
    }
  }

  std::size_t size() const { return size_; }
  Word get(std::size_t i) const {
    Word word = 0;
    std::memcpy(&word, place(i), sizeof word);
    return word;
  }
  void set(std::size_t i, Word word) { std::memcpy(place(i), &word, sizeof word); }
  // Whether word `i` is left out; then also behind which word that ends.
  bool is_skipped(std::size_t i, std::size_t& end) const {
    for (const auto& [first, last] : skipped_) {
      if (i < first || i >= last) continue;
      end = last;
      return true;
    }
    return false;
  }

 private:
  void* place(std::size_t i) const {
    return reinterpret_cast<void*>(start_ + i * sizeof(Word));  // NOLINT
  }
  void skip(AddressRange range) {
    const std::uintptr_t end = start_ + size_ * sizeof(Word);
    const std::uintptr_t first = std::clamp(range.begin, start_, end);
    const std::uintptr_t last = std::clamp(range.end, start_, end);
    if (first < last)
      skipped_.emplace_back((first - start_) / sizeof(Word),
                            (last - start_ + sizeof(Word) - 1) / sizeof(Word));
  }

  std::uintptr_t start_ = 0;
  std::size_t size_ = 0;
  std::vector<std::pair<std::size_t, std::size_t>> skipped_;  // a handful
};

// What was there when the module was loaded: (index, word) of all that are not 0, in order.
using Memory = std::vector<std::pair<std::size_t, Word>>;
std::map<std::string, Memory>& memories() {
  static std::map<std::string, Memory> by_path;
  return by_path;
}

// Runs of words (start, count), the words, indices of the offsets among them, and which words are
// addresses of what is saved in another way.
struct Changes {
  std::vector<Word> runs, words, offsets, foreign;

  void add(std::size_t i, Word word, bool is_offset) {
    if (runs.empty() || runs[runs.size() - 2] + runs.back() != i) {
      runs.push_back(i);
      runs.push_back(0);
    }
    ++runs.back();
    if (is_offset) offsets.push_back(words.size());
    words.push_back(word);
  }
};

Ref packed(const std::vector<Word>& words) {
  return own(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(words.data()),
                                       static_cast<Py_ssize_t>(words.size() * sizeof(Word))));
}

std::vector<Word> unpacked(PyObject* bytes) {
  const auto size = static_cast<std::size_t>(PyBytes_Size(bytes));
  if (!PyBytes_Check(bytes) || size % sizeof(Word) != 0) broken("a saved memory has no such size");
  std::vector<Word> words(size / sizeof(Word));
  std::memcpy(words.data(), PyBytes_AsString(bytes), size);
  return words;
}

// Calls visit(i, word i when the module was loaded) for each word that may be state.
template <class Visit>
void each_word(const Words& words, const Memory& before, Visit visit) {
  auto known = before.begin();
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (std::size_t end = i; words.is_skipped(i, end)) {
      i = end - 1;
      continue;
    }
    while (known != before.end() && known->first < i) ++known;
    visit(i, known != before.end() && known->first == i ? known->second : Word{0});
  }
}

// What f2py's own loops over the elements of an array leave behind, which nothing looks at again
// (forcombcache in its fortranobject.c): how many dimensions, three addresses of memory that may be
// gone by now, whether transposed.
constexpr std::size_t kScratchWords = 5;
bool is_scratch(const Words& words, std::size_t at) {
  constexpr Word kMostDimensions = 64, kLowestOfHeap = Word{1} << 32, kEnd = Word{1} << 47;
  if (at + kScratchWords > words.size()) return false;
  const auto leads_somewhere = [&](std::size_t i) {
    const Word word = words.get(at + i);
    return word >= kLowestOfHeap && word < kEnd && word % sizeof(Word) == 0;
  };
  return words.get(at) > 0 && words.get(at) <= kMostDimensions && leads_somewhere(1) &&
         leads_somewhere(2) && leads_somewhere(3) && words.get(at + 4) <= 1;
}

Changes changes_of(const LoadedImage& image, const Memory& before,
                   const std::vector<std::uintptr_t>& allocated) {
  const Words words(image);
  const AddressRange all = image.all();
  std::optional<MappedMemory> map;  // takes a while to read, and mostly nothing has changed
  const auto leads_somewhere = [&](Word word) {
    if (!map) map.emplace(Mapped::kAll);
    return map->contains(word);
  };
  Changes changes;
  std::size_t scratch_end = 0;
  each_word(words, before, [&](std::size_t i, Word was) {
    const Word now = words.get(i);
    if (was == 0 && is_scratch(words, i)) scratch_end = i + kScratchWords;
    if (now == was || i < scratch_end) return;
    if (all.contains(now))
      changes.add(i, now - all.begin, true);
    else if (!leads_somewhere(now))
      changes.add(i, now, false);
    else if (std::find(allocated.begin(), allocated.end(), now) != allocated.end())
      changes.foreign.push_back(i);
    else
      refuse("the code in " + image.path() +
             " keeps the address of memory that it did not have when it was loaded");
  });
  return changes;
}

// What the words are to be: (index, word), in order. False: of another library.
bool unpack_changes(PyObject* packed_changes, const LoadedImage& image, std::size_t size,
                    Memory& changed) {
  const std::vector<Word> runs = unpacked(item(packed_changes, 1));
  std::vector<Word> values = unpacked(item(packed_changes, 2));
  if (static_cast<std::size_t>(integer(item(packed_changes, 0))) != size) return false;
  for (const Word at : unpacked(item(packed_changes, 3))) {
    if (at >= values.size()) return false;
    values[at] += image.all().begin;
  }
  for (std::size_t run = 0; run + 1 < runs.size(); run += 2)
    for (Word i = 0; i < runs[run + 1]; ++i) {
      if (runs[run] + i >= size || changed.size() == values.size()) return false;
      changed.emplace_back(runs[run] + i, values[changed.size()]);
    }
  return changed.size() == values.size();
}

}  // namespace

void note_image_memory(const std::string& path) {
  if (memories().count(path) != 0) return;
  const std::optional<LoadedImage> image = loaded_image(path);
  if (!image) return;
  Memory& memory = memories()[path];
  const Words words(*image);
  for (std::size_t i = 0; i < words.size(); ++i)
    if (const Word word = words.get(i)) memory.emplace_back(i, word);
}

Ref image_changes(const std::string& path, const std::vector<std::uintptr_t>& allocated) {
  const std::optional<LoadedImage> image = loaded_image(path);
  if (!image) return none();
  const auto before = memories().find(path);
  if (before == memories().end())
    refuse("what the code in " + path + " keeps: it was loaded in a way that chkpt does not see");
  const Changes changes = changes_of(*image, before->second, allocated);
  if (changes.words.empty()) return none();
  return pack(number(static_cast<long long>(Words(*image).size())), packed(changes.runs),
              packed(changes.words), packed(changes.offsets), packed(changes.foreign));
}

void set_image_changes(const std::string& path, PyObject* changes) {
  const std::optional<LoadedImage> image = loaded_image(path);
  const auto before = memories().find(path);
  if (!image || before == memories().end()) broken(path + " is not loaded any more");
  Words words(*image);
  Memory changed;
  if (!unpack_changes(changes, *image, words.size(), changed))
    broken(path + " is another library than before");
  const std::vector<Word> foreign = unpacked(item(changes, 4));
  auto next = changed.begin();
  each_word(words, before->second, [&](std::size_t i, Word was) {
    const bool is_changed = next != changed.end() && next->first == i;
    const Word wanted = is_changed ? next++->second : was;
    if (!std::binary_search(foreign.begin(), foreign.end(), i) && words.get(i) != wanted)
      words.set(i, wanted);
  });
}

}  // namespace chkpt::heap
