// SPDX-License-Identifier: BSD-3-Clause
// A resumed stack is captured again while its outer frames still wait for their turn: no C code
// waits on their behalf, and the second copy must go on exactly as the first resume does.
#include <Python.h>

#include "interpreter.hpp"
#include "replay.hpp"
#include "python/frames/resumed_stack.hpp"
#include "python/frames/safe_point.hpp"

#include <gtest/gtest.h>

namespace chkpt::test {
namespace {

using frames::StackPlan;
using frames::StackState;

constexpr const char* kScript =
    "class Made:\n"
    "    def __init__(self, n):\n"
    "        self.n = work(n)\n"
    "def work(n):\n"
    "    got = block(n)\n"
    "    s = 0\n"
    "    for i in range(20):\n"
    "        s += i * got[0]\n"
    "    log('worked', s)\n"
    "    return s\n"
    "def middle(*a):\n"
    "    try:\n"
    "        with open('/dev/null') as f:\n"
    "            made = Made(*a)\n"
    "            raise KeyError(made.n)\n"
    "    except KeyError as e:\n"
    "        log('caught', e, f.closed)\n"
    "        return [work(k) for k in range(3)]\n"
    "def main():\n"
    "    total = 0\n"
    "    for k in (1, 2):\n"
    "        total += sum(middle(*(k,)))\n"
    "        log('total', total)\n"
    "main()\n"
    "log('end')\n";

struct Second {
  std::size_t at;
  std::string log;
};
std::vector<Second> g_seconds;
std::size_t g_deepest = 0;

void capture_again(StackPlan& plan) {
  g_deepest = std::max(g_deepest, plan.frames().size());
  const StackState state = frames::describe_stack(plan);
  const std::size_t at = log_text().size();
  g_seconds.push_back({at, log_of_copy(state)});
  if (g_seconds.size() < 40) frames::safe_point::request();
}

Ref header_of(const StackState& state) {
  Ref header = checked(PyList_New(0));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(state.frames.get()); ++i) {
    PyObject* entry = PyList_GET_ITEM(state.frames.get(), i);
    const Ref item = checked(PyTuple_Pack(3, PyList_GET_ITEM(entry, frames::kCode),
                                          PyList_GET_ITEM(entry, frames::kNext), Py_False));
    checked(PyList_Append(header.get(), item.get()));
  }
  return header;
}

// The stack below the script's call of block(); empty if it cannot be saved there.
StackState state_at_block() {
  StackPlan plan;
  frames::WhyNot why;
  if (!frames::plan_stack(frames::Innermost::kBlockedCall, &plan, &why)) return {};
  return frames::describe_stack(plan);
}

TEST(AgainTest, resumed_stack_is_captured_while_frames_wait) {
  ensure_interpreter();
  StackState first;
  set_block_hook([&](PyObject*) {
    first = state_at_block();
    PyErr_SetString(PyExc_SystemExit, "as if killed");
    return Ref();
  });
  EXPECT_FALSE(run_script(kScript));
  ASSERT_TRUE(first.frames);
  ASSERT_EQ(PyList_GET_SIZE(first.frames.get()), 5);

  set_block_hook([](PyObject* args) {
    if (g_seconds.empty()) frames::safe_point::request();
    return Ref::borrow(args);
  });
  log_text().clear();
  frames::safe_point::start(capture_again);
  {
    frames::ResumedStack stack(header_of(first).get());
    stack.fill(first.frames.get());
    const Ref result = stack.run(first.base_exception);
    EXPECT_TRUE(result) << take_exception_text();
  }
  frames::safe_point::stop();
  EXPECT_NE(log_text().find("end"), std::string::npos);
  EXPECT_EQ(g_deepest, 5U);
  ASSERT_GE(g_seconds.size(), 30U);
  for (const Second& second : g_seconds) EXPECT_EQ(second.log, log_text().substr(second.at));
}

TEST(AgainTest, abandoned_stack_gives_its_frames_back) {
  ensure_interpreter();
  StackState first;
  set_block_hook([&](PyObject*) {
    first = state_at_block();
    return checked(Py_BuildValue("(i)", 1));
  });
  EXPECT_TRUE(run_script("def f(x):\n    return block(x)\nf(1)\n"));
  ASSERT_TRUE(first.frames);
  PyObject** top = PyThreadState_Get()->datastack_top;
  const Ref header = header_of(first);
  {
    frames::ResumedStack unfilled(header.get());
    EXPECT_NE(PyThreadState_Get()->datastack_top, top);
    const Ref frame = unfilled.frame_object(0);
    EXPECT_TRUE(PyFrame_Check(frame.get()));
  }
  EXPECT_EQ(PyThreadState_Get()->datastack_top, top);
  {
    frames::ResumedStack filled(header.get());
    filled.fill(first.frames.get());
  }
  EXPECT_EQ(PyThreadState_Get()->datastack_top, top);
  const Ref short_list = checked(PyList_New(1));
  frames::ResumedStack wrong(header.get());
  EXPECT_THROW(wrong.fill(short_list.get()), PythonError);
}

}  // namespace
}  // namespace chkpt::test
