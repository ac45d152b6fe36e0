// SPDX-License-Identifier: BSD-3-Clause
// Stacks whose innermost frame waits inside a C function: a resume must make that call again, with
// the same arguments, and nothing else may be accepted.
#include <Python.h>

#include "interpreter.hpp"
#include "replay.hpp"
#include "python/frames/stack.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace chkpt::test {
namespace {

using frames::Innermost;

struct Look {
  bool planned = false;
  frames::WhyNot why;
  std::string callable;
  std::string self;
};

std::string type_name(PyObject* object) { return object ? Py_TYPE(object)->tp_name : ""; }

Look look(frames::StackState* state) {
  Look seen;
  frames::StackPlan plan;
  seen.planned = frames::plan_stack(Innermost::kBlockedCall, &plan, &seen.why);
  const frames::BlockedCallable blocked = frames::blocked_callable(plan);
  seen.callable = type_name(blocked.callable);
  seen.self = type_name(blocked.self);
  if (seen.planned && state) *state = frames::describe_stack(plan);
  return seen;
}

// Runs a script that blocks once. In the parent the call is looked at and a copy is run in which
// the call happens again; both must log the same.
class BlockedTest : public testing::Test {
 protected:
  void run(const std::string& body, bool from_another_thread = false) {
    bool looked = false;
    int calls_in_copy = 0;
    std::size_t at = 0;
    std::string copy;
    set_block_hook([&](PyObject* args) {
      if (looked) {
        ++calls_in_copy;
      } else {
        looked = true;
        at = log_text().size();
        frames::StackState state;
        if (from_another_thread) {
          PyThreadState* own = PyEval_SaveThread();
          std::thread([&] {
            const PyGILState_STATE gil = PyGILState_Ensure();
            seen_ = look(&state);
            PyGILState_Release(gil);
          }).join();
          PyEval_RestoreThread(own);
        } else {
          seen_ = look(&state);
        }
        if (seen_.planned) copy = log_of_copy(state);
      }
      return checked(PySequence_Tuple(args));
    });
    log_text().clear();
    run_script("def outer(*a, **k):\n    return inner(*a, **k)\n" + body);
    ASSERT_TRUE(looked) << log_text();
    if (seen_.planned) {
      EXPECT_EQ(copy, log_text().substr(at));
    }
  }
  Look seen_;
};

TEST_F(BlockedTest, repeats_a_plain_call) {
  run("def f(x):\n    y = x + 1\n    got = block(y, 'a')\n    log('got', got, "
      "y)\nf(4)\nlog('end')");
  EXPECT_TRUE(seen_.planned) << seen_.why.reason;
  EXPECT_EQ(seen_.callable, "builtin_function_or_method");
}

TEST_F(BlockedTest, repeats_keyword_arguments) {
  run("def f():\n    return [1, block(1, tag=3, source=[2])]\nlog(f())");
  EXPECT_TRUE(seen_.planned) << seen_.why.reason;
}

TEST_F(BlockedTest, repeats_a_specialised_call) {
  run("def f(n):\n    for i in range(50):\n        r = block_fast(i, k=2) if i == 49 else "
      "len('x')\n"
      "    for i in range(50):\n        r = (i, block_fast(i, 7))\n    log(r, block_fast())\nf(1)");
  EXPECT_TRUE(seen_.planned) << seen_.why.reason;
}

TEST_F(BlockedTest, names_the_method_and_its_object) {
  run("comm = Blocker()\ndef f():\n    log(comm.wait(1, b=2), comm.wait_fast(*(3,)))\nf()");
  EXPECT_TRUE(seen_.planned) << seen_.why.reason;
  EXPECT_EQ(seen_.callable, "method_descriptor");
  EXPECT_EQ(seen_.self, "mpi4py.MPI.Blocker");
}

TEST_F(BlockedTest, names_the_object_of_a_bound_method) {
  run("wait = Blocker().wait_fast\nlog(wait(1, 2))");
  EXPECT_TRUE(seen_.planned) << seen_.why.reason;
  EXPECT_EQ(seen_.self, "mpi4py.MPI.Blocker");
}

TEST_F(BlockedTest, repeats_a_call_that_passes_its_own_arguments_on) {
  run("def f(*a, **k):\n    return block(*a, **k)\nlog(f(1, 2, c=3))");
  EXPECT_TRUE(seen_.planned) << seen_.why.reason;
}

TEST_F(BlockedTest, repeats_a_call_with_a_tuple_the_compiler_made) {
  run("def f(l):\n    return block(0, *l)\nlog(f([1, 2]))");
  EXPECT_TRUE(seen_.planned) << seen_.why.reason;
}

TEST_F(BlockedTest, can_be_planned_by_another_thread) {
  run("def f():\n    log(block(1, k=2))\nf()", true);
  EXPECT_TRUE(seen_.planned) << seen_.why.reason;
}

TEST_F(BlockedTest, goes_on_inside_try_with_and_for) {
  run("import contextlib\ndef f():\n    for i in [1, 2]:\n        try:\n"
      "            with contextlib.suppress(KeyError):\n                log(i, block(i))\n"
      "                raise KeyError\n        finally:\n            log('fin', i)\nf()");
  EXPECT_TRUE(seen_.planned) << seen_.why.reason;
}

TEST_F(BlockedTest, repeats_a_call_of_many_arguments) {
  std::string arguments;
  for (int i = 0; i < 300; ++i) arguments += "n, ";
  run("def f(n):\n    return block(" + arguments + "tag=n, other=[n])\nlog(len(f(1)))");
  EXPECT_TRUE(seen_.planned) << seen_.why.reason;
  run("def f(n):\n    return block(" + arguments + ")\nlog(len(f(1)))");
  EXPECT_TRUE(seen_.planned) << seen_.why.reason;
}

TEST_F(BlockedTest, starts_at_the_prefix_of_the_keyword_names) {
  std::string body = "def f():\n";
  for (int i = 0; i < 300; ++i) body += "    x = " + std::to_string(1000 + i) + "\n";
  run(body + "    return block(x, last=5000, more=6000)\nlog(f())");
  EXPECT_TRUE(seen_.planned) << seen_.why.reason;
}

TEST_F(BlockedTest, refuses_arguments_that_are_gone) {
  run("def f():\n    return block(*[x for x in (1, 2)])\nlog(f())");
  EXPECT_FALSE(seen_.planned);
  run("def f():\n    return block(*iter((1, 2)))\nlog(f())");
  EXPECT_FALSE(seen_.planned);
}

TEST_F(BlockedTest, refuses_calls_through_other_callables) {
  run("import functools\nfunctools.partial(block, 1)(2)");
  EXPECT_FALSE(seen_.planned);
  EXPECT_NE(seen_.why.reason.find("functools.partial"), std::string::npos) << seen_.why.reason;
  run("sorted([2, 1], key=block)");
  EXPECT_TRUE(seen_.planned);  // sorted itself is the one C function that is repeated
  EXPECT_EQ(seen_.callable, "builtin_function_or_method");
}

TEST_F(BlockedTest, refuses_c_code_behind_operators_and_classes) {
  run("class A:\n    __add__ = block\nA() + 1");
  EXPECT_FALSE(seen_.planned);
  run("class A:\n    __init__ = block\ntry:\n    A()\nexcept TypeError:\n    pass");
  EXPECT_FALSE(seen_.planned);
}

TEST_F(BlockedTest, refuses_a_boundary_further_out) {
  run("import re\nre.compile('1').sub(lambda found: block(1) or '', '1')");
  EXPECT_FALSE(seen_.planned);
  EXPECT_EQ(seen_.why.reason, "inside re.Pattern.sub");
}

}  // namespace
}  // namespace chkpt::test
