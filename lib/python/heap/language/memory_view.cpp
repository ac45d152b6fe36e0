// SPDX-License-Identifier: BSD-3-Clause
// memoryview: made again on the object whose memory it shows.
#include <Python.h>

#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// (object, byte offset, format, shape, readonly)
Ref rebuild_memory_view(Args args) {
  Ref view = own(PyMemoryView_FromObject(args[0]));
  if (args[1] != Py_None) {
    const Ref flat = call_method(view, "cast", text("B"));
    long long size = integer(args[2]);
    const long long start = integer(args[1]);
    const Ref range = own(PySlice_New(number(start).get(), number(start + size).get(), nullptr));
    view = own(PyObject_GetItem(flat.get(), range.get()));
    if (utf8(args[3]) != "B" || PyTuple_GET_SIZE(args[4]) != 1)
      view = call_method(view, "cast", args[3], own(PySequence_List(args[4])));
  }
  return is_true(args[5]) ? call_method(view, "toreadonly") : view;
}
const Rebuilder make_memory_view{"memoryview", guarded<rebuild_memory_view>};

Ref rebuild_released_view(Args) {
  Ref view = own(PyMemoryView_FromObject(own(PyBytes_FromString("")).get()));
  call_method(view, "release");
  return view;
}
const Rebuilder make_released_view{"memoryview.released", guarded<rebuild_released_view>};

// (object, start, stop, step, readonly): a slice of one dimension, with gaps perhaps.
Ref rebuild_sliced_view(Args args) {
  const Ref whole = own(PyMemoryView_FromObject(args[0]));
  Ref view = own(PyObject_GetItem(whole.get(), own(PySlice_New(args[1], args[2], args[3])).get()));
  return is_true(args[4]) ? call_method(view, "toreadonly") : view;
}
const Rebuilder make_sliced_view{"memoryview.slice", guarded<rebuild_sliced_view>};

Ref sliced_view(const Py_buffer& view, const Py_buffer& all, const Ref& readonly) {
  const Py_ssize_t stride = all.strides[0];
  const Py_ssize_t start = (static_cast<char*>(view.buf) - static_cast<char*>(all.buf)) / stride;
  const Py_ssize_t step = view.strides[0] / stride, stop = start + step * view.shape[0];
  return reduced(make_sliced_view, pack(view.obj, number(start), stop < 0 ? none() : number(stop),
                                        number(step), readonly));
}

Ref reduce_memory_view(Saver&, PyObject* object, Rule&) {
  if (reinterpret_cast<PyMemoryViewObject*>(object)->flags & _Py_MEMORYVIEW_RELEASED)
    return reduced(make_released_view, pack());
  const Py_buffer* view = PyMemoryView_GET_BUFFER(object);
  if (!view->obj) refuse("a memoryview of memory that is no object's");
  // From 3.12 on: what such an object gave lies behind a wrapper that has no name.
  if (!PyObject_CheckBuffer(view->obj))
    refuse("a memoryview of an object whose class has __buffer__");
  const Ref whole = own(PyMemoryView_FromObject(view->obj));
  const Py_buffer* all = PyMemoryView_GET_BUFFER(whole.get());
  const Ref readonly = boolean(view->readonly && !all->readonly);
  if (view->buf == all->buf && view->len == all->len && view->ndim == all->ndim &&
      is_true(own(PyObject_RichCompare(attr(object, "format").get(), attr(whole, "format").get(),
                                       Py_EQ))) &&
      is_true(own(PyObject_RichCompare(attr(object, "strides").get(), attr(whole, "strides").get(),
                                       Py_EQ))))
    return reduced(make_memory_view, pack(view->obj, Py_None, Py_None, Py_None, Py_None, readonly));
  if (view->ndim == 1 && all->ndim == 1 && all->strides[0] != 0 &&
      utf8_attr(object, "format") == utf8_attr(whole.get(), "format"))
    return sliced_view(*view, *all, readonly);
  if (!PyBuffer_IsContiguous(view, 'C') || !PyBuffer_IsContiguous(all, 'C'))
    refuse("a memoryview with gaps cannot be saved");
  const auto offset = static_cast<const char*>(view->buf) - static_cast<const char*>(all->buf);
  return reduced(make_memory_view, pack(view->obj, number(offset), number(view->len),
                                        attr(object, "format"), attr(object, "shape"), readonly));
}

}  // namespace

void add_memory_view_type(ExactTypes& types) { types[&PyMemoryView_Type] = reduce_memory_view; }

}  // namespace chkpt::heap
