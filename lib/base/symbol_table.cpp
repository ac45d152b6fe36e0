// SPDX-License-Identifier: BSD-3-Clause
#include "base/symbol_table.hpp"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "base/unique_fd.hpp"

namespace chkpt {
namespace {

// A file in memory, to read. Tables that reach beyond its end are as if they were not there.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info {};
    if (file.get() < 0 || ::fstat(file.get(), &info) != 0 || info.st_size <= 0) return;
    const auto size = static_cast<std::size_t>(info.st_size);
    void* const start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (start == MAP_FAILED) return;
    start_ = static_cast<const char*>(start);
    size_ = size;
  }
  ~MappedFile() {
    if (start_) ::munmap(const_cast<char*>(start_), size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  template <class T>
  const T* at(std::uint64_t offset, std::uint64_t count = 1) const {
    if (offset > size_ || count > (size_ - offset) / sizeof(T) || offset % alignof(T) != 0)
      return nullptr;
    return reinterpret_cast<const T*>(start_ + offset);
  }

 private:
  const char* start_ = nullptr;
  std::size_t size_ = 0;
};

// Whether the library was loaded from this very content, by what the linker has noted in it.
bool is_file_of(const LoadedImage& image, const MappedFile& file) {
  const auto* head = file.at<ElfW(Ehdr)>(0);
  if (!head || std::memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
      head->e_ident[EI_CLASS] != (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32))
    return false;
  const ByteView loaded = image.headers();
  const auto* headers = file.at<ElfW(Phdr)>(head->e_phoff, head->e_phnum);
  if (!headers || loaded.size != head->e_phnum * sizeof(ElfW(Phdr)) ||
      std::memcmp(headers, loaded.data, loaded.size) != 0)
    return false;
  for (int i = 0; i < head->e_phnum; ++i) {
    if (headers[i].p_type != PT_NOTE) continue;
    const char* notes = file.at<char>(headers[i].p_offset, headers[i].p_filesz);
    const void* in_memory = reinterpret_cast<const void*>(image.base() + headers[i].p_vaddr);
    if (!notes || std::memcmp(notes, in_memory, headers[i].p_filesz) != 0) return false;
  }
  return true;
}

struct Section {
  const ElfW(Sym) * symbols;
  std::size_t count;
  const char* names;
  std::size_t names_size;
};

std::optional<Section> symbol_section(const MappedFile& file) {
  const auto* head = file.at<ElfW(Ehdr)>(0);
  const auto* sections = file.at<ElfW(Shdr)>(head->e_shoff, head->e_shnum);
  for (int i = 0; sections && i < head->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_SYMTAB || sections[i].sh_link >= head->e_shnum) continue;
    const ElfW(Shdr)& texts = sections[sections[i].sh_link];
    const std::size_t count = sections[i].sh_size / sizeof(ElfW(Sym));
    const auto* symbols = file.at<ElfW(Sym)>(sections[i].sh_offset, count);
    const char* names = file.at<char>(texts.sh_offset, texts.sh_size);
    if (symbols && names && texts.sh_size > 0 && names[texts.sh_size - 1] == '\0')
      return Section{symbols, count, names, texts.sh_size};
  }
  return {};
}

void add_variables(const LoadedImage& image, const Section& section, SymbolTable& table) {
  for (std::size_t i = 0; i < section.count; ++i) {
    const ElfW(Sym)& symbol = section.symbols[i];
    const auto type = ELF64_ST_TYPE(symbol.st_info);
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= SHN_LORESERVE || symbol.st_size == 0 ||
        (type != STT_OBJECT && type != STT_TLS) || symbol.st_name >= section.names_size)
      continue;
    const bool is_of_thread = type == STT_TLS;
    table.variables.push_back({section.names + symbol.st_name,
                               symbol.st_value + (is_of_thread ? 0 : image.base()), symbol.st_size,
                               is_of_thread});
  }
}

}  // namespace

SymbolTable read_symbol_table(const LoadedImage& image) {
  SymbolTable table;
  Hasher hasher;
  hasher.add(image.headers());
  const std::string build_id = image.build_id();
  hasher.add({build_id.data(), build_id.size()});
  const MappedFile file(image.path());
  if (is_file_of(image, file)) {
    if (const std::optional<Section> section = symbol_section(file)) {
      table.is_stripped = false;
      hasher.add({section->symbols, section->count * sizeof(ElfW(Sym))});
      hasher.add({section->names, section->names_size});
      add_variables(image, *section, table);
    }
  }
  table.identity = hasher.digest().hex();
  return table;
}

std::string readable_symbol(const std::string& name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &std::free);
  return status == 0 && text && name.compare(0, 2, "_Z") == 0 ? text.get() : name;
}

}  // namespace chkpt
