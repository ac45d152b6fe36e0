// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/packages/library_memory.hpp"

#include <cstdint>
#include <cstring>
#include <string>

#include "base/loaded_images.hpp"
#include "base/mapped_memory.hpp"
#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

using Word = std::uintptr_t;

// ---- saving

Word word_at(const void* memory, std::size_t offset) {
  Word word = 0;
  std::memcpy(&word, static_cast<const char*>(memory) + offset, sizeof word);
  return word;
}

// Where both words point to the same place of one block; null if they do not.
Ref place_in_blocks(const std::vector<CopiedBlock>& blocks, Word first, Word second) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const Word offset = first - reinterpret_cast<Word>(blocks[i].first);
    if (offset < blocks[i].size && second - reinterpret_cast<Word>(blocks[i].second) == offset)
      return pack(number(static_cast<long long>(i)), number(static_cast<long long>(offset)));
  }
  return {};
}

Ref place_in_images(const std::vector<LoadedImage>& images, Word address) {
  const LoadedImage* image = image_at(images, address);
  if (!image) return {};
  const std::string build_id = image->build_id();
  if (build_id.empty()) refuse("it points into a library that has no build id");
  const Ref id =
      own(PyBytes_FromStringAndSize(build_id.data(), static_cast<Py_ssize_t>(build_id.size())));
  return pack(id, number(static_cast<long long>(address - image->base())));
}

// Of a word that is in both copies and is no place in a library: whether it leads to what the
// library has allocated and shares among all of them. That is not there in another process.
bool leads_elsewhere(const MappedMemory& memory, Word word) {
  constexpr Word kAlignment = 16;  // of what malloc() gives
  return word % kAlignment == 0 && memory.contains(word);
}

Ref packed_block(const std::vector<CopiedBlock>& blocks, const CopiedBlock& block,
                 const std::vector<LoadedImage>& images, const MappedMemory& memory) {
  const Ref pointers = new_list();
  // Without addresses, so that the same state gives the same bytes in every process.
  const Ref bytes = own(PyBytes_FromStringAndSize(static_cast<const char*>(block.first),
                                                  static_cast<Py_ssize_t>(block.size)));
  for (std::size_t at = 0; at + sizeof(Word) <= block.size; at += sizeof(Word)) {
    const Word first = word_at(block.first, at), second = word_at(block.second, at);
    if (first == second && !block.has_pointers) continue;
    const Ref place =
        first == second ? place_in_images(images, first) : place_in_blocks(blocks, first, second);
    if (!place && (first != second || (block.cleared && leads_elsewhere(memory, first))))
      refuse("what its library keeps for it cannot be read");
    if (!place) continue;
    append(pointers, pack(number(static_cast<long long>(at)), item(place, 0), item(place, 1)));
    std::memset(PyBytes_AS_STRING(bytes.get()) + at, 0, sizeof(Word));
  }
  return pack(bytes, own(PyList_AsTuple(pointers.get())));
}

// ---- loading

Word address_in_image(const std::vector<LoadedImage>& images, PyObject* id, long long offset) {
  const std::string wanted(PyBytes_AsString(id), static_cast<std::size_t>(PyBytes_Size(id)));
  for (const LoadedImage& image : images)
    if (image.build_id() == wanted) return image.base() + static_cast<Word>(offset);
  broken("a library that keeps state for a saved object is another one here");
}

void relocate(PyObject* pointers, char* block, const std::vector<void*>& blocks,
              const std::vector<LoadedImage>& images) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(pointers); ++i) {
    PyObject* pointer = PyTuple_GET_ITEM(pointers, i);
    PyObject* target = item(pointer, 1);
    const long long offset = integer(item(pointer, 2));
    const Word address =
        PyBytes_Check(target)
            ? address_in_image(images, target, offset)
            : reinterpret_cast<Word>(blocks.at(static_cast<std::size_t>(integer(target)))) +
                  static_cast<Word>(offset);
    std::memcpy(block + integer(item(pointer, 0)), &address, sizeof address);
  }
}

}  // namespace

Ref packed_memory(const std::vector<CopiedBlock>& blocks) {
  const std::vector<LoadedImage> images = loaded_images();
  const Ref packed = new_list();
  const MappedMemory memory(Mapped::kWritable);
  for (const CopiedBlock& block : blocks)
    append(packed, packed_block(blocks, block, images, memory));
  return own(PyList_AsTuple(packed.get()));
}

std::vector<std::size_t> packed_sizes(PyObject* packed) {
  std::vector<std::size_t> sizes;
  for (Py_ssize_t i = 0; i < PyTuple_Size(packed); ++i)
    sizes.push_back(static_cast<std::size_t>(ok(PyObject_Size(item(item(packed, i), 0)))));
  return sizes;
}

void unpack_memory(PyObject* packed, const std::vector<void*>& blocks) {
  const std::vector<LoadedImage> images = loaded_images();
  const std::vector<std::size_t> sizes = packed_sizes(packed);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    PyObject* saved = item(packed, static_cast<Py_ssize_t>(i));
    std::memcpy(blocks[i], PyBytes_AsString(item(saved, 0)), sizes.at(i));
    relocate(item(saved, 1), static_cast<char*>(blocks[i]), blocks, images);
  }
}

}  // namespace chkpt::heap
