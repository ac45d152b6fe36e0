// SPDX-License-Identifier: BSD-3-Clause
// The shim against the running interpreter, by behaviour: whatever this finds wrong would otherwise
// be found by a crash.
#include "python/frames/shim.hpp"

#include "python/frames/depth.hpp"
#include "python/frames/native/native_frame.hpp"
#include "python/frames/objects.hpp"
#include "python/frames/safe_point.hpp"

namespace chkpt::frames {
namespace {

constexpr const char* kSamples =
    "def walk(a, b):\n"
    "    for x in (1, 2):\n"
    "        try:\n"
    "            a = [x, (yield x), {b: f'{x}{(yield a)}'}]\n"
    "        except ValueError as e:\n"
    "            yield e\n"
    "    return a\n";

[[noreturn]] void fail(const char* what) {
  throw PythonError(std::string("this Python ") + Py_GetVersion() + " differs from CPython " +
                    std::to_string(PY_MAJOR_VERSION) + "." + std::to_string(PY_MINOR_VERSION) +
                    " in " + what);
}

// A suspended generator has its stack pointer saved: the analysis must agree with it.
void check_depth(PyObject* generator) {
  shim::InterpreterFrame* f = shim::frame_of(reinterpret_cast<PyGenObject*>(generator));
  PyCodeObject* co = shim::code(f);
  const CodeAnalysis* code = CodeAnalysis::of(co);
  if (!code) fail("the stack effects of its instructions");
  const int next = shim::kLagBehindNext ? code->next(shim::offset(f)) : shim::offset(f);
  const int saved = f->stacktop - co->co_nlocalsplus;
  if (code->depth(next) != saved + 1) fail("the depth of the value stack");
}

Ref advance(PyObject* generator) {
  return checked(PyObject_CallMethod(generator, "__next__", nullptr));
}

// Takes a suspended generator apart and goes on with the copy.
Ref rebuilt(PyObject* generator) {
  const Ref code = checked(generator_code(generator));
  const Ref state = checked(generator_get(generator));
  Ref copy = checked(generator_new(Py_TYPE(generator), code.get()));
  checked(generator_set(copy.get(), state.get()));
  return copy;
}

void check_generators() {
  const Ref globals = checked(PyDict_New());
  checked(PyDict_SetItemString(globals.get(), "__builtins__", PyEval_GetBuiltins()));
  const Ref code = checked(Py_CompileString(kSamples, "<chkpt>", Py_file_input));
  const Ref done = checked(PyEval_EvalCode(code.get(), globals.get(), globals.get()));
  PyObject* walk = PyDict_GetItemString(globals.get(), "walk");
  if (!walk) fail("running a function definition");
  Ref generator = checked(PyObject_CallFunction(walk, "ii", 7, 8));
  for (const long expected : {1L, 7L, 2L}) {
    generator = rebuilt(generator.get());
    const Ref value = advance(generator.get());
    if (PyLong_AsLong(value.get()) != expected) fail("how a generator is put together");
    check_depth(generator.get());
  }
}

void check_sets() {
  const Ref set = checked(Py_BuildValue("[iiii]", 1, 1000, 77, 13));
  const Ref original = checked(PySet_New(set.get()));
  const Ref state = checked(set_get(original.get()));
  const Ref copy = checked(PySet_New(nullptr));
  if (checked(set_put(copy.get(), state.get())) != 1 ||
      checked(PyObject_RichCompareBool(original.get(), copy.get(), Py_EQ)) != 1)
    fail("the layout of sets");
}

}  // namespace

void check_dicts() {
  const Ref dict = checked(PyDict_New()), key = checked(PyLong_FromLong(1));
  std::uint64_t before = dict_version(dict.get());
  checked(PyDict_SetItem(dict.get(), key.get(), Py_None));
  for (PyObject* value : {Py_True, Py_False}) {
    const std::uint64_t now = dict_version(dict.get());
    if (now == before || now != dict_version(dict.get())) fail("the versions of dicts");
    before = now;
    checked(PyDict_SetItem(dict.get(), key.get(), value));
  }
  if (dict_version(dict.get()) == before) fail("the versions of dicts");
}

void self_test() {
  if ((Py_Version >> 16) != (PY_VERSION_HEX >> 16)) fail("its version");
  if (!shim::main_thread_state()) fail("how threads are listed");
  check_generators();
  check_sets();
  check_dicts();
  install_native_code();
  forget_analyses();
}

}  // namespace chkpt::frames
