// SPDX-License-Identifier: BSD-3-Clause
// The static stack depths against the interpreter itself: while modules of CPython's own test suite
// run under a trace function, the stack pointer the interpreter saves for it is compared with the
// analysis, instruction by instruction. Prints the counts; one difference fails.
#include "python/frames/shim.hpp"

#include "interpreter.hpp"
#include "python/frames/depth.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace chkpt::test {
namespace {

namespace shim = frames::shim;

long g_right = 0, g_wrong = 0, g_unknown = 0;
long g_untold = 0;  // 3.13 saves its stack pointer for line events only
long g_limit = 0;

void report(PyCodeObject* co, int at, int opcode, int saved, int computed) {
  std::printf("%s %s unit %d opcode %d: interpreter %d, analysis %d\n",
              PyUnicode_AsUTF8(co->co_filename), PyUnicode_AsUTF8(co->co_qualname), at, opcode,
              saved, computed);
}

int compare(PyObject*, PyFrameObject* frame, int what, PyObject*) {
  frame->f_trace_opcodes = 1;
  if (what != PyTrace_OPCODE && what != PyTrace_LINE) return 0;
  if (g_right > g_limit) return 0;
  shim::InterpreterFrame* f = frame->f_frame;
  if (f->stacktop == -1) {
    ++g_untold;
    return 0;
  }
  PyCodeObject* co = shim::code(f);
  const int at = shim::offset(f);
  const frames::CodeAnalysis* code = frames::CodeAnalysis::of(co);
  if (!code || at < 0 || at >= code->size() || code->depth(at) < 0) {
    if (g_unknown++ < 10) report(co, at, -1, f->stacktop - co->co_nlocalsplus, -1);
    return 0;
  }
  const int saved = f->stacktop - co->co_nlocalsplus;
  if (saved == code->depth(at)) {
    ++g_right;
  } else if (g_wrong++ < 10) {
    report(co, at, code->opcode(at), saved, code->depth(at));
  }
  return 0;
}

constexpr const char* kRun =
    "import unittest, importlib, io\n"
    "def run(names):\n"
    "    suite = unittest.TestSuite()\n"
    "    for name in names.split():\n"
    "        suite.addTests(unittest.defaultTestLoader.loadTestsFromModule("
    "importlib.import_module('test.' + name)))\n"
    "    return suite\n"
    "def execute(suite):\n"
    "    return unittest.TextTestRunner(stream=io.StringIO()).run(suite).testsRun\n";

constexpr const char* kModules =
    "test_generators test_with test_contextlib test_exceptions test_grammar test_patma "
    "test_coroutines test_textwrap test_heapq test_configparser test_dataclasses";

}  // namespace

int check_depths() {
  ensure_interpreter();
  if (!run_script(kRun)) return 1;
  PyObject* main = PyModule_GetDict(PyImport_AddModule("__main__"));
  const Ref suite =
      Ref::steal(PyObject_CallFunction(PyDict_GetItemString(main, "run"), "s", kModules));
  if (!suite) {
    std::printf("CPython's test suite is not there (Debian: libpython3.11-testsuite): %s\n",
                take_exception_text().c_str());
    return 77;
  }
  const char* limit = std::getenv("CHKPT_TEST_INSTRUCTIONS");
  g_limit = limit ? std::atol(limit) : 2'000'000;
  PyEval_SetTrace(compare, nullptr);
  const Ref ran =
      Ref::steal(PyObject_CallOneArg(PyDict_GetItemString(main, "execute"), suite.get()));
  PyEval_SetTrace(nullptr, nullptr);
  if (!ran) std::printf("%s\n", take_exception_text().c_str());
  std::printf(
      "%ld tests: %ld depths right, %ld wrong, %ld unknown, %ld not told by the interpreter\n",
      ran ? PyLong_AsLong(ran.get()) : 0, g_right, g_wrong, g_unknown, g_untold);
  std::fflush(stdout);
  return g_wrong || g_unknown || g_right < 100'000;
}

}  // namespace chkpt::test

int main() { std::_Exit(chkpt::test::check_depths()); }
