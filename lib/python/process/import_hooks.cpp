// SPDX-License-Identifier: BSD-3-Clause
// The ways to import: what the script, or a library that it called, has put among them or taken
// away, and their order.
#include <Python.h>

#include <string>
#include <vector>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT: the short spellings of call.hpp

struct HookList {
  const char* name;
  std::vector<Ref> first;  // as the interpreter began
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

// Another launch may have others, from another sitecustomize or .pth file: by its name and how many
// of that name come before it.
Ref key_of(const HookList& hooks, std::size_t index) {
  const auto name_at = [&](std::size_t i) {
    PyObject* hook = hooks.first[i].get();
    const Ref name = attr_or_null(hook, "__qualname__");
    return utf8_attr(name ? hook : raw(Py_TYPE(hook)), "__qualname__");
  };
  const std::string name = name_at(index);
  long long before = 0;
  for (std::size_t i = 0; i < index; ++i) before += name_at(i) == name ? 1 : 0;
  return pack(text(name), number(before));
}

Ref keys_of(const HookList& hooks) {
  const Ref keys = new_list();
  for (std::size_t i = 0; i < hooks.first.size(); ++i) append(keys, key_of(hooks, i));
  return keys;
}

// (key of one of the first, None) or (None, hook)
Ref told_hook(const HookList& hooks, PyObject* hook) {
  for (std::size_t i = 0; i < hooks.first.size(); ++i)
    if (hooks.first[i].is(hook)) return pack(key_of(hooks, i), none());
  return pack(none(), hook);
}

// {name of the list: (keys of the first, [hook as told])}
Ref save_import_hooks() {
  const Ref saved = new_dict();
  for (const HookList& hooks : hook_lists()) {
    const Ref list = list_now(hooks);
    if (!list) continue;
    const Ref told = new_list();
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i)
      append(told, told_hook(hooks, PyList_GET_ITEM(list.get(), i)));
    put(saved, hooks.name, pack(keys_of(hooks), told));
  }
  return saved;
}

// Null if this process began without it.
PyObject* hook_of(const HookList& hooks, const Ref& keys, PyObject* told) {
  if (item(told, 0) == Py_None) return item(told, 1);
  for (std::size_t i = 0; i < hooks.first.size(); ++i)
    if (ok(PyObject_RichCompareBool(PyList_GET_ITEM(keys.get(), static_cast<Py_ssize_t>(i)),
                                    item(told, 0), Py_EQ)))
      return hooks.first[i].get();
  return nullptr;
}

// What the saved process did not begin with stays where it is.
void restore_list(const HookList& hooks, const Ref& list, PyObject* known, PyObject* told) {
  const Ref keys = keys_of(hooks), now = new_list();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(told); ++i)
    if (PyObject* hook = hook_of(hooks, keys, PyList_GET_ITEM(told, i)))
      append(now, Ref::borrow(hook));
  for (std::size_t i = 0; i < hooks.first.size(); ++i) {
    const auto at = static_cast<Py_ssize_t>(i);
    if (ok(PySequence_Contains(known, PyList_GET_ITEM(keys.get(), at))) == 0)
      ok(PyList_Insert(now.get(), at, hooks.first[i].get()));
  }
  ok(PyList_SetSlice(list.get(), 0, PyList_GET_SIZE(list.get()), now.get()));
}

void restore_import_hooks(PyObject* saved) {
  if (!PyDict_Check(saved)) broken("the ways to import were saved by an older chkpt");
  for (const HookList& hooks : hook_lists()) {
    PyObject* of_list = find(saved, hooks.name);
    const Ref list = list_now(hooks);
    if (of_list && list) restore_list(hooks, list, item(of_list, 0), item(of_list, 1));
  }
}

}  // namespace

void register_import_hook_part() {
  note_first_hooks();
  // Late: what is imported until then is no business of the script's.
  register_process_part({"import hooks", save_import_hooks, restore_import_hooks, 1290});
}

}  // namespace chkpt::process
