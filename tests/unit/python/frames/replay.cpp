// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "replay.hpp"

#include "interpreter.hpp"
#include "python/frames/objects.hpp"
#include "python/frames/resumed_stack.hpp"
#include "python/frames/safe_point.hpp"

#include <algorithm>
#include <random>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace chkpt::test {
namespace {

using frames::StackPlan;
using frames::StackState;

PyObject* field(PyObject* entry, frames::FrameField which) { return PyList_GET_ITEM(entry, which); }

void substitute(PyObject* list, PyObject* before, PyObject* after) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) {
    PyObject* item = PyList_GET_ITEM(list, i);
    if (item == before) checked(PyList_SetItem(list, i, Py_NewRef(after)));
    if (PyCell_Check(item) && PyCell_GET(item) == before) checked(PyCell_Set(item, after));
  }
}

// Objects that hold it as an attribute or under a key (contextlib's managers).
constexpr const char* kSubstituteAttributes =
    "import gc\n"
    "for holder in gc.get_referrers(before):\n"
    "    names = holder if type(holder) is dict else getattr(holder, '__dict__', {})\n"
    "    for name in [n for n, value in names.items() if value is before]:\n"
    "        if names is not globals(): names[name] = after\n";

void substitute_attributes(PyObject* before, PyObject* after) {
  const Ref code = checked(Py_CompileString(kSubstituteAttributes, "<test>", Py_file_input));
  const Ref globals = checked(Py_BuildValue("{sOsOsO}", "before", before, "after", after,
                                            "__builtins__", PyEval_GetBuiltins()));
  checked(PyEval_EvalCode(code.get(), globals.get(), globals.get()));
}

void substitute_words(PyObject** words, std::size_t count, PyObject* before, PyObject* after) {
  for (std::size_t i = 0; i < count; ++i)
    if (words[i] == before) Py_SETREF(words[i], Py_NewRef(after));
}

// Tuples and the interpreter's own iterators, which nothing else can change.
void substitute_inside(PyObject* before, PyObject* after) {
  const Ref gc = checked(PyImport_ImportModule("gc"));
  const Ref holders = checked(PyObject_CallMethod(gc.get(), "get_referrers", "O", before));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(holders.get()); ++i) {
    PyObject* holder = PyList_GET_ITEM(holders.get(), i);
    PyTypeObject* type = Py_TYPE(holder);
    if (PyTuple_CheckExact(holder))
      substitute_words(&PyTuple_GET_ITEM(holder, 0),
                       static_cast<std::size_t>(PyTuple_GET_SIZE(holder)), before, after);
    if (type == &PyFilter_Type || type == &PyEnum_Type)
      substitute_words(
          reinterpret_cast<PyObject**>(holder + 1),
          (static_cast<std::size_t>(type->tp_basicsize) - sizeof(PyObject)) / sizeof(void*), before,
          after);
  }
}

// A running generator cannot run again: a copy takes its place wherever the frames hold it.
Ref copy_of_generator(PyObject* frames, PyObject* generator) {
  const Ref code = checked(frames::generator_code(generator));
  const Ref state = checked(frames::generator_get(generator));
  Ref copy = checked(frames::generator_new(Py_TYPE(generator), code.get()));
  checked(frames::generator_set(copy.get(), state.get()));
  substitute_attributes(generator, copy.get());
  substitute_inside(generator, copy.get());
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(frames); ++i) {
    substitute(field(PyList_GET_ITEM(frames, i), frames::kLocals), generator, copy.get());
    substitute(field(PyList_GET_ITEM(frames, i), frames::kStack), generator, copy.get());
  }
  return copy;
}

Ref header_of(PyObject* frames) {
  Ref header = checked(PyList_New(0));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(frames); ++i) {
    PyObject* entry = PyList_GET_ITEM(frames, i);
    PyObject* is_generator = field(entry, frames::kGenerator) == Py_None ? Py_False : Py_True;
    const Ref item = checked(
        PyTuple_Pack(3, field(entry, frames::kCode), field(entry, frames::kNext), is_generator));
    checked(PyList_Append(header.get(), item.get()));
  }
  return header;
}

void run_to_end(const StackState& state) {
  PyObject* frames = state.frames.get();
  frames::ResumedStack stack(header_of(frames).get());
  for (int i = 0; i < stack.size(); ++i) {
    PyObject* generator = field(PyList_GET_ITEM(frames, i), frames::kGenerator);
    if (generator == Py_None) continue;
    stack.adopt_generator(i, copy_of_generator(frames, generator).get());
  }
  stack.fill(frames);
  const Ref result = stack.run(state.base_exception);
  if (!result) log_exception();
}

void write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n <= 0) ::_exit(3);
    done += static_cast<std::size_t>(n);
  }
}

std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  return text;
}

// ---- captures of a running script
struct Session {
  ReplayOptions options;
  Replay result;
  std::mt19937 random;
  std::set<std::string> seen;                               // places already captured
  std::vector<std::pair<std::size_t, std::string>> copies;  // log size at the cut, copy's log
};
Session* g_session = nullptr;

// Where every frame stands and what it waits for.
std::string place(PyObject* frames) {
  std::string text;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(frames); ++i) {
    PyObject* entry = PyList_GET_ITEM(frames, i);
    auto* code = reinterpret_cast<PyCodeObject*>(field(entry, frames::kCode));
    text += std::to_string(code->co_firstlineno) + "/" +
            std::to_string(PyLong_AsLong(field(entry, frames::kNext))) + " ";
  }
  return text;
}

// Whether a kind of frame or a native frame was there for the first time.
bool note_kinds(const StackPlan& plan, Replay& result) {
  bool is_first = false;
  for (const auto& frame : plan.frames()) {
    is_first |= result.kinds.insert(frame.kind).second;
    for (Py_ssize_t i = 0; frame.natives && i < PyList_GET_SIZE(frame.natives.get()); ++i)
      is_first |= result.natives
                      .insert(PyUnicode_AsUTF8(
                          PyTuple_GET_ITEM(PyList_GET_ITEM(frame.natives.get(), i), 0)))
                      .second;
  }
  return is_first;
}

// The first of each kind always, even where the others have used up what is wanted.
void capture(StackPlan& plan) {
  Session& s = *g_session;
  const StackState state = frames::describe_stack(plan);
  const bool is_new = s.seen.insert(place(state.frames.get())).second;
  const bool is_first = note_kinds(plan, s.result);
  std::uniform_real_distribution<double> dice(0, 1);
  const double chance = is_new ? s.options.chance_if_new : s.options.chance_if_seen;
  if (is_first || (s.result.captures < s.options.most_captures && dice(s.random) < chance)) {
    ++s.result.captures;
    s.result.depth = std::max(s.result.depth, static_cast<int>(plan.frames().size()));
    const std::size_t at = log_text().size();
    s.copies.emplace_back(at, log_of_copy(state));
  }
  frames::safe_point::request();  // again at the very next check of the eval breaker
}

}  // namespace

void run_copy_and_exit(const StackState& state, int fd) {
  ::alarm(60);
  PyOS_AfterFork_Child();
  log_text().clear();
  PyThreadState* main_state = PyEval_SaveThread();
  std::thread runner([&] {
    const PyGILState_STATE gil = PyGILState_Ensure();
    try {
      run_to_end(state);
    } catch (const std::exception& error) {
      log_text() += std::string("chkpt failed: ") + error.what() + "\n";
    }
    PyGILState_Release(gil);
  });
  runner.join();
  write_all(fd, log_text());
  (void)main_state;
  ::_exit(0);
}

std::string log_of_copy(const StackState& state) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  PyOS_BeforeFork();
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    run_copy_and_exit(state, ends[1]);
  }
  PyOS_AfterFork_Parent();
  ::close(ends[1]);
  std::string log = read_all(ends[0]);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) log += "child ended with status " + std::to_string(status) + "\n";
  return log;
}

Replay replay(const std::string& source, const std::string& file, const ReplayOptions& options) {
  ensure_interpreter();
  Session session;
  session.options = options;
  session.random.seed(options.seed);
  g_session = &session;
  log_text().clear();
  frames::safe_point::start(capture);
  frames::safe_point::request();
  run_script(source, file);
  frames::safe_point::stop();
  session.result.log = log_text();
  for (const auto& [at, log] : session.copies)
    if (session.result.log.substr(at) != log)
      session.result.mismatches.push_back("after " + std::to_string(at) + " bytes, expected:\n" +
                                          session.result.log.substr(at, 2000) + "--- got:\n" +
                                          log.substr(0, 2000));
  g_session = nullptr;
  return session.result;
}

}  // namespace chkpt::test
