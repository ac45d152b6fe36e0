// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/global_libraries.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <unistd.h>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"

namespace chkpt::heap {
namespace {

// No call tells how a library was loaded: one that is seen by all has functions that a search
// through everything finds in it. Some may be found in an earlier one.
constexpr int kLookedFor = 8;

std::set<std::string>& first_libraries() {
  static auto* files = new std::set<std::string>;
  return *files;
}

const link_map* first_map() {
  link_map* map = nullptr;
  void* program = ::dlopen(nullptr, RTLD_LAZY | RTLD_NOLOAD);
  if (!program) return nullptr;
  const bool found = ::dlinfo(program, RTLD_DI_LINKMAP, &map) == 0;
  ::dlclose(program);
  while (found && map->l_prev) map = map->l_prev;
  return map;
}

// What a library exports, by its own tables.
class Exports {
 public:
  explicit Exports(const link_map* map) : base_(map->l_addr) {
    for (const ElfW(Dyn)* entry = map->l_ld; entry->d_tag != DT_NULL; ++entry) {
      if (entry->d_tag == DT_SYMTAB) symbols_ = at<ElfW(Sym)>(entry->d_un.d_ptr);
      if (entry->d_tag == DT_STRTAB) names_ = at<char>(entry->d_un.d_ptr);
      if (entry->d_tag == DT_GNU_HASH) hash_ = at<std::uint32_t>(entry->d_un.d_ptr);
    }
  }

  // Calls use(name, address) for functions and variables that nobody else should have, until it
  // says so.
  template <class F>
  bool any_of_first(int count, F use) const {
    if (!symbols_ || !names_ || !hash_) return false;
    const std::uint32_t begin = hash_[1], end = end_of_hashed();
    for (std::uint32_t i = begin; i < end && count > 0; ++i) {
      const ElfW(Sym)& symbol = symbols_[i];
      const auto type = ELF64_ST_TYPE(symbol.st_info);
      if (ELF64_ST_BIND(symbol.st_info) != STB_GLOBAL || symbol.st_shndx == SHN_UNDEF ||
          (type != STT_FUNC && type != STT_OBJECT))
        continue;
      --count;
      if (use(names_ + symbol.st_name, reinterpret_cast<void*>(base_ + symbol.st_value)))
        return true;
    }
    return false;
  }

 private:
  // The loader has made addresses of the offsets in most tables, not in all.
  template <class T>
  const T* at(ElfW(Addr) place) const {
    return reinterpret_cast<const T*>(place < base_ ? place + base_ : place);
  }

  // Layout of DT_GNU_HASH: buckets, first hashed symbol, words of the filter, shift; filter
  // (64-bit), buckets, and for each hashed symbol a word whose lowest bit ends its chain.
  std::uint32_t end_of_hashed() const {
    const std::uint32_t* buckets = hash_ + 4 + std::size_t{2} * hash_[2];
    const std::uint32_t* chains = buckets + hash_[0];
    std::uint32_t last = 0;
    for (std::uint32_t i = 0; i < hash_[0]; ++i) last = std::max(last, buckets[i]);
    if (last < hash_[1]) return hash_[1];
    while ((chains[last - hash_[1]] & 1) == 0) ++last;
    return last + 1;
  }

  ElfW(Addr) base_;
  const ElfW(Sym) * symbols_ = nullptr;
  const char* names_ = nullptr;
  const std::uint32_t* hash_ = nullptr;
};

bool is_global(const link_map* map) {
  return Exports(map).any_of_first(kLookedFor, [](const char* name, const void* address) {
    return ::dlsym(RTLD_DEFAULT, name) == address;
  });
}

}  // namespace

void note_first_libraries() {
  for (const link_map* map = first_map(); map; map = map->l_next)
    first_libraries().insert(map->l_name);
}

Ref global_libraries() {
  Ref files = new_list();
  for (const link_map* map = first_map(); map; map = map->l_next) {
    const std::string file = map->l_name;
    if (file.empty() || first_libraries().count(file) != 0 || is_loaded_by_library(file) ||
        !is_global(map))
      continue;
    if (file[0] == '/' && ::access(file.c_str(), R_OK) != 0)
      refuse("a library that all others see, and whose file '" + file + "' has been removed");
    append(files, text(file));
  }
  return files;
}

void load_global_libraries(PyObject* files) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(files); ++i) {
    const std::string file = utf8(PyList_GET_ITEM(files, i));
    if (::dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL)) continue;
    const char* why = ::dlerror();
    broken("cannot load a library that all others saw: " + (why ? std::string(why) : file));
  }
}

}  // namespace chkpt::heap
