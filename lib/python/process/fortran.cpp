// SPDX-License-Identifier: BSD-3-Clause
// What Fortran code under Python modules keeps between calls: COMMON blocks and saved variables, as
// the solvers vode and lsoda have them. They lie in the writable data of the extension module,
// without names; so all words of it are saved that are no addresses, and put back into the module
// that a resume has loaded. Where Fortran has pointed at memory since the module was loaded there
// is more state than that: such a module is left as it is, which is said.
//
// Only f2py's modules that need a Fortran run-time library: the C code around it is known, and
// keeps no objects or caches of its own there.
#include <Python.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "base/mapped_memory.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT
using Word = std::uint64_t;
using Range = std::pair<std::uintptr_t, std::uintptr_t>;  // start, end

constexpr const char* kRunTimes[] = {"libgfortran", "libflang", "libifcore"};

constexpr const char* kMadeByF2py = "__f2py_numpy_version__";

struct Image {
  std::string path;
  Range data{0, 0};     // writable, not made read-only after relocation
  Range linkage{0, 0};  // the table of functions found lazily
  bool needs_fortran = false;
};

void read_dynamic(const ElfW(Dyn) * entry, Image& image) {
  const char* strings = nullptr;
  std::vector<std::size_t> needed;
  std::size_t calls = 0;
  for (; entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == DT_NEEDED) needed.push_back(entry->d_un.d_val);
    if (entry->d_tag == DT_STRTAB) strings = reinterpret_cast<const char*>(entry->d_un.d_ptr);
    if (entry->d_tag == DT_PLTGOT) image.linkage.first = entry->d_un.d_ptr;
    if (entry->d_tag == DT_PLTRELSZ) calls = entry->d_un.d_val / sizeof(ElfW(Rela));
  }
  constexpr std::size_t kReserved = 3;  // words in front of the functions
  image.linkage.second = image.linkage.first + (kReserved + calls) * sizeof(Word);
  for (const std::size_t at : needed)
    for (const char* name : kRunTimes)
      if (strings && std::strncmp(strings + at, name, std::strlen(name)) == 0)
        image.needs_fortran = true;
}

int add_image(dl_phdr_info* info, std::size_t, void* images) {
  if (!info->dlpi_name || !*info->dlpi_name) return 0;
  Image image;
  image.path = info->dlpi_name;
  std::uintptr_t read_only_end = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    const std::uintptr_t start = info->dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_LOAD && (header.p_flags & PF_W) != 0)
      image.data = {start, start + header.p_memsz};
    if (header.p_type == PT_GNU_RELRO) read_only_end = start + header.p_memsz;
    if (header.p_type == PT_DYNAMIC) read_dynamic(reinterpret_cast<const ElfW(Dyn)*>(start), image);
  }
  image.data.first = std::max(image.data.first, read_only_end);
  const std::uintptr_t mask = sizeof(Word) - 1;
  image.data = {(image.data.first + mask) & ~mask, image.data.second & ~mask};
  if (image.needs_fortran && image.data.first < image.data.second)
    static_cast<std::vector<Image>*>(images)->push_back(std::move(image));
  return 0;
}

// Of extension modules that have been imported, by the file they came from.
std::vector<Image> fortran_images() {
  std::vector<Image> all, imported;
  dl_iterate_phdr(add_image, &all);
  if (all.empty()) return all;
  PyObject *name = nullptr, *module = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(PyImport_GetModuleDict(), &position, &name, &module);) {
    if (!PyModule_Check(module)) continue;
    PyObject* names = PyModule_GetDict(module);
    PyObject* file = PyDict_GetItemString(names, "__file__");
    if (!file || !PyUnicode_Check(file) || !PyDict_GetItemString(names, kMadeByF2py)) continue;
    for (Image& image : all)
      if (image.path == utf8(file)) imported.push_back(std::exchange(image, {}));
  }
  return imported;
}

// The words of an image that may be state. What belongs to Python or to the linker is left out.
class Words {
 public:
  Words(const Image& image, const MappedMemory& map) : start_(image.data.first), map_(map) {
    const std::size_t count = (image.data.second - start_) / sizeof(Word);
    skipped_.resize(count);
    skip(image.linkage);
    for (std::size_t i = 0; i < count; ++i) {
      const auto* type = reinterpret_cast<const void*>(get(i));  // NOLINT
      if (type == &PyType_Type) skip_object(i, sizeof(PyTypeObject));
      if (type == &PyModuleDef_Type) skip_object(i, sizeof(PyModuleDef));
    }
  }

  std::size_t size() const { return skipped_.size(); }
  bool is_skipped(std::size_t i) const { return skipped_[i]; }
  bool is_address(std::size_t i) const { return map_.contains(get(i)); }
  Word get(std::size_t i) const {
    Word word = 0;
    std::memcpy(&word, place(i), sizeof word);
    return word;
  }
  void set(std::size_t i, Word word) { std::memcpy(place(i), &word, sizeof word); }

 private:
  void* place(std::size_t i) const {
    return reinterpret_cast<void*>(start_ + i * sizeof(Word));  // NOLINT
  }
  void skip(Range range) {
    for (std::size_t i = 0; i < size(); ++i) {
      const std::uintptr_t at = start_ + i * sizeof(Word);
      if (at >= range.first && at < range.second) skipped_[i] = true;
    }
  }
  // The second word of an object is its type.
  void skip_object(std::size_t type_word, std::size_t bytes) {
    const std::uintptr_t object = start_ + (type_word - 1) * sizeof(Word);
    skip({object, object + bytes});
  }

  std::uintptr_t start_;
  const MappedMemory& map_;
  std::vector<bool> skipped_;
};

constexpr char kIsWord = 0, kIsAddress = 1;

// [(file, words, one byte for each: is it an address)]
Ref save_fortran() {
  const std::vector<Image> images = fortran_images();
  if (images.empty()) return none();
  const MappedMemory map(Mapped::kAll);
  const Ref saved = new_list();
  for (const Image& image : images) {
    const Words words(image, map);
    std::vector<Word> values(words.size());
    std::vector<char> kinds(words.size(), kIsWord);
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words.is_skipped(i)) continue;
      if (words.is_address(i))
        kinds[i] = kIsAddress;
      else
        values[i] = words.get(i);
    }
    append(
        saved,
        pack(text(image.path),
             own(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(values.data()),
                                           static_cast<Py_ssize_t>(values.size() * sizeof(Word)))),
             own(PyBytes_FromStringAndSize(kinds.data(), static_cast<Py_ssize_t>(kinds.size())))));
  }
  return saved;
}

// An address that only one of them has: memory that the module got, or gave back, in between.
bool has_memory_of_its_own(const Words& words, const char* kinds) {
  for (std::size_t i = 0; i < words.size(); ++i)
    if (!words.is_skipped(i) && words.is_address(i) != (kinds[i] == kIsAddress)) return true;
  return false;
}

void restore_image(const Image& image, const MappedMemory& map, PyObject* entry) {
  Words words(image, map);
  PyObject *values = item(entry, 1), *kinds = item(entry, 2);
  const bool fits = static_cast<std::size_t>(PyBytes_Size(kinds)) == words.size() &&
                    static_cast<std::size_t>(PyBytes_Size(values)) == words.size() * sizeof(Word);
  if (!fits) broken(image.path + " is another library than before");
  if (has_memory_of_its_own(words, PyBytes_AsString(kinds))) {
    log::event("not restored: what Fortran code in " + image.path +
               " keeps between calls: it has allocated memory");
    return;
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words.is_skipped(i) || PyBytes_AsString(kinds)[i] == kIsAddress) continue;
    Word word = 0;
    std::memcpy(&word, PyBytes_AsString(values) + i * sizeof word, sizeof word);
    if (word != words.get(i)) words.set(i, word);
  }
}

void restore_fortran(PyObject* saved) {
  const MappedMemory map(Mapped::kAll);
  const std::vector<Image> images = fortran_images();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) {
    PyObject* entry = PyList_GET_ITEM(saved, i);
    for (const Image& image : images)
      if (image.path == utf8(item(entry, 0))) restore_image(image, map, entry);
  }
}

}  // namespace

void register_fortran_part() {
  register_process_part({"fortran", save_fortran, restore_fortran, 70});
}

}  // namespace chkpt::process
