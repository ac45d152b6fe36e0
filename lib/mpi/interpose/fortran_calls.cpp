// SPDX-License-Identifier: BSD-3-Clause
// The bindings reach the C library through words that the dynamic linker fills with addresses of
// functions, when the library is loaded or at the first call. Those of PMPI_Send get the address
// that MPI_Send has for everybody else.
#include "mpi/interpose/fortran_calls.hpp"

#include <cstring>
#include <string>

#include <dlfcn.h>
#include <link.h>
#include <mpi.h>
#include <sys/mman.h>
#include <unistd.h>

namespace chkpt::mpi {
namespace {

constexpr char kProfiled[] = "PMPI_";

// "" if the C library is no file of that name: statically linked, or of another make.
std::string file_of_bindings() {
  Dl_info info{};
  // Asked for by name: taken in C++, the address may be one of the program's.
  const void* init = ::dlsym(RTLD_DEFAULT, "PMPI_Init");
  if (!init || ::dladdr(init, &info) == 0) return "";
  std::string file = info.dli_fname;
  const std::string own = "/libmpi.so";
  const std::size_t at = file.rfind(own);
  return at == std::string::npos ? "" : file.replace(at, own.size(), "/libmpi_mpifh.so");
}

struct Relocations {
  const ElfW(Rela) * first = nullptr;
  std::size_t size = 0;  // bytes
};

struct Dynamic {
  explicit Dynamic(const ElfW(Dyn) * entry) {
    for (; entry->d_tag != DT_NULL; ++entry) {
      const ElfW(Addr) address = entry->d_un.d_ptr;
      if (entry->d_tag == DT_SYMTAB) symbols = reinterpret_cast<const ElfW(Sym)*>(address);
      if (entry->d_tag == DT_STRTAB) names = reinterpret_cast<const char*>(address);
      if (entry->d_tag == DT_JMPREL) lazy.first = reinterpret_cast<const ElfW(Rela)*>(address);
      if (entry->d_tag == DT_PLTRELSZ) lazy.size = entry->d_un.d_val;
      if (entry->d_tag == DT_RELA) others.first = reinterpret_cast<const ElfW(Rela)*>(address);
      if (entry->d_tag == DT_RELASZ) others.size = entry->d_un.d_val;
    }
  }
  const ElfW(Sym) * symbols = nullptr;
  const char* names = nullptr;
  Relocations lazy, others;
};

// The linker may have made it read-only once it was filled.
void write_word(void** word, void* value) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(word) & ~(page - 1);
  if (::mprotect(reinterpret_cast<void*>(first), page, PROT_READ | PROT_WRITE) == 0) *word = value;
}

void redirect(const Dynamic& dynamic, const Relocations& relocations, ElfW(Addr) base) {
  for (std::size_t i = 0; i < relocations.size / sizeof(ElfW(Rela)); ++i) {
    const ElfW(Rela)& relocation = relocations.first[i];
    const char* name = dynamic.names + dynamic.symbols[ELF64_R_SYM(relocation.r_info)].st_name;
    if (std::strncmp(name, kProfiled, sizeof kProfiled - 1) != 0) continue;
    if (void* wrapper = ::dlsym(RTLD_DEFAULT, name + 1)) {
      write_word(reinterpret_cast<void**>(base + relocation.r_offset), wrapper);
    }
  }
}

}  // namespace

void redirect_fortran_calls() {
  const std::string file = file_of_bindings();
  if (file.empty()) return;
  void* bindings = ::dlopen(file.c_str(), RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
  link_map* map = nullptr;
  if (!bindings || ::dlinfo(bindings, RTLD_DI_LINKMAP, &map) != 0) return;
  const Dynamic dynamic(map->l_ld);
  redirect(dynamic, dynamic.lazy, map->l_addr);
  redirect(dynamic, dynamic.others, map->l_addr);
}

}  // namespace chkpt::mpi
