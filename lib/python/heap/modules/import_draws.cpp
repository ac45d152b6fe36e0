// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/modules/import_draws.hpp"

#include "python/heap/call.hpp"
#include "python/heap/packages/torch_objects.hpp"

namespace chkpt::heap {
namespace {

// Null if the module is not there, or is still being loaded.
Ref state_of_random(PyObject* random) {
  const Ref getstate = attr_or_null(random, "getstate");
  return getstate ? call(getstate) : Ref();
}
void set_state_of_random(PyObject* random, PyObject* state) {
  call_method(Ref::borrow(random), "setstate", state);
}

// numpy's state holds an array: its bytes can be loaded before numpy is imported. Null for another
// kind of generator, which the script has chosen itself.
Ref state_of_numpy(PyObject* mtrand) {
  const Ref generator = attr_or_null(mtrand, "_rand");
  const Ref state = generator ? attr_or_null(generator.get(), "get_state") : Ref();
  if (!state) return {};
  const Ref parts = call(state, Ref::borrow(Py_False));
  PyObject* kind = find(parts.get(), "bit_generator");
  if (!kind || !PyUnicode_Check(kind) || utf8(kind) != "MT19937") return {};
  PyObject* inner = PyDict_GetItemString(parts.get(), "state");
  const auto part = [](PyObject* dict, const char* name) {
    return Ref::borrow(PyDict_GetItemString(dict, name));
  };
  return pack(call_method(part(inner, "key"), "tobytes"), part(inner, "pos"),
              part(parts.get(), "has_gauss"), part(parts.get(), "gauss"));
}
void set_state_of_numpy(PyObject* mtrand, PyObject* state) {
  const Ref key =
      call_method(import("numpy"), "frombuffer", Ref::borrow(item(state, 0)), text("uint32"));
  call_method(attr(mtrand, "_rand"), "set_state",
              pack(text("MT19937"), key, item(state, 1), item(state, 2), item(state, 3)));
}

// As bytes, which can be loaded before torch is imported. Null while it is still being imported:
// tensors cannot be made yet.
Ref state_of_torch(PyObject* torch) {
  const Ref spec = attr_or_null(torch, "__spec__");
  if (spec && truth_of(spec.get(), "_initializing")) return {};
  const Ref generator = attr_or_null(torch, "default_generator");
  if (!generator) return {};
  return call_method(call_method(call_method(generator, "get_state"), "numpy"), "tobytes");
}
void set_state_of_torch(PyObject* torch, PyObject* state) {
  call_method(attr(torch, "default_generator"), "set_state", torch_bytes(state));
}

struct Generator {
  const char* module;
  Ref (*state)(PyObject* module);
  void (*set_state)(PyObject* module, PyObject* state);
};
constexpr std::array<Generator, ImportDraws::kCount> kGenerators = {
    Generator{"random", state_of_random, set_state_of_random},
    Generator{"numpy.random.mtrand", state_of_numpy, set_state_of_numpy},
    Generator{"torch", state_of_torch, set_state_of_torch}};

// Never freed: they outlive the interpreter's end.
std::array<PyObject*, kGenerators.size()> g_first{};  // the states that they were loaded with
PyObject* g_draws = nullptr;

Ref state_of(const Generator& generator) {
  PyObject* module = loaded_module(generator.module);
  return module ? generator.state(module) : Ref();
}

bool same(PyObject* a, PyObject* b) { return ok(PyObject_RichCompareBool(a, b, Py_EQ)) == 1; }

}  // namespace

void note_new_generator(const std::string& module) {
  for (std::size_t i = 0; i < kGenerators.size(); ++i)
    if (!g_first.at(i) && module == kGenerators.at(i).module)
      g_first.at(i) = state_of(kGenerators.at(i)).release();
}

ImportDraws::ImportDraws(PyObject* spec) : name_(attr(spec, "name")) {
  for (std::size_t i = 0; i < kGenerators.size(); ++i) before_.at(i) = state_of(kGenerators.at(i));
}

void ImportDraws::finish() {
  for (std::size_t i = 0; i < kGenerators.size(); ++i) {
    const Ref after = state_of(kGenerators.at(i));
    Ref& before = before_.at(i);
    if (!before && g_first.at(i)) before = Ref::borrow(g_first.at(i));
    if (!after || !before || same(before.get(), after.get())) continue;
    if (!g_draws) g_draws = new_list().release();
    append(Ref::borrow(g_draws), pack(name_, text(kGenerators.at(i).module), before));
  }
}

Ref import_draws() { return g_draws ? Ref::borrow(g_draws) : new_list(); }

void draw_again(PyObject* draws, PyObject* name) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(draws); ++i) {
    PyObject* drawn = PyList_GET_ITEM(draws, i);
    if (!same(item(drawn, 0), name)) continue;
    const std::string module = utf8(item(drawn, 1));
    for (const Generator& generator : kGenerators)
      if (module == generator.module)
        generator.set_state(import(generator.module).get(), item(drawn, 2));
  }
}

}  // namespace chkpt::heap
