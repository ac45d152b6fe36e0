// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "interpreter.hpp"

#include "python/frames/native/native_frame.hpp"

#include <cstdio>
#include <cstdlib>

namespace chkpt::test {
namespace {

std::function<Ref(PyObject*)> g_block;

PyObject* py_log(PyObject*, PyObject* args) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i) {
    const Ref text = Ref::steal(PyObject_Str(PyTuple_GET_ITEM(args, i)));
    if (!text) return nullptr;
    log_text() += PyUnicode_AsUTF8(text.get());
    log_text() += ' ';
  }
  log_text() += '\n';
  Py_RETURN_NONE;
}

// The arguments as one tuple: positional ones, then keyword values.
PyObject* py_block(PyObject*, PyObject* args, PyObject* keywords) {
  const Ref values = Ref::steal(keywords ? PyDict_Values(keywords) : PyList_New(0));
  const Ref more = Ref::steal(values ? PyList_AsTuple(values.get()) : nullptr);
  const Ref all = Ref::steal(more ? PySequence_Concat(args, more.get()) : nullptr);
  if (!all) return nullptr;
  return g_block(all.get()).release();
}

PyObject* py_block_fast(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  const Py_ssize_t total = n + (names ? PyTuple_GET_SIZE(names) : 0);
  const Ref all = Ref::steal(PyTuple_New(total));
  if (!all) return nullptr;
  for (Py_ssize_t i = 0; i < total; ++i) PyTuple_SET_ITEM(all.get(), i, Py_NewRef(args[i]));
  return g_block(all.get()).release();
}

template <class F>
PyCFunction as_c_function(F f) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f));
}

PyMethodDef g_log = {"log", py_log, METH_VARARGS, nullptr};
PyMethodDef g_block_def = {"block", as_c_function(py_block), METH_VARARGS | METH_KEYWORDS, nullptr};
PyMethodDef g_fast_def = {"block_fast", as_c_function(py_block_fast), METH_FASTCALL | METH_KEYWORDS,
                          nullptr};
PyMethodDef g_methods[] = {
    {"wait", as_c_function(py_block), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"wait_fast", as_c_function(py_block_fast), METH_FASTCALL | METH_KEYWORDS, nullptr},
    {nullptr, nullptr, 0, nullptr}};
PyType_Slot g_slots[] = {{Py_tp_methods, g_methods}, {0, nullptr}};
PyType_Spec g_spec = {"mpi4py.MPI.Blocker", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, g_slots};

void add_builtins() {
  PyObject* builtins = PyEval_GetBuiltins();
  for (PyMethodDef* def : {&g_log, &g_block_def, &g_fast_def})
    checked(
        PyDict_SetItemString(builtins, def->ml_name, checked(PyCFunction_New(def, nullptr)).get()));
  const Ref blocker = checked(PyType_FromSpec(&g_spec));
  checked(PyDict_SetItemString(builtins, "Blocker", blocker.get()));
}

}  // namespace

std::string& log_text() {
  static auto* text = new std::string;
  return *text;
}

void set_block_hook(std::function<Ref(PyObject*)> hook) { g_block = std::move(hook); }

void ensure_interpreter() {
  if (Py_IsInitialized()) return;
  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  config.use_hash_seed = 1;
  config.hash_seed = 1;
  PyConfig_SetBytesString(&config, &config.program_name, CHKPT_TEST_PYTHON);
  const PyStatus status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  if (PyStatus_Exception(status)) {
    std::fprintf(stderr, "cannot start Python: %s\n", status.err_msg);
    std::exit(1);
  }
  add_builtins();
  frames::install_native_code();
}

void log_exception() {
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  const Ref keep_type = Ref::steal(type), keep_value = Ref::steal(value);
  const Ref keep_traceback = Ref::steal(traceback);
  const Ref text = Ref::steal(PyObject_Repr(value));
  log_text() += text ? PyUnicode_AsUTF8(text.get()) : "?";
  for (auto* tb = reinterpret_cast<PyTracebackObject*>(traceback); tb; tb = tb->tb_next) {
    PyCodeObject* code = PyFrame_GetCode(tb->tb_frame);
    const int line = tb->tb_lineno >= 0 ? tb->tb_lineno : PyCode_Addr2Line(code, tb->tb_lasti);
    log_text() += std::string(" ") + PyUnicode_AsUTF8(code->co_name) + ":" + std::to_string(line);
    Py_DECREF(code);
  }
  log_text() += '\n';
  PyErr_Clear();
}

bool run_script(const std::string& source, const std::string& file) {
  ensure_interpreter();
  PyObject* globals = PyModule_GetDict(PyImport_AddModule("__main__"));
  PyDict_Clear(globals);
  checked(
      PyDict_SetItemString(globals, "__name__", checked(PyUnicode_FromString("__main__")).get()));
  checked(PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()));
  const Ref code = checked(Py_CompileString(source.c_str(), file.c_str(), Py_file_input));
  const Ref result = Ref::steal(PyEval_EvalCode(code.get(), globals, globals));
  if (!result) log_exception();
  return static_cast<bool>(result);
}

}  // namespace chkpt::test
