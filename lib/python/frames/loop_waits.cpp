// SPDX-License-Identifier: BSD-3-Clause
#include "python/frames/shim.hpp"

#include "python/frames/loop_waits.hpp"

#include <string>

#include <sys/socket.h>

#include "python/error.hpp"
#include "python/ref.hpp"

namespace chkpt::frames {
namespace {

using shim::InterpreterFrame;

bool is_in(InterpreterFrame* frame, const std::string& file_end, const char* function) {
  PyCodeObject* co = shim::code(frame);
  const char* file = PyUnicode_AsUTF8(co->co_filename);
  const std::string name = file ? file : "";
  return name.size() >= file_end.size() &&
         name.compare(name.size() - file_end.size(), file_end.size(), file_end) == 0 &&
         PyUnicode_CompareWithASCIIString(co->co_name, function) == 0;
}

// The loop whose selector the main thread is inside. Borrowed, or null.
PyObject* waiting_loop() {
  PyThreadState* ts = shim::main_thread_state();
  InterpreterFrame* selecting = ts ? shim::innermost(ts) : nullptr;
  if (!selecting || !is_in(selecting, "/selectors.py", "select")) return nullptr;
  InterpreterFrame* round = shim::caller(selecting);
  if (!round || !is_in(round, "/asyncio/base_events.py", "_run_once")) return nullptr;
  return round->localsplus[0];
}

}  // namespace

void wake_waiting_event_loop() {
  const PendingException untouched;
  PyObject* loop = waiting_loop();
  const Ref socket = loop ? Ref::steal(PyObject_GetAttrString(loop, "_csock")) : Ref();
  const Ref number =
      socket ? Ref::steal(PyObject_CallMethod(socket.get(), "fileno", nullptr)) : Ref();
  const long fd = number ? PyLong_AsLong(number.get()) : -1;
  if (fd >= 0) ::send(static_cast<int>(fd), "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  PyErr_Clear();
}

}  // namespace chkpt::frames
