// SPDX-License-Identifier: BSD-3-Clause
// The counter behind the names that asyncio gives to tasks. It lies in the memory of the C module,
// where no attribute leads to it: it is the one number there that counts the tasks we make.
#include "python/frames/shim.hpp"

#include "python/frames/tasks.hpp"

#include "python/frames/task_probe.hpp"

#include <cstdint>
#include <cstdio>
#include <vector>

#include <link.h>

namespace chkpt::frames {
namespace {

struct Region {
  std::uintptr_t begin;
  std::size_t size;
};

struct Search {
  std::uintptr_t code;  // an address in the object file that is meant
  std::vector<Region> found;
};

int note_writable(dl_phdr_info* info, std::size_t, void* context) {
  auto* search = static_cast<Search*>(context);
  bool meant = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = info->dlpi_phdr[i];
    const std::uintptr_t begin = info->dlpi_addr + part.p_vaddr;
    meant = meant || (part.p_type == PT_LOAD && search->code >= begin &&
                      search->code < begin + part.p_memsz);
  }
  for (int i = 0; meant && i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = info->dlpi_phdr[i];
    if (part.p_type == PT_LOAD && (part.p_flags & PF_W))
      search->found.push_back({info->dlpi_addr + part.p_vaddr, part.p_memsz});
  }
  return meant ? 1 : 0;
}

// From 3.12 on modules have memory of their own; before, theirs is that of the object file.
std::vector<Region> memory_of(PyObject* module, const TaskProbe& probe) {
  const PyModuleDef* definition = PyModule_GetDef(module);
  void* state = PyModule_GetState(module);
  if (definition && state && definition->m_size > 0)
    return {
        {reinterpret_cast<std::uintptr_t>(state), static_cast<std::size_t>(definition->m_size)}};
  Search search{reinterpret_cast<std::uintptr_t>(probe.wakeup->ml_meth), {}};
  ::dl_iterate_phdr(note_writable, &search);
  return search.found;
}

// Makes one more task; the number it got. Negative: an exception, or its name is no number.
long long next_number(PyObject* module, const TaskProbe& probe) {
  const Ref name = Ref::steal(PyObject_CallOneArg(probe.numbered, module));
  if (!name) return -1;
  long long number = -1;
  const char* text = PyUnicode_AsUTF8(name.get());
  return text && std::sscanf(text, "Task-%lld", &number) == 1 ? number : -1;
}

using Places = std::vector<std::uint64_t*>;

Places places_of(const std::vector<Region>& memory, long long value) {
  Places places;
  for (const Region& region : memory) {
    constexpr std::size_t kStep = sizeof(std::uint64_t);
    const std::size_t skipped = (kStep - region.begin % kStep) % kStep;
    for (std::size_t at = skipped; at + kStep <= region.size; at += kStep) {
      auto* place = reinterpret_cast<std::uint64_t*>(region.begin + at);
      if (*place == static_cast<std::uint64_t>(value)) places.push_back(place);
    }
  }
  return places;
}

void keep_those_with(Places& places, long long value) {
  Places kept;
  for (std::uint64_t* place : places)
    if (*place == static_cast<std::uint64_t>(value)) kept.push_back(place);
  places.swap(kept);
}

std::uint64_t* find_counter() {
  const TaskProbe* probe = task_probe();
  PyObject* module = probe ? asyncio_c_module() : nullptr;
  if (!module) return nullptr;
  const long long first = next_number(module, *probe);
  Places places = first > 0 ? places_of(memory_of(module, *probe), first) : Places();
  for (int round = 1; round < 4 && !places.empty(); ++round)
    keep_those_with(places, next_number(module, *probe) == first + round ? first + round : -1);
  if (places.size() != 1) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "asyncio counts tasks in another way");
    return nullptr;
  }
  *places.front() = static_cast<std::uint64_t>(first - 1);
  return places.front();
}

std::uint64_t* counter() {
  static std::uint64_t* found = nullptr;
  if (!found) found = find_counter();
  return found;
}

}  // namespace

long long task_number() {
  const std::uint64_t* place = counter();
  return place ? static_cast<long long>(*place) : -1;
}

int set_task_number(long long number) {
  std::uint64_t* place = counter();
  if (!place) return -1;
  *place = static_cast<std::uint64_t>(number);
  return 0;
}

}  // namespace chkpt::frames
