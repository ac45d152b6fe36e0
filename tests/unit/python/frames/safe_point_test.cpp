// SPDX-License-Identifier: BSD-3-Clause
// Reaching a safe point: when, how soon, and when not at all.
#include <Python.h>

#include "interpreter.hpp"
#include "python/frames/held_signals.hpp"
#include "python/frames/safe_point.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace chkpt::test {
namespace {

namespace safe_point = frames::safe_point;
using frames::StackPlan;

std::atomic<int> g_handled{0};
std::vector<std::string> g_functions;  // innermost function at each handled point

void count(StackPlan& plan) {
  ++g_handled;
  g_functions.push_back(frames::stack_lines(plan).back().function);
}

class SafePointTest : public testing::Test {
 protected:
  void SetUp() override {
    ensure_interpreter();
    g_handled = 0;
    g_functions.clear();
    log_text().clear();
    set_block_hook([](PyObject*) {
      safe_point::request();
      return Ref::borrow(Py_None);
    });
    safe_point::start(count);
  }
  void TearDown() override { safe_point::stop(); }
};

// Within a hook or handler, with names of its own.
void run_within(const char* script) {
  const Ref globals = Ref::steal(PyDict_New());
  PyDict_SetItemString(globals.get(), "__builtins__", PyEval_GetBuiltins());
  EXPECT_TRUE(Ref::steal(PyRun_String(script, Py_file_input, globals.get(), globals.get())));
}

double seconds_since(std::chrono::steady_clock::time_point t) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - t).count();
}

TEST_F(SafePointTest, comes_right_after_the_request) {
  EXPECT_TRUE(run_script("block()\ndef later():\n    pass\nlater()\n"));
  EXPECT_EQ(g_handled, 1);
  EXPECT_EQ(g_functions.at(0), "<module>");
  EXPECT_EQ(safe_point::waiting_s(), 0.0);
}

TEST_F(SafePointTest, comes_for_a_request_from_before_the_start) {
  safe_point::stop();
  safe_point::request();
  safe_point::start(count);
  EXPECT_TRUE(run_script("for i in range(1000000): pass"));
  EXPECT_EQ(g_handled, 1);
}

TEST_F(SafePointTest, comes_without_requests_never) {
  EXPECT_TRUE(run_script("for i in range(100000): pass"));
  EXPECT_EQ(g_handled, 0);
}

TEST_F(SafePointTest, can_be_cancelled) {
  set_block_hook([](PyObject*) {
    safe_point::request();
    safe_point::cancel();
    return Ref::borrow(Py_None);
  });
  EXPECT_TRUE(run_script("block()\nfor i in range(100000): pass"));
  EXPECT_EQ(g_handled, 0);
}

TEST_F(SafePointTest, comes_from_a_signal_handler) {
  set_block_hook([](PyObject*) {
    safe_point::request_from_signal();
    return Ref::borrow(Py_None);
  });
  EXPECT_TRUE(
      run_script("import time\nblock()\nt = time.monotonic()\n"
                 "while time.monotonic() < t + 0.5: pass"));
  EXPECT_EQ(g_handled, 1);
}

// The outer loop runs for microseconds between callbacks that C code makes.
TEST_F(SafePointTest, finds_the_moment_between_two_c_calls) {
  EXPECT_TRUE(
      run_script("import re\nsub, many = re.compile('.').sub, 'x' * 300\n"
                 "def changed(found):\n    for i in range(200): pass\n    return 'y'\n"
                 "block_now = 3\nimport time\n"
                 "def loop():\n"
                 "    for k in range(400):\n"
                 "        if k == 3: sub(lambda found: block() or 'y', 'x')\n"
                 "        sub(changed, many)\n"
                 "        log('round', k)\n"
                 "loop()\n"));
  ASSERT_EQ(g_handled, 1);
  EXPECT_EQ(g_functions.at(0), "loop");
}

// What a frame that C code calls again and again has, and how it ends.
const char* const kWaysToBeCalled[] = {
    "def changed(found): return work()",
    "def changed(found):\n    kept.append(sys._getframe())\n    return work()",
    "def changed(found):\n"
    "    try: 1 / 0\n"
    "    except ZeroDivisionError as error: kept.append(error)\n"
    "    return work()",
    "def changed(found):\n"
    "    sys.settrace(lambda *_: None)\n"
    "    text = work()\n"
    "    sys.settrace(None)\n"
    "    return text",
    "def inner(found): return sub(lambda _: work(), 'ab')\n"
    "def changed(found): return sub(inner, 'abc')",
    "stream = (work() for _ in itertools.count())\n"
    "changed = lambda found: next(stream)",
    "class changed(str):\n"
    "    def __new__(cls, found): return str.__new__(cls, work())",
};

TEST_F(SafePointTest, finds_that_moment_whatever_is_called) {
  for (const char* way : kWaysToBeCalled) {
    g_handled = 0;
    const std::string script =
        "import itertools, re, sys\nsub, kept = re.compile('.').sub, []\n"
        "def work():\n    for i in range(100): pass\n    return 'y'\n" +
        std::string(way) +
        "\ndef loop():\n"
        "    for k in range(400):\n"
        "        if k == 3: sub(lambda found: block() or 'y', 'x')\n"
        "        sub(changed, 'x' * 200)\n"
        "loop()\n";
    EXPECT_TRUE(run_script(script)) << script;
    EXPECT_EQ(g_handled, 1) << script;
    safe_point::cancel();
  }
}

// Every call of a function that is traced looks at the eval breaker for as long as it is set.
const char* const kTracedCalls =
    "import sys\n"
    "def called(): pass\n"
    "sys.settrace(lambda *_: None)\n"
    "for i in range(1000): called()\n"
    "sys.settrace(None)\n";

TEST_F(SafePointTest, leaves_nothing_to_do_behind) {
  safe_point::stop();
  // Long enough for the other thread to ask again meanwhile.
  safe_point::start(count, []() -> std::string {
    ::usleep(20000);
    return "";
  });
  EXPECT_TRUE(run_script("block()\nfor i in range(100): pass\n" + std::string(kTracedCalls)));
  EXPECT_EQ(g_handled, 1);
}

TEST_F(SafePointTest, signals_put_aside_leave_nothing_to_do) {
  set_block_hook([](PyObject*) {
    ::raise(SIGUSR1);
    frames::HeldSignals held(frames::HeldSignals::Which::kAll);
    held.put_aside_what_came_before();
    run_within(kTracedCalls);
    return Ref::borrow(Py_None);
  });
  EXPECT_TRUE(
      run_script("import signal\n"
                 "before = signal.signal(signal.SIGUSR1, lambda *_: log('came'))\n"
                 "block()\nsignal.signal(signal.SIGUSR1, before)\n"));
  EXPECT_EQ(log_text(), "came \n");
}

TEST_F(SafePointTest, does_not_hold_up_other_threads_that_trace) {
  set_block_hook([](PyObject*) {
    safe_point::request_from_signal();
    PyThreadState* own = PyEval_SaveThread();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    PyEval_RestoreThread(own);
    return Ref::borrow(Py_None);
  });
  EXPECT_TRUE(
      run_script("import threading, time\n"
                 "def called(): pass\n"
                 "def work():\n"
                 "    while not over:\n"
                 "        before = time.thread_time()\n"
                 "        called()\n"
                 "        took.append(time.thread_time() - before)\n"
                 "took, over = [], []\n"
                 "threading.settrace(lambda *_: None)\n"
                 "worker = threading.Thread(target=work)\n"
                 "worker.start()\n"
                 "while not took: time.sleep(0.001)\n"
                 "threading.settrace(None)\n"
                 "block()\nover.append(1)\nworker.join()\n"
                 "log(max(took) < 0.1)\n"));
  EXPECT_EQ(log_text(), "True \n");
}

TEST_F(SafePointTest, leaves_no_trace_function_behind) {
  EXPECT_TRUE(
      run_script("import re, sys, time\n"
                 "frames = []\n"
                 "def called(found):\n"
                 "    block()\n"
                 "    t = time.monotonic() + 0.1\n"
                 "    while time.monotonic() < t: pass\n"
                 "    frames.append(sys._getframe())\n"
                 "    return 'y'\n"
                 "re.sub('x', called, 'x')\n"
                 "t = time.monotonic() + 0.1\n"
                 "while time.monotonic() < t: pass\n"
                 "log(frames[0].f_trace)\n"));
  EXPECT_EQ(g_handled, 1);
  EXPECT_EQ(log_text(), "None \n");
}

TEST_F(SafePointTest, comes_within_one_loop_body) {
  std::string at_capture;
  EXPECT_TRUE(
      run_script("import re, time\nsub = re.compile('.').sub\ndef busy(found):\n    t = "
                 "time.monotonic() + 0.06\n"
                 "    while time.monotonic() < t: pass\n    return 'y'\n"
                 "def loop():\n    for k in range(4):\n        log('body', k)\n"
                 "        if k == 1: sub(lambda found: block() or busy(1), 'x')\n"
                 "        sub(busy, 'xx')\nloop()\n"));
  ASSERT_EQ(g_handled, 1);
  EXPECT_EQ(g_functions.at(0), "loop");
}

TEST_F(SafePointTest, is_not_taken_inside_a_c_function_that_runs_pending_calls) {
  set_block_hook([](PyObject*) {
    safe_point::request();
    EXPECT_EQ(Py_MakePendingCalls(), 0);
    EXPECT_EQ(g_handled, 0);
    return Ref::borrow(Py_None);
  });
  EXPECT_TRUE(run_script("block()\nfor i in range(3): pass"));
  EXPECT_EQ(Py_MakePendingCalls(), 0);
  EXPECT_LE(g_handled, 1);
}

TEST_F(SafePointTest, does_not_nest) {
  static int depth = 0, deepest = 0;
  depth = deepest = 0;
  safe_point::stop();
  safe_point::start([](StackPlan&) {
    deepest = std::max(deepest, ++depth);
    if (++g_handled < 3) safe_point::request();
    run_within("for i in range(1000): len('')");
    --depth;
  });
  EXPECT_TRUE(run_script("block()\nfor i in range(100): len('')"));
  EXPECT_EQ(deepest, 1);
  EXPECT_EQ(g_handled, 3);
}

TEST_F(SafePointTest, leaves_the_exception_state_alone) {
  safe_point::stop();
  safe_point::start([](StackPlan&) {
    ++g_handled;
    PyErr_SetString(PyExc_RuntimeError, "of the handler");
  });
  EXPECT_TRUE(
      run_script("try:\n    1/0\nexcept ZeroDivisionError as e:\n    block()\n"
                 "    import sys\n    log(sys.exc_info()[1] is e)"));
  EXPECT_EQ(log_text(), "True \n");
  EXPECT_EQ(g_handled, 1);
}

TEST_F(SafePointTest, says_why_it_waits) {
  std::string reason, where;
  std::thread watcher;
  set_block_hook([&](PyObject*) {
    safe_point::request();
    watcher = std::thread([&] {
      for (int i = 0; i < 200 && reason.empty(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        const frames::WhyNot why = safe_point::why_not();
        if (why.where.find("hold") != std::string::npos) reason = why.reason, where = why.where;
      }
    });
    return Ref::borrow(Py_None);
  });
  EXPECT_TRUE(
      run_script("import re, time\ndef hold():\n    re.compile('x').sub(lambda found: block() or "
                 "''.join([q for q in 'x' * 10 if time.sleep(0.03)]), 'x')\nhold()",
                 "/a/fit.py"));
  watcher.join();
  EXPECT_NE(where.find("fit.py:3 in hold"), std::string::npos) << where;
  EXPECT_TRUE(reason == "inside re.Pattern.sub" || reason == "inside time.sleep") << reason;
  EXPECT_EQ(g_handled, 1);
}

TEST_F(SafePointTest, names_a_blocking_call_with_the_interpreter_released) {
  frames::WhyNot why;
  double waited = 0;
  std::thread watcher;
  set_block_hook([&](PyObject*) {
    safe_point::request_from_signal();
    watcher = std::thread([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      why = safe_point::why_not();
      waited = safe_point::waiting_s();
    });
    const auto start = std::chrono::steady_clock::now();
    PyThreadState* own = PyEval_SaveThread();
    std::this_thread::sleep_for(std::chrono::milliseconds(600));
    PyEval_RestoreThread(own);
    EXPECT_GT(seconds_since(start), 0.5);
    return Ref::borrow(Py_None);
  });
  EXPECT_TRUE(run_script("def main():\n    Blocker().wait()\nmain()", "/a/fit.py"));
  watcher.join();
  EXPECT_EQ(why.reason, "inside mpi4py.MPI.Blocker.wait");
  EXPECT_EQ(why.where, "fit.py:2 in main");
  EXPECT_GT(waited, 0.2);
}

TEST_F(SafePointTest, is_off_in_forked_children) {
  EXPECT_TRUE(
      run_script("import os\npid = os.fork()\nif pid == 0:\n    block()\n"
                 "    for i in range(1000): pass\n    os._exit(7)\n"
                 "log(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\nblock()\n"));
  EXPECT_EQ(log_text(), "7 \n");
  EXPECT_EQ(g_handled, 1);
}

TEST_F(SafePointTest, sleeps_while_nothing_is_wanted) {
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  ::usleep(300000);
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_LE(after.ru_nvcsw - before.ru_nvcsw, 4);  // the others are a busy machine's
  EXPECT_EQ(PyThreadState_Get()->c_profilefunc, nullptr);
  EXPECT_EQ(PyThreadState_Get()->c_tracefunc, nullptr);
}

TEST_F(SafePointTest, leaves_no_module_behind) {
  EXPECT_TRUE(
      run_script("import sys\nlog(sorted(m for m in sys.modules if 'chkpt' in m or m == "
                 "'opcode' or m == 'dis'))\nblock()"));
  EXPECT_EQ(log_text(), "[] \n");
}

TEST(SelfTest, accepts_this_interpreter) {
  ensure_interpreter();
  EXPECT_NO_THROW(frames::self_test());
}

// In a process of its own: the interpreter ends while a safe point is wanted.
TEST(FinalisationTest, ends_quietly) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        ensure_interpreter();
        set_block_hook([](PyObject*) {
          safe_point::request();
          return Ref::borrow(Py_None);
        });
        safe_point::start([](StackPlan&) { ++g_handled; });
        run_script(
            "import atexit\nclass D:\n    def __del__(self):\n        block()\n"
            "def late():\n    block()\n    for i in range(1000): pass\n"
            "atexit.register(late)\nkeep = D()\n");
        const int failed = Py_FinalizeEx();
        std::exit(failed ? 3 : g_handled == 0 ? 0 : 4);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace chkpt::test
