// SPDX-License-Identifier: BSD-3-Clause
// The ways to import: what the script, or a library that it called, has put among them or taken
// away, and their order.
#include <Python.h>

#include <vector>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT: the short spellings of call.hpp

struct HookList {
  const char* name;
  std::vector<Ref> first;  // as the interpreter began: every process has those
};

// Never freed: destructors of static objects run after the interpreter has ended.
std::vector<HookList>& hook_lists() {
  static auto* lists = new std::vector<HookList>{{"meta_path", {}}, {"path_hooks", {}}};
  return *lists;
}

// Null if the script has put something else there.
Ref list_now(const HookList& hooks) {
  Ref list = attr_or_null(import("sys").get(), hooks.name);
  return list && PyList_Check(list.get()) ? list : Ref();
}

void note_first_hooks() {
  for (HookList& hooks : hook_lists()) {
    const Ref list = list_now(hooks);
    for (Py_ssize_t i = 0; list && i < PyList_GET_SIZE(list.get()); ++i)
      hooks.first.push_back(Ref::borrow(PyList_GET_ITEM(list.get(), i)));
  }
}

// (number among the first, None) or (None, hook)
Ref told_hook(const HookList& hooks, PyObject* hook) {
  for (std::size_t i = 0; i < hooks.first.size(); ++i)
    if (hooks.first[i].is(hook)) return pack(number(static_cast<long long>(i)), none());
  return pack(none(), hook);
}

// {name of the list: [hook as told]}
Ref save_import_hooks() {
  const Ref saved = new_dict();
  for (const HookList& hooks : hook_lists()) {
    const Ref list = list_now(hooks);
    if (!list) continue;
    const Ref told = new_list();
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i)
      append(told, told_hook(hooks, PyList_GET_ITEM(list.get(), i)));
    put(saved, hooks.name, told);
  }
  return saved;
}

// Null if this process began with fewer.
PyObject* hook_of(const HookList& hooks, PyObject* told) {
  if (item(told, 0) == Py_None) return item(told, 1);
  const auto index = static_cast<std::size_t>(integer(item(told, 0)));
  return index < hooks.first.size() ? hooks.first[index].get() : nullptr;
}

void restore_import_hooks(PyObject* saved) {
  for (const HookList& hooks : hook_lists()) {
    PyObject* told = PyDict_Check(saved) ? find(saved, hooks.name) : nullptr;
    const Ref list = list_now(hooks);
    if (!told || !list) continue;
    const Ref now = new_list();
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(told); ++i)
      if (PyObject* hook = hook_of(hooks, PyList_GET_ITEM(told, i))) append(now, Ref::borrow(hook));
    ok(PyList_SetSlice(list.get(), 0, PyList_GET_SIZE(list.get()), now.get()));
  }
}

}  // namespace

void register_import_hook_part() {
  note_first_hooks();
  // Late: what is imported until then is no business of the script's.
  register_process_part({"import hooks", save_import_hooks, restore_import_hooks, 1290});
}

}  // namespace chkpt::process
