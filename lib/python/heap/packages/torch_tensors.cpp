// SPDX-License-Identifier: BSD-3-Clause
// torch tensors in the memory of the CPU. What torch pickles itself is a copy for another program:
// without gradients, and no longer sharing memory. Here tensors share their storages as before.
// A graph that backward() may still go through is refused; one that it has gone through is only
// named by its tensor.
#include <Python.h>

#include <unordered_set>

#include "base/text.hpp"
#include "python/heap/call.hpp"
#include "python/heap/packages/numpy_arrays.hpp"
#include "python/heap/reducers.hpp"
#include "python/heap/packages/torch_objects.hpp"
#include "python/heap/packages/torch_tensors.hpp"

namespace chkpt::heap {
namespace {

constexpr long long kOutOfBandBytes = 1024;

Ref empty_tensor(const Ref& dtype, long long size) {
  const Ref keywords = new_dict();
  put(keywords, "dtype", dtype);
  put(keywords, "device", text("cpu"));
  return call_with(torch("empty").get(), pack(pack(number(size))).get(), keywords.get());
}

Ref storage_of(PyObject* tensor) {
  if (const Ref untyped = attr_or_null(tensor, "untyped_storage")) return call(untyped);
  return call_method(call_method(tensor, "storage"), "untyped");
}

// ---- storages: (bytes)

// A numpy array of bytes over the whole storage.
Ref bytes_of(PyObject* storage) {
  const Ref size = call_method(storage, "nbytes");
  const Ref all = empty_tensor(torch("uint8"), 0);
  call_method(all, "set_", storage, number(0), pack(size), pack(number(1)));
  return call_method(all, "numpy");
}

Ref rebuild_storage(Args args) {
  const Ref bytes = call_method(import("numpy"), "frombuffer", args[0], numpy("uint8"));
  const Ref made = empty_tensor(torch("uint8"), integer(attr(bytes, "size").get()));
  call_method(import("numpy"), "copyto", call_method(made, "numpy"), bytes);
  return storage_of(made.get());
}
const Rebuilder make_storage{"torch.storage", guarded<rebuild_storage>};

Ref rebuild_same(Args args) { return Ref::borrow(args[0]); }
const Rebuilder make_same{"torch.same", guarded<rebuild_same>};

// torch makes a Python object for a storage whenever it is asked for one.
Ref first_of_same(Saver& saver, const Ref& storage) {
  const auto address = integer(call_method(storage, "data_ptr").get());
  return address ? saver.first_for(reinterpret_cast<const void*>(address), storage) : storage;
}

// torch.from_numpy() gives tensors in memory of an array, which does not show.
void note_memory(Saver& saver, const Ref& storage) {
  saver.note_memory(integer(call_method(storage, "data_ptr").get()),
                    integer(call_method(storage, "nbytes").get()), MemoryOf::kTorch);
}

// ---- arrays made by Tensor.numpy(): (class, storage, dtype, shape, strides, offset)

Ref rebuild_shared_array(Args args) {
  return new_array(args[0], args[3], args[2], bytes_of(args[1]), Ref::borrow(args[5]),
                   Ref::borrow(args[4]), none());
}
const Rebuilder make_shared_array{"torch.array", guarded<rebuild_shared_array>};

// ---- graphs

bool holds_tensor(PyObject* value) {
  if (is_torch_tensor_type(Py_TYPE(value))) return true;
  if (!PyTuple_Check(value) && !PyList_Check(value)) return false;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(value); ++i)
    if (holds_tensor(PySequence_Fast_GET_ITEM(value, i))) return true;
  return false;
}

enum class Kept { kNothing, kTensors, kFreed };

Kept kept_by(PyObject* node) {
  Kept kept = Kept::kNothing;
  const Ref names = own(PyObject_Dir(node));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names.get()); ++i) {
    const std::string name = utf8(PyList_GET_ITEM(names.get(), i));
    if (!begins_with(name, "_saved_") && name != "saved_tensors") continue;
    const Ref value = Ref::steal(PyObject_GetAttrString(node, name.c_str()));
    if (value && holds_tensor(value.get())) return Kept::kTensors;
    if (value) continue;
    if (!PyErr_ExceptionMatches(PyExc_RuntimeError)) throw Raised{};
    PyErr_Clear();
    kept = Kept::kFreed;
  }
  return kept;
}

// backward() has been through: some node has given up what it kept, and none keeps anything.
bool is_used_up(const Ref& grad_fn) {
  std::vector<Ref> nodes{grad_fn};
  std::unordered_set<PyObject*> seen{grad_fn.get()};
  bool freed = false;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Kept kept = kept_by(nodes[i].get());
    if (kept == Kept::kTensors) return false;
    freed = freed || kept == Kept::kFreed;
    const Ref next = attr(nodes[i], "next_functions");
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(next.get()); ++k) {
      PyObject* node = item(item(next, k), 0);
      if (node != Py_None && seen.insert(node).second) nodes.push_back(Ref::borrow(node));
    }
  }
  return freed;
}

PyObject* forward(PyObject*, PyObject* const* args, Py_ssize_t count) {
  return Py_NewRef(args[count - 1]);
}
PyObject* backward(PyObject*, PyObject* const*, Py_ssize_t) {
  PyErr_SetString(PyExc_RuntimeError,
                  "Trying to backward through the graph a second time (or directly access saved "
                  "tensors after they have already been freed).");
  return nullptr;
}

Ref static_method(PyMethodDef& definition) {
  return own(PyStaticMethod_New(own(PyCFunction_New(&definition, nullptr)).get()));
}
PyCFunction fast(_PyCFunctionFast function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

// The tensor as the result of a graph that calls itself `name` and has been gone through: asked for
// what it kept, it says so.
Ref after_used_graph(const Ref& tensor, PyObject* name) {
  static PyMethodDef methods[] = {{"forward", fast(forward), METH_FASTCALL, nullptr},
                                  {"backward", fast(backward), METH_FASTCALL, nullptr}};
  const Ref members = new_dict();
  for (PyMethodDef& method : methods) put(members, method.ml_name, static_method(method));
  const Ref function = attr(torch("autograd"), "Function");
  const Ref made = call(raw(Py_TYPE(function.get())), name, pack(function), members);
  const Ref leaf = call_method(call(torch("zeros"), pack()), "requires_grad_");
  Ref result = call_method(made, "apply", leaf, tensor);
  PyObject* node_type = raw(Py_TYPE(attr(result, "grad_fn").get()));
  set_attr(node_type, "__name__", name);
  const Ref freed = own(PyCFunction_New(&methods[1], nullptr));
  set_attr(node_type, "_saved_result", call(raw(&PyProperty_Type), freed).get());
  return result;
}

// ---- tensors: (class, storage, dtype, offset, size, stride, base|None, used graph's name|None)

Ref rebuild_tensor(Args args) {
  Ref made;
  if (args[6] != Py_None) {
    made = call_method(args[6], "as_strided", args[4], args[5], args[3]);
  } else {
    made = empty_tensor(Ref::borrow(args[2]), 0);
    call_method(made, "set_", args[1], args[3], args[4], args[5]);
  }
  if (args[0] != torch("Tensor").get())
    made = call_method(torch("Tensor"), "_make_subclass", args[0], made);
  return args[7] == Py_None ? made : after_used_graph(made, args[7]);
}
const Rebuilder make_tensor{"torch.tensor", guarded<rebuild_tensor>};

constexpr const char* kHooks[] = {"_backward_hooks", "_post_accumulate_grad_hooks"};

// (tensor, (instance state, requires_grad|None, grad|None, hooks))
Ref fill_tensor(Args args) {
  PyObject *tensor = args[0], *state = args[1];
  restore_instance_state(tensor, item(state, 0));
  if (item(state, 1) != Py_None) call_method(tensor, "requires_grad_", item(state, 1));
  if (item(state, 2) != Py_None) set_attr(tensor, "grad", item(state, 2));
  for (Py_ssize_t i = 0; i < 2; ++i)
    if (item(item(state, 3), i) != Py_None) set_attr(tensor, kHooks[i], item(item(state, 3), i));
  return none();
}
const Rebuilder set_tensor{"torch.tensor.state", guarded<fill_tensor>};

bool says(PyObject* tensor, const char* method) { return is_true(call_method(tensor, method)); }

void refuse_special_tensors(PyObject* tensor) {
  if (utf8_attr(attr(tensor, "device").get(), "type") != "cpu")
    refuse("a torch tensor outside the memory of the CPU");
  const Ref strided = torch("strided");
  if (!attr(tensor, "layout").is(strided.get()) || truth_of(tensor, "is_quantized"))
    refuse("a torch tensor that is not dense");
  if (says(tensor, "is_conj") || says(tensor, "is_neg") || says(tensor, "is_inference") ||
      says(tensor, "has_names"))
    refuse("a torch tensor with names, of inference mode, or to be conjugated or negated yet");
}

// The tensor it is a view of, when changes in place must be seen by the graph of that one.
Ref base_of(PyObject* tensor) {
  const Ref base = attr(tensor, "_base");
  if (base.is(Py_None) || truth_of(base.get(), "requires_grad")) return none();
  return attr(base, "dtype").is(attr(tensor, "dtype").get()) ? base : none();
}

Ref hooks_of(PyObject* tensor) {
  const auto one = [&](const char* name) {
    const Ref hooks = attr_or_null(tensor, name);
    return hooks ? hooks : none();
  };
  return pack(one(kHooks[0]), one(kHooks[1]));
}

Ref name_of_used_graph(PyObject* tensor, const Ref& grad_fn) {
  if (grad_fn.is(Py_None)) return none();
  if (!is_used_up(grad_fn)) refuse("a torch tensor whose graph backward() may still go through");
  if (raw(Py_TYPE(tensor)) != torch("Tensor").get() || truth_of(tensor, "retains_grad"))
    refuse("a torch tensor with a graph, and a class or a gradient of its own");
  return own(PyType_GetName(Py_TYPE(grad_fn.get())));
}

Ref plain_tuple(const Ref& sequence) { return own(PySequence_Tuple(sequence.get())); }

}  // namespace

bool is_torch_tensor_type(PyTypeObject* type) { return is_torch_class(type, "Tensor"); }

Ref reduce_torch_tensor(Saver& saver, PyObject* tensor, Rule& rule) {
  refuse_special_tensors(tensor);
  const Ref grad_fn = attr(tensor, "grad_fn");
  const Ref used_graph = name_of_used_graph(tensor, grad_fn);
  const bool leaf = grad_fn.is(Py_None);
  const Ref storage = first_of_same(saver, storage_of(tensor));
  note_memory(saver, storage);
  const Ref args =
      pack(rule.type, storage, attr(tensor, "dtype"), call_method(tensor, "storage_offset"),
           plain_tuple(call_method(tensor, "size")), plain_tuple(call_method(tensor, "stride")),
           leaf ? base_of(tensor) : none(), used_graph);
  const Ref state =
      pack(instance_state(saver, tensor, rule), leaf ? attr(tensor, "requires_grad") : none(),
           leaf ? attr(tensor, "grad") : none(), hooks_of(tensor));
  return reduced(make_tensor, args, state, set_tensor);
}

bool is_torch_storage_type(PyTypeObject* type) { return is_torch_class(type, "UntypedStorage"); }

Ref reduce_torch_storage(Saver& saver, PyObject* storage, Rule&) {
  const Ref first = first_of_same(saver, Ref::borrow(storage));
  if (!first.is(storage)) return reduced(make_same, pack(first));
  if (utf8_attr(attr(storage, "device").get(), "type") != "cpu" || says(storage, "is_shared"))
    refuse("a torch storage outside the memory of this process");
  const Ref bytes = bytes_of(storage);
  const long long size = integer(attr(bytes, "size").get());
  note_memory(saver, first);
  return reduced(make_storage, pack(size < kOutOfBandBytes ? call_method(bytes, "tobytes")
                                                           : saver.own_buffer(bytes.get())));
}

bool is_torch_typed_storage_type(PyTypeObject* type) {
  return is_torch_class(type, "TypedStorage");
}

Ref reduce_array_of_tensor(Saver& saver, PyObject* array, PyObject* owner, Rule& rule) {
  const Ref storage = first_of_same(saver, storage_of(attr(owner, "base").get()));
  const auto start = integer(call_method(storage, "data_ptr").get());
  return with_array_state(saver, array, rule, make_shared_array,
                          pack(rule.type, storage, attr(array, "dtype"), attr(array, "shape"),
                               attr(array, "strides"), number(address_of(array) - start)));
}

}  // namespace chkpt::heap
