// SPDX-License-Identifier: BSD-3-Clause
// The counter behind the names that asyncio gives to tasks. It lies in the memory of the C module,
// where no attribute leads to it: it is the one number there that counts the tasks we make.
#include "python/frames/shim.hpp"

#include "python/frames/tasks.hpp"

#include "python/frames/task_probe.hpp"

#include <cstdint>
#include <cstdio>
#include <vector>

#include "base/loaded_images.hpp"

namespace chkpt::frames {
namespace {

// From 3.12 on modules have memory of their own; before, theirs is that of the object file.
std::vector<AddressRange> memory_of(PyObject* module, const TaskProbe& probe) {
  const PyModuleDef* definition = PyModule_GetDef(module);
  void* state = PyModule_GetState(module);
  if (definition && state && definition->m_size > 0)
    return {
        {reinterpret_cast<std::uintptr_t>(state),
         reinterpret_cast<std::uintptr_t>(state) + static_cast<std::size_t>(definition->m_size)}};
  const std::vector<LoadedImage> images = loaded_images();
  const auto code = reinterpret_cast<std::uintptr_t>(probe.wakeup->ml_meth);
  const LoadedImage* image = image_at(images, code);
  return image ? image->writable() : std::vector<AddressRange>();
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

Places places_of(const std::vector<AddressRange>& memory, long long value) {
  Places places;
  for (const AddressRange& region : memory) {
    constexpr std::size_t kStep = sizeof(std::uint64_t);
    const std::size_t skipped = (kStep - region.begin % kStep) % kStep;
    for (std::size_t at = skipped; at + kStep <= region.end - region.begin; at += kStep) {
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
