// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/kept_words.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/loaded_images.hpp"
#include "python/heap/call.hpp"
#include "python/heap/compiled/ctypes_memory.hpp"
#include "python/heap/compiled/live_objects.hpp"
#include "python/heap/names_to_come.hpp"

namespace chkpt::heap {
namespace {

// ---- saving

Ref packed(const void* data, std::size_t size) {
  return own(
      PyBytes_FromStringAndSize(static_cast<const char*>(data), static_cast<Py_ssize_t>(size)));
}

Ref program_id() {
  const std::string id = loaded_images().front().build_id();
  return packed(id.data(), id.size());
}

// The plain bytes of one memory: where runs of them lie (start, size), and what they are.
struct Plain {
  std::vector<Word> runs;
  std::string bytes;

  void add(Word offset, Word place, std::size_t size) {
    if (runs.empty() || runs[runs.size() - 2] + runs.back() != offset) {
      runs.push_back(offset);
      runs.push_back(0);
    }
    runs.back() += size;
    bytes.append(reinterpret_cast<const char*>(place), size);  // NOLINT
  }
};

// Words that are addresses, by what they lead to.
class Packer {
 public:
  Packer(const std::vector<KeptMemory>& memories, const FirstAddresses& first, std::string library)
      : memories_(memories), first_(first), library_(std::move(library)) {}

  Ref pack_all() {
    const Ref blocks = add_blocks();
    plain_.resize(memories_.size());
    look_through(
        memories_,
        [&](std::size_t memory, Word place, std::size_t size) {
          plain_[memory].add(place - memories_[memory].base, place, size);
          if (size == kWordSize && is_in_program(images_.front(), word_at(place)))
            needs_program_ = true;
        },
        [&](const FoundAddress& found) { found_.push_back(found); });
    std::vector<Word> addresses;
    for (const FoundAddress& found : found_) addresses.push_back(found.word);
    if (!addresses.empty()) {
      const LiveObjects objects(std::move(addresses));
      for (const FoundAddress& found : found_) pack_address(found, objects);
    }
    const Ref all = new_dict();
    put(all, "blocks", blocks);
    put(all, "program", needs_program_ ? program_id() : none());
    put(all, "plain", packed_plain());
    put(all, "left", packed(left_.data(), left_.size() * kWordSize));
    put(all, "libraries", libraries_);
    put(all, "objects", objects_);
    put(all, "places", places_);
    return all;
  }

 private:
  // [(place of the address, where in that memory the words lie that are saved)]: memories of their
  // own.
  Ref add_blocks() {
    const Ref blocks = new_list();
    for (const FirstAddresses::Change& change : first_.changes(library_)) {
      std::vector<Word> words;
      for (const Variable& word : change.words) {
        words.push_back(word.begin - change.block->begin);
        words.push_back(word.end - word.begin);
      }
      append(blocks,
             pack(place_of(change.block->place), packed(words.data(), words.size() * kWordSize)));
      memories_.push_back({change.block->begin, change.words});
    }
    return blocks;
  }

  // Of a variable.
  Ref place_of(Word place) const {
    for (std::size_t i = 0; i < memories_.size(); ++i)
      for (const Variable& variable : memories_[i].variables)
        if (place >= variable.begin && place < variable.end)
          return pack(number(static_cast<long long>(i)),
                      number(static_cast<long long>(place - memories_[i].base)));
    refuse("a variable of " + library_ + " is no more");
  }

  Ref packed_plain() const {
    const Ref all = new_list();
    for (const Plain& plain : plain_)
      append(all, pack(packed(plain.runs.data(), plain.runs.size() * kWordSize),
                       packed(plain.bytes.data(), plain.bytes.size())));
    return all;
  }

  Ref place_of(const FoundAddress& found) const {
    return pack(number(static_cast<long long>(found.memory)),
                number(static_cast<long long>(found.place - memories_[found.memory].base)));
  }

  void pack_address(const FoundAddress& found, const LiveObjects& objects) {
    const bool is_first = first_.has(found.place, found.word);
    PyObject* object = objects.at(found.word);
    if (is_first && (!object || first_.leaves(found.word))) {
      left_.push_back(found.memory);
      left_.push_back(found.place - memories_[found.memory].base);
    } else if (object) {
      add_object(found, object);
    } else if (const LoadedImage* image = image_at(images_, found.word)) {
      add_place_in_library(found, *image);
    } else {
      add_place_in_object(found);
    }
  }

  // By the variables' names, which are in the path that a refusal tells.
  void add_object(const FoundAddress& found, PyObject* object) {
    const std::string name = found.variable->name.empty() ? "?" : found.variable->name;
    PyObject* known = find(objects_.get(), name.c_str());
    const Ref all = known ? Ref::borrow(known) : new_list();
    append(all, pack(place_of(found), object));
    put(objects_, name.c_str(), all);
  }

  void add_place_in_library(const FoundAddress& found, const LoadedImage& image) {
    const std::string id = image.build_id();
    if (id.empty() && image.path() != library_)
      refuse(described(found) + " leads into " + image.path() + ", which has no build id");
    append(libraries_, pack(place_of(found), packed(id.data(), id.size()), text(image.path()),
                            number(static_cast<long long>(found.word - image.base()))));
  }

  void add_place_in_object(const FoundAddress& found) {
    if (!memory_.has_value()) {
      memory_.emplace();
      memory_->add_all();
    }
    const Ref place = memory_->place_of(reinterpret_cast<const char*>(found.word));  // NOLINT
    if (!place)
      refuse(described(found) +
             " keeps the address of memory that it did not have when it was loaded");
    append(places_, pack(place_of(found), place));
  }

  std::string described(const FoundAddress& found) const {
    const std::string& name = found.variable->name;
    return (name.empty() ? "the code in " : "the variable " + name + " of ") + library_;
  }

  std::vector<KeptMemory> memories_;
  const FirstAddresses& first_;
  std::string library_;
  bool needs_program_ = false;  // a number may be an address in it
  std::vector<Plain> plain_;
  std::vector<FoundAddress> found_;
  std::vector<Word> left_;
  std::vector<LoadedImage> images_ = loaded_images();
  Ref libraries_ = new_list(), objects_ = new_dict(), places_ = new_list();
  std::optional<OwnedMemory> memory_;
};

// ---- putting it back

[[noreturn]] void is_another() { broken("a compiled module is another one than before"); }

class Unpacker {
 public:
  Unpacker(const std::vector<KeptMemory>& memories, const FirstAddresses& first, PyObject* packed)
      : memories_(memories), first_(first), packed_(packed) {}

  void unpack() {
    PyObject* program = part("program");
    if (program != Py_None && PyObject_RichCompareBool(program, program_id().get(), Py_EQ) != 1)
      broken("what a compiled module keeps needs the very chkpt-mpi that has saved it");
    add_blocks();
    take_what_has_come();
    note_left();
    clear();
    set_plain();
    set_libraries();
    set_objects();
    each("places", [&](PyObject* entry) {
      set(place_at(item(entry, 0)), reinterpret_cast<Word>(address_at(item(entry, 1))));
      Py_INCREF(item(item(entry, 1), 0));  // whoever has kept the memory alive may be C code
    });
  }

 private:
  PyObject* part(const char* name) const {
    PyObject* found = find(packed_, name);
    if (!found) is_another();
    return found;
  }

  template <class Use>
  void each(const char* name, Use use) {
    PyObject* all = part(name);
    for (Py_ssize_t i = 0; i < PyList_Size(all); ++i) use(item_of(all, i));
  }
  static PyObject* item_of(PyObject* list, Py_ssize_t i) {
    return PyList_Check(list) ? PyList_GET_ITEM(list, i) : item(list, i);
  }

  // Throws if none of the variables lies there.
  Word checked(Word memory, Word offset, Word size) const {
    if (memory >= memories_.size()) is_another();
    const std::vector<Variable>& all = memories_[memory].variables;
    const Word place = memories_[memory].base + offset;
    const auto after =
        std::upper_bound(all.begin(), all.end(), place,
                         [](Word wanted, const Variable& one) { return wanted < one.begin; });
    for (auto at = after == all.begin() ? after : std::prev(after); at != all.end(); ++at) {
      if (place >= at->end) is_another();
      if (place + size <= at->end) return place;
      // A run may go on in the next variable.
      if (std::next(at) == all.end() || std::next(at)->begin != at->end) is_another();
      return checked(memory, at->end - memories_[memory].base, place + size - at->end), place;
    }
    is_another();
  }
  Word place_at(PyObject* place) const {
    return checked(static_cast<Word>(integer(item(place, 0))),
                   static_cast<Word>(integer(item(place, 1))), kWordSize);
  }
  static void set(Word place, Word word) {
    std::memcpy(reinterpret_cast<void*>(place), &word, kWordSize);  // NOLINT
  }

  static std::vector<Word> words_in(PyObject* bytes) {
    if (!PyBytes_Check(bytes)) is_another();
    std::vector<Word> words(static_cast<std::size_t>(PyBytes_GET_SIZE(bytes)) / kWordSize);
    std::memcpy(words.data(), PyBytes_AsString(bytes), words.size() * kWordSize);
    return words;
  }

  void add_blocks() {
    each("blocks", [&](PyObject* entry) {
      const FirstAddresses::Block* block = first_.block_at(place_at(item(entry, 0)));
      if (!block) is_another();  // its size may be another one, as malloc() has it
      KeptMemory memory{block->begin, {}};
      const std::vector<Word> words = words_in(item(entry, 1));
      for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
        if (words[i] > block->size || words[i + 1] > block->size - words[i]) is_another();
        const Word begin = block->begin + words[i];
        memory.variables.push_back({"", begin, begin + words[i + 1]});
      }
      memories_.push_back(std::move(memory));
    });
  }

  void take_what_has_come() {
    for (const KeptMemory& memory : memories_)
      for (const Variable& variable : memory.variables)
        each_word_of(variable, [&](Word at, std::size_t size) {
          const Word word = size == kWordSize ? word_at(at) : 0;
          const auto* object = reinterpret_cast<const void*>(word);  // NOLINT
          if (may_be_address(word) && is_to_come(object))
            set(at, reinterpret_cast<Word>(what_has_come(object).release()));
        });
  }

  void note_left() {
    const std::vector<Word> words = words_in(part("left"));
    for (std::size_t i = 0; i + 1 < words.size(); i += 2)
      left_.insert(checked(words[i], words[i + 1], kWordSize));
  }

  void clear() {
    for (const KeptMemory& memory : memories_)
      for (const Variable& variable : memory.variables)
        each_word_of(variable, [&](Word at, std::size_t size) {
          if (!is_zero(at, size) && left_.count(at) == 0)
            std::memset(reinterpret_cast<void*>(at), 0, size);  // NOLINT
        });
  }

  void set_plain() {
    PyObject* all = part("plain");
    if (static_cast<std::size_t>(PyList_Size(all)) != memories_.size()) is_another();
    for (std::size_t i = 0; i < memories_.size(); ++i) {
      PyObject* plain = PyList_GET_ITEM(all, static_cast<Py_ssize_t>(i));
      const std::vector<Word> runs = words_in(item(plain, 0));
      const char* bytes = PyBytes_AsString(item(plain, 1));
      Word rest = static_cast<Word>(PyBytes_Size(item(plain, 1)));
      for (std::size_t run = 0; run + 1 < runs.size(); run += 2) {
        const Word size = runs[run + 1];
        if (size > rest) is_another();
        std::memcpy(reinterpret_cast<void*>(checked(i, runs[run], size)), bytes, size);  // NOLINT
        bytes += size;
        rest -= size;
      }
    }
  }

  void set_libraries() {
    const std::vector<LoadedImage> images = loaded_images();
    each("libraries", [&](PyObject* entry) {
      const std::string id(PyBytes_AsString(item(entry, 1)),
                           static_cast<std::size_t>(PyBytes_Size(item(entry, 1))));
      const std::string path = utf8(item(entry, 2));
      const auto found = std::find_if(images.begin(), images.end(), [&](const LoadedImage& image) {
        return id.empty() ? image.path() == path : image.build_id() == id;
      });
      if (found == images.end())
        broken("a library that a compiled module uses is another one here: " + path);
      set(place_at(item(entry, 0)), found->base() + static_cast<Word>(integer(item(entry, 3))));
    });
  }

  // A variable has its object for good.
  void set_objects() {
    PyObject *name = nullptr, *all = nullptr;
    for (Py_ssize_t at = 0; PyDict_Next(part("objects"), &at, &name, &all);)
      for (Py_ssize_t i = 0; i < PyList_Size(all); ++i) {
        PyObject* entry = PyList_GET_ITEM(all, i);
        set(place_at(item(entry, 0)), reinterpret_cast<Word>(Py_NewRef(item(entry, 1))));
      }
  }

  std::vector<KeptMemory> memories_;
  const FirstAddresses& first_;
  PyObject* packed_;
  std::unordered_set<Word> left_;
};

}  // namespace

Ref packed_words(const std::vector<KeptMemory>& memories, const FirstAddresses& first,
                 const std::string& library) {
  return Packer(memories, first, library).pack_all();
}

void set_words(const std::vector<KeptMemory>& memories, const FirstAddresses& first,
               PyObject* packed) {
  Unpacker(memories, first, packed).unpack();
}

}  // namespace chkpt::heap
