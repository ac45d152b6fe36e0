// SPDX-License-Identifier: BSD-3-Clause
// What codecs.register() and codecs.register_error() were given. The interpreter keeps both in
// containers of its own (Python/codecs.c) that no name leads to; the collector knows them by what
// they have held since the start.
#include <Python.h>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

// Never freed: they outlive the interpreter's end.
PyObject* g_handlers = nullptr;           // name -> handler, the interpreter's own
PyObject* g_searches = nullptr;           // search functions, the interpreter's own
PyObject* g_handlers_baseline = nullptr;  // what they were before the script
PyObject* g_searches_baseline = nullptr;

template <class Wanted>
PyObject* find_holder(const Ref& held, Wanted&& wanted) {
  const Ref holders = call_method(gc_module(), "get_referrers", held);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(holders.get()); ++i) {
    PyObject* holder = PyList_GET_ITEM(holders.get(), i);
    if (wanted(holder)) return Py_NewRef(holder);
  }
  broken("the interpreter's codec registry was not found");
}

void find_registries() {
  const Ref strict = call_method(import("codecs"), "lookup_error", text("strict"));
  g_handlers = find_holder(strict, [&](PyObject* holder) {
    return PyDict_CheckExact(holder) && find(holder, "strict") == strict.get() &&
           find(holder, "xmlcharrefreplace") != nullptr;
  });
  const Ref search = attr(import("encodings"), "search_function");
  g_searches = find_holder(search, [](PyObject* holder) { return PyList_CheckExact(holder); });
}

Ref save_handlers() {
  const Ref added = new_dict();
  PyObject *name = nullptr, *handler = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(g_handlers, &position, &name, &handler))
    if (PyDict_GetItem(g_handlers_baseline, name) != handler)
      ok(PyDict_SetItem(added.get(), name, handler));
  return PyDict_GET_SIZE(added.get()) ? added : none();
}

void restore_handlers(PyObject* saved) { ok(PyDict_Update(g_handlers, saved)); }

Ref save_searches() {
  const Ref added = new_list();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(g_searches); ++i) {
    const Ref search = Ref::borrow(PyList_GET_ITEM(g_searches, i));
    if (!ok(PySequence_Contains(g_searches_baseline, search.get()))) append(added, search);
  }
  return PyList_GET_SIZE(added.get()) ? added : none();
}

// Libraries have registered theirs again when they were imported.
void restore_searches(PyObject* saved) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(saved); ++i) {
    PyObject* search = PyList_GET_ITEM(saved, i);
    if (!ok(PySequence_Contains(g_searches, search)))
      call_method(import("codecs"), "register", search);
  }
}

}  // namespace

void register_codec_parts() {
  find_registries();
  g_handlers_baseline = own(PyDict_Copy(g_handlers)).release();
  g_searches_baseline = own(PySequence_List(g_searches)).release();
  register_process_part(
      {"codec errors", save_handlers, restore_handlers, 14, {"codecs", "encodings"}, true});
  register_process_part({"codec searches", save_searches, restore_searches, 15, {}, true});
}

}  // namespace chkpt::process
