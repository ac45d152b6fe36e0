// SPDX-License-Identifier: BSD-3-Clause
#include "base/high_heap.hpp"

#include <linux/prctl.h>
#include <malloc.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace chkpt {
namespace {

// Below programs linked at any address (0x55...) and what the kernel maps (0x7f...).
constexpr std::uintptr_t kHeap = 0x500000000000;

std::uintptr_t as_number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }
void* as_address(std::uintptr_t number) { return reinterpret_cast<void*>(number); }  // NOLINT

// The fields of /proc/self/stat behind the name, which may contain blanks; numbered as in proc(5).
class ProcessStat {
 public:
  ProcessStat() {
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    std::istringstream rest(line.substr(line.rfind(')') + 1));
    for (std::string word; rest >> word;) fields_.push_back(word);
  }
  std::uint64_t operator[](std::size_t field) const {
    constexpr std::size_t kFirst = 3;
    return field - kFirst < fields_.size()
               ? std::strtoull(fields_[field - kFirst].c_str(), nullptr, 10)
               : 0;
  }

 private:
  std::vector<std::string> fields_;
};

// As the kernel does with the heap of a program linked at any address, it begins somewhere else
// each time: up to 64 GiB further.
std::uintptr_t new_place() {
  std::uint32_t random = 0;
  if (const auto* bytes = as_address(getauxval(AT_RANDOM)))
    std::memcpy(&random, bytes, sizeof random);
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  return kHeap + (random % (1U << 24)) * page;
}

// prctl(2), PR_SET_MM_MAP: needs no privilege, but a kernel with CONFIG_CHECKPOINT_RESTORE.
bool move_break(std::uintptr_t place) {
  const ProcessStat stat;
  prctl_mm_map map{};
  map.start_code = stat[26], map.end_code = stat[27], map.start_stack = stat[28];
  map.start_data = stat[45], map.end_data = stat[46];
  map.start_brk = map.brk = place;
  map.arg_start = stat[48], map.arg_end = stat[49];
  map.env_start = stat[50], map.env_end = stat[51];
  map.exe_fd = static_cast<std::uint32_t>(-1);
  if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) != 0) return false;
  return brk(as_address(place)) == 0;  // tells the C library
}

// malloc maps memory when the heap cannot grow. It gives less of it back, so this is second choice.
// Should it fail too, the heap stays where it is.
void keep_break_from_growing() {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t next = (as_number(sbrk(0)) + page - 1) / page * page;
  static_cast<void>(mmap(as_address(next), page, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
}

// False under valgrind, which has its own ideas of addresses and of the heap.
bool kernel_maps_high() {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* place = mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) return false;
  munmap(place, page);
  return as_number(place) >= kLowestHighAddress;
}

// What is left of the old heap would still be given out: a quarter of a megabyte at most, kept for
// ever.
void use_up_old_heap() {
  constexpr std::size_t kLargest = 64 << 10, kSmallest = 16, kMost = 4 << 20;
  std::size_t used = 0;
  for (std::size_t size = kLargest; size >= kSmallest; size /= 2)
    for (; used < kMost; used += size) {
      void* block = std::malloc(size);
      if (!block || as_number(block) >= kLowestHighAddress) {
        std::free(block);
        break;
      }
    }
}

}  // namespace

void move_heap_up() {
  if (as_number(sbrk(0)) >= kLowestHighAddress || !kernel_maps_high()) return;
  if (!move_break(new_place())) keep_break_from_growing();
  use_up_old_heap();
}

}  // namespace chkpt
