// SPDX-License-Identifier: BSD-3-Clause
// What the dynamic loader has loaded: the program and its shared libraries, as their ELF headers in
// memory tell. A description holds for as long as its library stays loaded.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <link.h>

#include "base/bytes.hpp"

namespace chkpt {

struct AddressRange {
  std::uintptr_t begin = 0, end = 0;
  bool contains(std::uintptr_t address) const { return address >= begin && address < end; }
};

class LoadedImage {
 public:
  explicit LoadedImage(const dl_phdr_info& info);

  // As the loader knows it; "" for the program.
  const std::string& path() const { return path_; }
  // What is added to addresses in the file.
  std::uintptr_t base() const { return base_; }
  AddressRange segment_at(std::uintptr_t address) const;  // empty: it lies in none
  bool contains(std::uintptr_t address) const { return segment_at(address).end != 0; }
  AddressRange all() const;                      // from the first segment to the end of the last
  std::vector<AddressRange> writable() const;    // segments, at first writable
  AddressRange data() const;                     // writable, not made read-only after relocation
  AddressRange linkage() const;                  // the table of functions found lazily
  std::string build_id() const;                  // "": it has none
  const ElfW(Dyn) * dynamic() const;             // null: it has no such section
  bool holds_text(std::string_view text) const;  // among what is not writable
  std::string shared_name() const;               // that others know it by; "": none
  std::vector<std::string> linked_to() const;    // names of the libraries that it needs
  ByteView headers() const;                      // its program headers
  // Of the thread that calls: where its copies of thread-local variables lie; made if need be.
  AddressRange thread_block() const;

 private:
  std::vector<std::string> texts(std::int64_t tag) const;  // of the dynamic section

  std::string path_;
  std::uintptr_t base_;
  const ElfW(Phdr) * headers_;
  int count_;
  std::size_t thread_module_;  // 0: it has no thread-local variables
};

// In the order in which the loader searches them, the program first.
std::vector<LoadedImage> loaded_images();
std::optional<LoadedImage> loaded_image(const std::string& path);
// The one in which an address lies; null: in none.
const LoadedImage* image_at(const std::vector<LoadedImage>& images, std::uintptr_t address);

// What dlopen() has opened; "" for the program. Nothing: no such handle.
std::optional<std::string> path_of_handle(void* handle);
// The functions of this name in those libraries whose path is meant.
std::vector<void*> functions_named(const char* name,
                                   const std::function<bool(const std::string& path)>& is_meant);

// Calls use(name, address) for the first `count` functions and variables that a library exports
// under a name that nobody else should have, until it returns true; then true.
bool any_of_first_exports(const LoadedImage& image, int count,
                          const std::function<bool(const char* name, const void* address)>& use);
// The same for the names of functions that a resolver chooses when they are linked (STT_GNU_IFUNC):
// what is called has another name, and dladdr() does not tell either.
bool any_indirect_export(const LoadedImage& image,
                         const std::function<bool(const char* name)>& use);

}  // namespace chkpt
