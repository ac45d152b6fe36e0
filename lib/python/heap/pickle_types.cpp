// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/pickle_types.hpp"

#include <cstring>
#include <map>

#include "python/heap/call.hpp"

namespace chkpt::heap {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr Py_ssize_t kHoldBytes = 4096;  // bytes objects from this size on are kept, not copied

Saver* saving = nullptr;
Pickled* sink = nullptr;
Loader* loading = nullptr;
SavedStream* reading = nullptr;

// ---- writing

void append_copy(const char* data, std::size_t size) {
  while (size > 0) {
    if (sink->chunks.empty() || sink->chunks.back().size() == sink->chunks.back().capacity()) {
      sink->chunks.emplace_back();
      sink->chunks.back().reserve(kChunkBytes);
    }
    Bytes& chunk = sink->chunks.back();
    const std::size_t part = std::min(size, chunk.capacity() - chunk.size());
    const std::size_t start = chunk.size();
    chunk.insert(chunk.end(), data, data + part);
    const std::uint8_t* place = chunk.data() + start;
    if (!sink->stream.empty() && sink->stream.back().data + sink->stream.back().size == place)
      sink->stream.back().size += part;
    else
      sink->stream.emplace_back(place, part);
    data += part;
    size -= part;
  }
}

PyObject* write(PyObject*, PyObject* data) {
  try {
    if (PyBytes_CheckExact(data) && PyBytes_GET_SIZE(data) >= kHoldBytes) {
      sink->held.push_back(Ref::borrow(data));
      sink->stream.emplace_back(PyBytes_AS_STRING(data),
                                static_cast<std::size_t>(PyBytes_GET_SIZE(data)));
      Py_RETURN_NONE;
    }
    Py_buffer view;
    if (PyObject_GetBuffer(data, &view, PyBUF_CONTIG_RO) < 0) return nullptr;
    append_copy(static_cast<const char*>(view.buf), static_cast<std::size_t>(view.len));
    PyBuffer_Release(&view);
    Py_RETURN_NONE;
  } catch (...) {
    set_python_exception();
    return nullptr;
  }
}

// True: in band. Only what the reducers meant to go out of band does.
PyObject* take_buffer(PyObject*, PyObject* buffer) {
  try {
    if (!saving->is_own_buffer(buffer)) Py_RETURN_TRUE;
    sink->buffers.emplace_back(buffer);
    Py_RETURN_FALSE;
  } catch (...) {
    set_python_exception();
    return nullptr;
  }
}

PyObject* persistent_id(PyObject*, PyObject* object) { return saving->persistent_id(object); }
PyObject* reducer_override(PyObject*, PyObject* object) { return saving->reduce(object); }

// ---- reading

PyObject* read(PyObject*, PyObject* size) {
  const Py_ssize_t count = PyLong_AsSsize_t(size);
  if (count == -1 && PyErr_Occurred()) return nullptr;
  return reading->read(count);
}
PyObject* read_line(PyObject*, PyObject*) { return reading->read_line(); }
PyObject* read_into(PyObject*, PyObject* target) {
  Py_buffer view;
  if (PyObject_GetBuffer(target, &view, PyBUF_CONTIG) < 0) return nullptr;
  const Py_ssize_t count = reading->read_into(static_cast<char*>(view.buf), view.len);
  PyBuffer_Release(&view);
  return PyLong_FromSsize_t(count);
}
PyObject* persistent_load(PyObject*, PyObject* id) { return loading->persistent_load(id); }

// ---- types

Ref make_type(const char* name, const Ref& base, PyMethodDef* methods) {
  PyType_Slot slots[] = {{Py_tp_methods, methods}, {0, nullptr}};
  PyType_Spec spec = {name, 0, 0, Py_TPFLAGS_DEFAULT, slots};
  return own(PyType_FromSpecWithBases(&spec, pack(base).get()));
}

PyMethodDef pickler_methods[] = {
    {"persistent_id", persistent_id, METH_O | METH_STATIC, nullptr},
    {"reducer_override", reducer_override, METH_O | METH_STATIC, nullptr},
    {nullptr, nullptr, 0, nullptr}};
PyMethodDef unpickler_methods[] = {
    {"persistent_load", persistent_load, METH_O | METH_STATIC, nullptr},
    {nullptr, nullptr, 0, nullptr}};
PyMethodDef file_methods[] = {{"write", write, METH_O | METH_STATIC, nullptr},
                              {"read", read, METH_O | METH_STATIC, nullptr},
                              {"readline", read_line, METH_NOARGS | METH_STATIC, nullptr},
                              {"readinto", read_into, METH_O | METH_STATIC, nullptr},
                              {nullptr, nullptr, 0, nullptr}};
PyMethodDef take_buffer_method = {"take_buffer", take_buffer, METH_O, nullptr};

// One for each _pickle there is, see unseen_imports.hpp. Never freed: destructors of static objects
// run after the interpreter has ended.
PyObject* type_on(const char* name, const char* base_name, PyMethodDef* methods) {
  static std::map<PyObject*, PyObject*> made;
  const Ref base = attr(import("_pickle"), base_name);
  PyObject*& type = made[base.get()];
  if (!type) type = make_type(name, base, methods).release();
  return type;
}
PyObject* pickler_type() { return type_on("chkpt.Pickler", "Pickler", pickler_methods); }
PyObject* unpickler_type() { return type_on("chkpt.Unpickler", "Unpickler", unpickler_methods); }
PyObject* file_type() {
  static PyObject* const type =
      make_type("chkpt.Stream", Ref::borrow(&PyBaseObject_Type), file_methods).release();
  return type;
}

}  // namespace

Pickling::Pickling(Saver& saver, Pickled& out) {
  const Ref callback = own(PyCFunction_New(&take_buffer_method, nullptr));
  const Ref keywords = new_dict();
  put(keywords, "buffer_callback", callback);
  pickler_ = call_with(pickler_type(), pack(call(file_type()), number(5)).get(), keywords.get());
  dump_ = attr(pickler_, "dump");
  saving = &saver;
  sink = &out;
}

Pickling::~Pickling() {
  PendingException pending;
  // The memo holds every object of the script that was saved.
  Ref::steal(PyObject_CallMethod(pickler_.get(), "clear_memo", nullptr));
  saving = nullptr;
  sink = nullptr;
}

void Pickling::dump(const Ref& object) { call(dump_, object); }

Ref Pickling::memo() const { return call_method(attr(pickler_, "memo"), "copy"); }

namespace {

// The number of entries must stay: it is the index of the next one.
void swap_entries(const Ref& memo, PyObject* a, PyObject* b) {
  const Ref key_a = own(PyLong_FromVoidPtr(a)), key_b = own(PyLong_FromVoidPtr(b));
  PyObject* entry_a = PyDict_GetItem(memo.get(), key_a.get());
  PyObject* entry_b = PyDict_GetItem(memo.get(), key_b.get());
  if (!entry_a || !entry_b) broken("the pickler has not memorized a string");
  const Ref new_a = pack(item(entry_b, 0), a), new_b = pack(item(entry_a, 0), b);
  ok(PyDict_SetItem(memo.get(), key_a.get(), new_a.get()));
  ok(PyDict_SetItem(memo.get(), key_b.get(), new_b.get()));
}

}  // namespace

// The pickler writes strings without asking anyone. So stand-ins are written, which the reader
// turns into interned strings, and then the strings take the stand-ins' places in the memo.
void Pickling::dump_interned(const Ref& strings) {
  const Ref stand_ins = new_list();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(strings.get()); ++i)
    append(stand_ins, own(PyCell_New(PyList_GET_ITEM(strings.get(), i))));
  saving->set_interning(true);
  call(dump_, stand_ins);
  saving->set_interning(false);
  const Ref memo = this->memo();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(stand_ins.get()); ++i)
    swap_entries(memo, PyList_GET_ITEM(stand_ins.get(), i),
                 PyCell_GET(PyList_GET_ITEM(stand_ins.get(), i)));
  set_attr(pickler_.get(), "memo", memo.get());
}

Ref make_unpickler(Loader& loader, SavedStream& stream, const std::vector<LoadedBuffer>& buffers) {
  const Ref views = new_list();
  for (const LoadedBuffer& buffer : buffers)
    append(views, own(PyMemoryView_FromMemory(static_cast<char*>(buffer.data),
                                              static_cast<Py_ssize_t>(buffer.size), PyBUF_WRITE)));
  const Ref keywords = new_dict();
  put(keywords, "buffers", views);
  loading = &loader;
  reading = &stream;
  return call_with(unpickler_type(), pack(call(file_type())).get(), keywords.get());
}

}  // namespace chkpt::heap
