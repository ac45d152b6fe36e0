// SPDX-License-Identifier: BSD-3-Clause
// What a plan says about a stack, and what may be changed in its description.
#include <Python.h>

#include "interpreter.hpp"
#include "python/frames/depth.hpp"
#include "python/frames/safe_point.hpp"
#include "python/frames/stack.hpp"

#include <gtest/gtest.h>

namespace chkpt::test {
namespace {

using frames::StackPlan;

std::function<void(StackPlan&)> g_at_safe_point;

// block() asks for a safe point: the next one is right after its call.
bool run_with_requests(const std::string& source, std::function<void(StackPlan&)> at_safe_point) {
  ensure_interpreter();
  g_at_safe_point = std::move(at_safe_point);
  set_block_hook([](PyObject*) {
    frames::safe_point::request();
    return Ref::borrow(Py_False);
  });
  frames::safe_point::start([](StackPlan& plan) { g_at_safe_point(plan); });
  log_text().clear();
  const bool ended = run_script(source, "/some/where/fit.py");
  frames::safe_point::stop();
  return ended;
}

TEST(PlanTest, lists_lines_and_bound_names) {
  std::vector<frames::FrameLine> lines;
  run_with_requests("def f(a, b=2):\n    c = 1\n    block()\n    d = 4\nf(1)\n",
                    [&](StackPlan& plan) { lines = frames::stack_lines(plan); });
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].file, "/some/where/fit.py");
  EXPECT_EQ(lines[0].function, "<module>");
  EXPECT_EQ(lines[0].line, 5);
  EXPECT_TRUE(lines[0].locals.empty());
  EXPECT_EQ(lines[1].function, "f");
  EXPECT_EQ(lines[1].line, 3);
  EXPECT_EQ(lines[1].locals, (std::vector<std::string>{"a", "b", "c"}));
}

struct Replaced {
  bool done = false;
  bool top_is_true = false;
};

Replaced replace_in(const std::string& source, const char* expected) {
  Replaced result;
  run_with_requests(source, [&](StackPlan& plan) {
    frames::StackState state = frames::describe_stack(plan);
    PyObject* callable = PyDict_GetItemString(PyEval_GetBuiltins(), expected);
    result.done = frames::replace_call_result(state, callable, Py_True);
    PyObject* innermost =
        PyList_GET_ITEM(state.frames.get(), PyList_GET_SIZE(state.frames.get()) - 1);
    PyObject* stack = PyList_GET_ITEM(innermost, frames::kStack);
    const Py_ssize_t n = PyList_GET_SIZE(stack);
    result.top_is_true = n > 0 && PyList_GET_ITEM(stack, n - 1) == Py_True;
  });
  return result;
}

TEST(PlanTest, replaces_the_result_of_the_expected_call) {
  for (const char* source :
       {"x = block()", "def f():\n    return block()\nf()",
        "def f():\n    return block(1, k=2)\nf()", "import builtins\nx = [1, builtins.block()]",
        "for i in range(3):\n    b = block(*(1,))",
        "def f(b):\n    if b(2):\n        log('yes')\nf(block)"}) {
    const Replaced result = replace_in(source, "block");
    EXPECT_TRUE(result.done) << source;
    EXPECT_TRUE(result.top_is_true) << source;
  }
}

TEST(PlanTest, leaves_the_results_of_other_calls_alone) {
  for (const char* source : {"x = block_fast()", "def f():\n    return block_fast(1, k=2)\nf()"}) {
    const Replaced result = replace_in(source, "block");
    EXPECT_FALSE(result.done) << source;
    EXPECT_FALSE(result.top_is_true) << source;
  }
}

TEST(PlanTest, refuses_stacks_that_are_not_the_scripts) {
  ensure_interpreter();
  frames::WhyNot why;
  StackPlan plan;
  EXPECT_FALSE(frames::plan_stack(frames::Innermost::kEvalBreaker, &plan, &why));
  EXPECT_EQ(why.reason, "no Python code is running");
  set_block_hook([&](PyObject*) {
    EXPECT_FALSE(frames::plan_stack(frames::Innermost::kBlockedCall, &plan, &why));
    return Ref::borrow(Py_None);
  });
  const Ref globals = checked(PyDict_New());
  checked(PyDict_SetItemString(globals.get(), "__builtins__", PyEval_GetBuiltins()));
  checked(PyRun_String("block()", Py_file_input, globals.get(), globals.get()));
  EXPECT_EQ(why.reason, "outside the script's own code");
  run_script("def callback():\n    block()\n");
  PyObject* main = PyModule_GetDict(PyImport_AddModule("__main__"));
  checked(PyObject_CallNoArgs(PyDict_GetItemString(main, "callback")));  // as atexit would
  EXPECT_EQ(why.reason, "outside the script's own code");
}

// The C code that calls these has nothing left to do that the plan does not say.
TEST(PlanTest, stands_inside_calls_that_c_code_makes) {
  ensure_interpreter();
  const auto reason_of = [](const std::string& call) {
    frames::WhyNot why{"block() was not called", ""};
    set_block_hook([&](PyObject*) {
      StackPlan plan;
      EXPECT_TRUE(frames::plan_stack(frames::Innermost::kBlockedCall, &plan, &why)) << why.reason;
      return Ref::borrow(Py_False);
    });
    run_script(
        "class A:\n"
        "    def __enter__(self): pass\n"
        "    def __exit__(self, *exception): block(1)\n"
        "    def __iter__(self): return self\n"
        "    def __next__(self): block(1); raise StopIteration\n"
        "def leave():\n    with A(): return 1\n" +
        call);
    return why.reason;
  };
  EXPECT_EQ(reason_of("with A(): pass"), "");
  EXPECT_EQ(reason_of("leave()"), "");
  EXPECT_EQ(reason_of("with A(), A(): pass"), "");
  EXPECT_EQ(reason_of("for i in range(2):\n    with A(): break"), "");
  EXPECT_EQ(reason_of("for x in A(): pass"), "");
  EXPECT_EQ(reason_of("next(A(), 5)"), "");
}

TEST(PlanTest, names_the_c_code_in_the_way) {
  ensure_interpreter();
  const auto reason_of = [](const std::string& source) {
    frames::WhyNot why;
    set_block_hook([&](PyObject*) {
      StackPlan plan;
      EXPECT_FALSE(frames::plan_stack(frames::Innermost::kBlockedCall, &plan, &why));
      return Ref::borrow(Py_False);
    });
    run_script("import functools\nclass A:\n    pass\n" + source, "/x/y/fit.py");
    return why.reason + " at " + why.where;
  };
  EXPECT_EQ(
      reason_of("A.__lt__ = lambda s, o: block()\ndef main():\n    sorted([A(), A()])\nmain()"),
      "inside <builtin sorted> at fit.py:6 in main");
  EXPECT_EQ(reason_of("A.__lt__ = lambda s, o: block()\n[A(), A()].sort()"),
            "inside list.sort at fit.py:5 in <module>");
  EXPECT_EQ(reason_of("A.__eq__ = lambda s, o: block()\nA() == 1"),
            "inside an operator or conversion that runs Python code at fit.py:5 in <module>");
  EXPECT_EQ(
      reason_of("class D:\n    def __del__(self): block()\na = D()\ndel a"),
      "inside a finaliser, signal handler or weak reference callback at fit.py:7 in <module>");
  EXPECT_EQ(
      reason_of("import weakref\na = A()\nr = weakref.ref(a, lambda w: block())\ndel a"),
      "inside a finaliser, signal handler or weak reference callback at fit.py:7 in <module>");
  EXPECT_EQ(
      reason_of("import signal, os\nsignal.signal(signal.SIGUSR2, lambda s, f: block())\n"
                "os.kill(os.getpid(), signal.SIGUSR2)\nfor i in range(100): pass"),
      "inside a finaliser, signal handler or weak reference callback at fit.py:6 in <module>");
  EXPECT_EQ(reason_of("class B:\n    def __new__(cls):\n        block()\nB()"),
            "inside the construction of class B at fit.py:7 in <module>");
}

TEST(DepthTest, knows_where_instructions_begin) {
  ensure_interpreter();
  const Ref code = checked(Py_CompileString("x = f(1, k=2)\n", "t", Py_file_input));
  const auto* analysis = frames::CodeAnalysis::of(reinterpret_cast<PyCodeObject*>(code.get()));
  ASSERT_NE(analysis, nullptr);
  EXPECT_EQ(analysis->depth(0), 0);
  int last = -1;
  for (int at = 0; at < analysis->size(); at = analysis->next(at)) {
    EXPECT_EQ(analysis->previous(at), last);
    for (int unit = at; unit < analysis->next(at); ++unit) EXPECT_EQ(analysis->owner(unit), at);
    last = at;
  }
  frames::forget_analyses();
}

}  // namespace
}  // namespace chkpt::test
