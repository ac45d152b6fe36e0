// SPDX-License-Identifier: BSD-3-Clause
// Objects of numpy that are no arrays: random generators, ufuncs that were made from Python
// functions; iterators are in numpy_iterators.cpp.
#include <Python.h>

#include <cstring>
#include <string>

#include "python/heap/call.hpp"
#include "python/heap/packages/numpy_arrays.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// ---- numpy.random: generators that share a bit generator still do

// A RandomState keeps the second of two Gaussians it drew (numpy/random/mtrand.pyx, get_state).
const char* const kCachedGaussian[] = {"has_gauss", "gauss"};

Ref random_state(PyObject* generator) { return call_method(generator, "get_state", Py_False); }

Ref rebuild_random(Args args) {
  Ref generator = call(args[0], args[1]);
  if (args[2] == Py_None) return generator;
  const Ref state = random_state(generator.get());
  for (int i = 0; i < 2; ++i)
    ok(PyDict_SetItemString(state.get(), kCachedGaussian[i], item(args[2], i)));
  call_method(generator, "set_state", state);
  return generator;
}
const Rebuilder make_random{"numpy.random", guarded<rebuild_random>};
Ref reduce_random(Saver&, PyObject* generator, Rule& rule) {
  if (std::strstr(rule.type->tp_name, "Generator"))
    return reduced(make_random, pack(rule.type, attr(generator, "bit_generator"), Py_None));
  const Ref state = random_state(generator);
  const Ref cached =
      pack(find(state.get(), kCachedGaussian[0]), find(state.get(), kCachedGaussian[1]));
  return reduced(make_random, pack(rule.type, attr(generator, "_bit_generator"), cached));
}

// With the seed sequence, which counts the children it spawned; the state alone does not tell.
Ref rebuild_bit_generator(Args args) {
  const Ref made = args[1] == Py_None ? call(args[0]) : call(args[0], args[1]);
  // As numpy.random.seed() leaves it: without a sequence.
  if (args[1] == Py_None)
    if (const Ref seed = attr_or_null(made.get(), "_legacy_seeding")) call(seed, number(0));
  set_attr(made.get(), "state", args[2]);
  return made;
}
const Rebuilder make_bit_generator{"numpy.bit_generator", guarded<rebuild_bit_generator>};
Ref reduce_bit_generator(Saver&, PyObject* generator, Rule& rule) {
  const Ref seed = attr_or_null(generator, "_seed_seq");
  return reduced(make_bit_generator,
                 pack(rule.type, seed ? seed : none(), attr(generator, "state")));
}

// ---- numpy.frompyfunc(), also inside numpy.vectorize

// (function, inputs, outputs, identity)
Ref rebuild_ufunc(Args args) {
  const Ref keywords = new_dict();
  if (args[3] != Py_None) put(keywords, "identity", Ref::borrow(args[3]));
  return call_with(numpy("frompyfunc").get(), pack(args[0], args[1], args[2]).get(),
                   keywords.get());
}
const Rebuilder make_ufunc{"numpy.ufunc", guarded<rebuild_ufunc>};
Ref reduce_ufunc(Saver& saver, PyObject* ufunc, Rule& rule) {
  const std::string name = utf8_attr(ufunc, "__name__"), mark = " (vectorized)";
  const bool from_python =
      name.size() > mark.size() && name.compare(name.size() - mark.size(), mark.size(), mark) == 0;
  if (from_python && rule.type->tp_traverse)
    for (PyObject* referent : referents(ufunc))
      if (PyCallable_Check(referent))
        return reduced(make_ufunc, pack(referent, attr(ufunc, "nin"), attr(ufunc, "nout"),
                                        attr(ufunc, "identity")));
  return reduce_by_default(saver, ufunc, rule);
}

// ---- scipy.spatial's trees: their nodes go as bytes, with addresses that a load finds out anew

// ckdtreenode: split_dim, children, split, start, end, less, greater, and the places of the two.
constexpr Py_ssize_t kNodeWords = 9, kFirstAddress = 5, kEndOfAddresses = 7;

// Where the state has copies of arrays that the tree works in: those of the script, if they have
// the layout that it needs.
struct TreeArray {
  Py_ssize_t place;
  const char* attribute;
};
constexpr TreeArray kTreeArrays[] = {{1, "data"}, {5, "maxes"}, {6, "mins"}, {7, "indices"}};

Ref reduce_kd_tree(Saver& saver, PyObject* tree, Rule& rule) {
  const Ref value = reduce_by_default(saver, tree, rule);
  const Ref state = own(PySequence_List(item(value, 2)));
  const Ref nodes = call_method(PyList_GET_ITEM(state.get(), 0), "copy");
  const Ref words = call_method(nodes, "view", numpy("uint64"));
  if (integer(attr(words, "size").get()) % kNodeWords != 0) return value;
  const Ref columns = call_method(words, "reshape", number(-1), number(kNodeWords));
  const Ref rows = own(PySlice_New(nullptr, nullptr, nullptr));
  const Ref addresses =
      own(PySlice_New(number(kFirstAddress).get(), number(kEndOfAddresses).get(), nullptr));
  ok(PyObject_SetItem(columns.get(), pack(rows, addresses).get(), number(0).get()));
  ok(PyList_SetItem(state.get(), 0, Ref::borrow(nodes.get()).release()));
  for (const TreeArray& array : kTreeArrays) {
    const Ref own_one = attr_or_null(tree, array.attribute);
    if (!own_one || !is_array(own_one.get()) || array.place >= PyList_GET_SIZE(state.get()))
      continue;
    PyObject* copy = PyList_GET_ITEM(state.get(), array.place);
    if (is_array(copy) && is_true(call(numpy("array_equal"), copy, own_one)))
      ok(PyList_SetItem(state.get(), array.place, own_one.new_ref()));
  }
  return pack(item(value, 0), item(value, 1), own(PyList_AsTuple(state.get())));
}

void add_type(ExactTypes& types, const char* module, const char* name, Reduce reduce) {
  const Ref type = loaded_attr(module, name);
  if (type && PyType_Check(type.get())) types[reinterpret_cast<PyTypeObject*>(type.get())] = reduce;
}

}  // namespace

void add_numpy_library_types(ExactTypes& types) {
  for (const char* name : {"Generator", "RandomState"})
    add_type(types, "numpy.random", name, reduce_random);
  for (const char* name : {"PCG64", "PCG64DXSM", "SFC64", "Philox", "MT19937"})
    add_type(types, "numpy.random", name, reduce_bit_generator);
  add_type(types, "scipy.spatial._ckdtree", "cKDTree", reduce_kd_tree);
  add_type(types, "scipy.spatial._kdtree", "KDTree", reduce_kd_tree);
  add_type(types, "numpy", "flatiter", reduce_flat);
  add_type(types, "numpy", "ndindex", reduce_ndindex);
  add_type(types, "numpy", "nditer", reduce_nditer);
  add_type(types, "numpy", "broadcast", reduce_broadcast);
  add_type(types, "numpy", "ufunc", reduce_ufunc);
  add_type(types, "numpy", "void", reduce_record);
  add_type(types, "numpy", "record", reduce_record);
}

}  // namespace chkpt::heap
