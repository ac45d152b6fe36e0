// SPDX-License-Identifier: BSD-3-Clause
#include "base/loaded_images.hpp"

#include <algorithm>
#include <cstring>

#include <dlfcn.h>
#include <elf.h>

// What compilers call for a thread-local variable of a library.
struct ThreadVariable {
  std::size_t module, offset;
};
extern "C" void* __tls_get_addr(ThreadVariable*);  // NOLINT

namespace chkpt {
namespace {

std::string build_id_in(const char* at, const char* end) {
  while (at + sizeof(ElfW(Nhdr)) <= end) {
    ElfW(Nhdr) head;
    std::memcpy(&head, at, sizeof head);
    const char* const name = at + sizeof head;
    const char* const value = name + ((head.n_namesz + 3U) & ~3U);
    if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 && !std::memcmp(name, "GNU", 4))
      return {value, head.n_descsz};
    at = value + ((head.n_descsz + 3U) & ~3U);
  }
  return "";
}

AddressRange range_of(std::uintptr_t base, const ElfW(Phdr) & header) {
  const std::uintptr_t begin = base + header.p_vaddr;
  return {begin, begin + header.p_memsz};
}

// The loader has made addresses of the offsets in most tables, not in all.
template <class T>
const T* address_in(std::uintptr_t base, ElfW(Addr) place) {
  return reinterpret_cast<const T*>(place < base ? place + base : place);  // NOLINT
}

// What a library exports, by its own tables.
class Exports {
 public:
  explicit Exports(const LoadedImage& image) : base_(image.base()) {
    for (const ElfW(Dyn)* entry = image.dynamic(); entry && entry->d_tag != DT_NULL; ++entry) {
      if (entry->d_tag == DT_SYMTAB) symbols_ = address_in<ElfW(Sym)>(base_, entry->d_un.d_ptr);
      if (entry->d_tag == DT_STRTAB) names_ = address_in<char>(base_, entry->d_un.d_ptr);
      if (entry->d_tag == DT_GNU_HASH) hash_ = address_in<std::uint32_t>(base_, entry->d_un.d_ptr);
    }
  }

  template <class F>
  bool any_of_first(int count, F use) const {
    bool found = false;
    any([&](const ElfW(Sym) & symbol, const char* name, void* address) {
      const auto type = ELF64_ST_TYPE(symbol.st_info);
      if (ELF64_ST_BIND(symbol.st_info) != STB_GLOBAL || (type != STT_FUNC && type != STT_OBJECT))
        return false;
      return count-- <= 0 || (found = use(name, address));
    });
    return found;
  }

  template <class F>
  bool any_indirect(F use) const {
    return any([&](const ElfW(Sym) & symbol, const char* name, void*) {
      return ELF64_ST_TYPE(symbol.st_info) == STT_GNU_IFUNC && use(name);
    });
  }

 private:
  template <class F>
  bool any(F use) const {
    if (!symbols_ || !names_ || !hash_) return false;
    for (std::uint32_t i = hash_[1], end = end_of_hashed(); i < end; ++i) {
      const ElfW(Sym)& symbol = symbols_[i];
      if (symbol.st_shndx != SHN_UNDEF &&
          use(symbol, names_ + symbol.st_name, reinterpret_cast<void*>(base_ + symbol.st_value)))
        return true;
    }
    return false;
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

}  // namespace

LoadedImage::LoadedImage(const dl_phdr_info& info)
    : path_(info.dlpi_name ? info.dlpi_name : ""),
      base_(info.dlpi_addr),
      headers_(info.dlpi_phdr),
      count_(info.dlpi_phnum),
      thread_module_(info.dlpi_tls_modid) {}

AddressRange LoadedImage::segment_at(std::uintptr_t address) const {
  for (int i = 0; i < count_; ++i) {
    if (headers_[i].p_type != PT_LOAD) continue;
    const AddressRange segment = range_of(base_, headers_[i]);
    if (segment.contains(address)) return segment;
  }
  return {};
}

AddressRange LoadedImage::all() const {
  AddressRange all{UINTPTR_MAX, 0};
  for (int i = 0; i < count_; ++i) {
    if (headers_[i].p_type != PT_LOAD) continue;
    const AddressRange part = range_of(base_, headers_[i]);
    all = {std::min(all.begin, part.begin), std::max(all.end, part.end)};
  }
  return all;
}

std::vector<AddressRange> LoadedImage::writable() const {
  std::vector<AddressRange> found;
  for (int i = 0; i < count_; ++i)
    if (headers_[i].p_type == PT_LOAD && (headers_[i].p_flags & PF_W) != 0)
      found.push_back(range_of(base_, headers_[i]));
  return found;
}

AddressRange LoadedImage::data() const {
  const std::vector<AddressRange> parts = writable();
  if (parts.empty()) return {};
  AddressRange data = parts.back();
  for (int i = 0; i < count_; ++i)
    if (headers_[i].p_type == PT_GNU_RELRO)
      data.begin = std::max(data.begin, range_of(base_, headers_[i]).end);
  return {data.begin, std::max(data.begin, data.end)};
}

AddressRange LoadedImage::linkage() const {
  std::uintptr_t start = 0;
  std::size_t calls = 0;
  for (const ElfW(Dyn)* entry = dynamic(); entry && entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == DT_PLTGOT) start = entry->d_un.d_ptr;
    if (entry->d_tag == DT_PLTRELSZ) calls = entry->d_un.d_val / sizeof(ElfW(Rela));
  }
  constexpr std::size_t kReserved = 3;  // words in front of the functions
  return {start, start + (kReserved + calls) * sizeof(std::uintptr_t)};
}

std::string LoadedImage::build_id() const {
  for (int i = 0; i < count_; ++i) {
    if (headers_[i].p_type != PT_NOTE) continue;
    const AddressRange notes = range_of(base_, headers_[i]);
    std::string id = build_id_in(reinterpret_cast<const char*>(notes.begin),  // NOLINT
                                 reinterpret_cast<const char*>(notes.end));   // NOLINT
    if (!id.empty()) return id;
  }
  return "";
}

const ElfW(Dyn) * LoadedImage::dynamic() const {
  for (int i = 0; i < count_; ++i)
    if (headers_[i].p_type == PT_DYNAMIC)
      return reinterpret_cast<const ElfW(Dyn)*>(base_ + headers_[i].p_vaddr);  // NOLINT
  return nullptr;
}

std::vector<std::string> LoadedImage::texts(std::int64_t tag) const {
  std::vector<std::string> found;
  const char* names = nullptr;
  for (const ElfW(Dyn)* entry = dynamic(); entry && entry->d_tag != DT_NULL; ++entry)
    if (entry->d_tag == DT_STRTAB) names = address_in<char>(base_, entry->d_un.d_ptr);
  for (const ElfW(Dyn)* entry = dynamic(); names && entry->d_tag != DT_NULL; ++entry)
    if (entry->d_tag == tag) found.emplace_back(names + entry->d_un.d_val);
  return found;
}

std::string LoadedImage::shared_name() const {
  const std::vector<std::string> names = texts(DT_SONAME);
  return names.empty() ? "" : names.front();
}

std::vector<std::string> LoadedImage::linked_to() const { return texts(DT_NEEDED); }

bool LoadedImage::holds_text(std::string_view text) const {
  return std::any_of(headers_, headers_ + count_, [&](const ElfW(Phdr) & header) {
    if (header.p_type != PT_LOAD || (header.p_flags & (PF_R | PF_W)) != PF_R) return false;
    const AddressRange segment = range_of(base_, header);
    const auto* begin = reinterpret_cast<const void*>(segment.begin);  // NOLINT
    return ::memmem(begin, segment.end - segment.begin, text.data(), text.size()) != nullptr;
  });
}

ByteView LoadedImage::headers() const {
  return {headers_, static_cast<std::size_t>(count_) * sizeof(ElfW(Phdr))};
}

AddressRange LoadedImage::thread_block() const {
  for (int i = 0; i < count_ && thread_module_ != 0; ++i) {
    if (headers_[i].p_type != PT_TLS) continue;
    ThreadVariable first{thread_module_, 0};
    const auto begin = reinterpret_cast<std::uintptr_t>(__tls_get_addr(&first));
    return {begin, begin + headers_[i].p_memsz};
  }
  return {};
}

std::vector<LoadedImage> loaded_images() {
  std::vector<LoadedImage> images;
  const auto add = [](dl_phdr_info* info, std::size_t, void* list) {
    static_cast<std::vector<LoadedImage>*>(list)->emplace_back(*info);
    return 0;
  };
  ::dl_iterate_phdr(add, &images);
  return images;
}

std::optional<LoadedImage> loaded_image(const std::string& path) {
  for (LoadedImage& image : loaded_images())
    if (image.path() == path) return std::move(image);
  return {};
}

const LoadedImage* image_at(const std::vector<LoadedImage>& images, std::uintptr_t address) {
  for (const LoadedImage& image : images)
    if (image.contains(address)) return &image;
  return nullptr;
}

std::optional<std::string> path_of_handle(void* handle) {
  link_map* map = nullptr;
  if (::dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0) return {};
  return map->l_name;
}

std::vector<void*> functions_named(const char* name,
                                   const std::function<bool(const std::string&)>& is_meant) {
  std::vector<void*> found;
  for (const LoadedImage& image : loaded_images()) {
    if (!is_meant(image.path())) continue;
    void* const library = ::dlopen(image.path().c_str(), RTLD_LAZY | RTLD_NOLOAD);
    if (!library) continue;
    if (void* const function = ::dlsym(library, name)) found.push_back(function);
    ::dlclose(library);
  }
  return found;
}

bool any_of_first_exports(const LoadedImage& image, int count,
                          const std::function<bool(const char*, const void*)>& use) {
  return Exports(image).any_of_first(count, use);
}

bool any_indirect_export(const LoadedImage& image, const std::function<bool(const char*)>& use) {
  return Exports(image).any_indirect(use);
}

}  // namespace chkpt
