// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/modules/import_order.hpp"

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

PyObject* g_brought = nullptr;  // {name: outermost}; never freed: it outlives the interpreter's end

}  // namespace

void note_brought(PyObject* name, PyObject* outermost) {
  if (!g_brought) g_brought = new_dict().release();
  ok(PyDict_SetItem(g_brought, name, outermost));
}

ImportOrder::ImportOrder(const std::vector<Ref>& imported)
    : imported_(own(PySet_New(nullptr))), appended_(own(PySet_New(nullptr))) {
  for (const Ref& name : imported) ok(PySet_Add(imported_.get(), name.get()));
}

void ImportOrder::append_once(const Ref& steps, PyObject* name) {
  if (ok(PySet_Contains(appended_.get(), name))) return;
  ok(PySet_Add(appended_.get(), name));
  append(steps, Ref::borrow(name));
}

void ImportOrder::append_to(const Ref& steps, PyObject* name) {
  PyObject* outermost = g_brought ? PyDict_GetItemWithError(g_brought, name) : nullptr;
  if (outermost && ok(PySet_Contains(imported_.get(), outermost))) append_once(steps, outermost);
  append_once(steps, name);
}

}  // namespace chkpt::heap
