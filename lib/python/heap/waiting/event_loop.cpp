// SPDX-License-Identifier: BSD-3-Clause
// asyncio's event loops over a selector. What a loop has of the system, its selector and the pair
// of sockets by which signal handlers and other threads wake it, is made again under the same
// numbers. Whatever else it waits for belongs to sockets, pipes or programs and is refused.
#include <Python.h>

#include <string>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "files/descriptors.hpp"
#include "python/heap/call.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

PyObject* own_value(const Ref& dict, const char* name) {  // borrowed, never null
  PyObject* value = find(dict.get(), name);
  return value ? value : Py_None;
}

int fileno_of(PyObject* object) {
  return static_cast<int>(integer(call_method(object, "fileno").get()));
}

// ---- what a loop waits for

// (reader, writer), what asyncio keeps with each descriptor: "_read_ready of <...>"
std::string purpose_of(PyObject* key) {
  const Ref data = attr(key, "data");
  for (Py_ssize_t i = 0; PyTuple_Check(data.get()) && i < PyTuple_GET_SIZE(data.get()); ++i) {
    const Ref callback = attr_or_null(PyTuple_GET_ITEM(data.get(), i), "_callback");
    if (callback && !callback.is(Py_None))
      return utf8_attr(callback.get(), "__qualname__", Py_TYPE(callback.get())->tp_name);
  }
  return "the script";
}

void check_descriptors(PyObject* selector, int wakeup) {
  const Ref keys = own(PyDict_Items(attr(selector, "_fd_to_key").get()));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(keys.get()); ++i) {
    PyObject* entry = PyList_GET_ITEM(keys.get(), i);
    if (integer(item(entry, 0)) == wakeup) continue;
    refuse("the event loop waits for descriptor " + std::to_string(integer(item(entry, 0))) +
           " for " + purpose_of(item(entry, 1)) +
           "; a snapshot is possible when its sockets, pipes and subprocesses are closed");
  }
}

// Bytes by which the loop has been woken, and that it has not seen.
Ref unread_bytes(int descriptor) {
  int size = 0;
  if (::ioctl(descriptor, FIONREAD, &size) != 0 || size < 0)
    refuse("the sockets by which the event loop is woken cannot be examined");
  Ref bytes = own(PyBytes_FromStringAndSize(nullptr, size));
  if (size > 0 && ::recv(descriptor, PyBytes_AS_STRING(bytes.get()), static_cast<std::size_t>(size),
                         MSG_PEEK | MSG_DONTWAIT) != size)
    refuse("what has woken the event loop cannot be read");
  return bytes;
}

// ---- making it again

// Under the number that it had, or under another if somebody else has that one. A number that a
// frame of the loop still holds is then one that its selector does not know, which it passes over.
int place(int fd, PyObject* number) {
  const int wanted = static_cast<int>(integer(number));
  constexpr int kOutOfTheWay = 100;
  const int high = fd < 0 ? -1 : ::fcntl(fd, F_DUPFD_CLOEXEC, kOutOfTheWay);
  if (fd >= 0) ::close(fd);
  if (high < 0) broken("the sockets of the event loop could not be made");
  return files::low_numbers::give(high, wanted, false) ? wanted : high;
}

Ref socket_object(int fd) {
  const Ref arguments = pack(number(AF_UNIX), number(SOCK_STREAM), number(0), number(fd));
  Ref socket = call_with(attr(import("socket"), "socket").get(), arguments.get(), nullptr);
  call_method(socket, "setblocking", Py_False);
  return socket;
}

// The number of the one that the loop reads from.
int make_wakeup_sockets(PyObject* loop, PyObject* numbers, PyObject* unread) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    broken("the sockets of the event loop could not be made");
  const int reading = place(ends[0], item(numbers, 0));
  const int writing = place(ends[1], item(numbers, 1));
  set_attr(loop, "_ssock", socket_object(reading).get());
  set_attr(loop, "_csock", socket_object(writing).get());
  const auto size = static_cast<std::size_t>(PyBytes_GET_SIZE(unread));
  if (size > 0 &&
      ::send(writing, PyBytes_AS_STRING(unread), size, MSG_DONTWAIT) != static_cast<ssize_t>(size))
    broken("the event loop could not be woken");
  return reading;
}

// select.epoll under its number; the other kinds have none.
Ref make_poller(PyObject* selector, PyObject* number_or_none) {
  const Ref kind = attr_or_null(selector, "_selector_cls");
  if (!kind || kind.is(Py_None)) return {};
  if (number_or_none == Py_None) return call(kind);
  return call_method(kind, "fromfd", number(place(::epoll_create1(EPOLL_CLOEXEC), number_or_none)));
}

void rename_descriptor(PyObject* selector, PyObject* before, const Ref& now) {
  const Ref keys = attr(selector, "_fd_to_key");
  const Ref key = own(PyObject_GetItem(keys.get(), before));
  const Ref changes = new_dict();
  put(changes, "fileobj", now);
  put(changes, "fd", now);
  const Ref renamed =
      call_with(attr(key, "_replace").get(), own(PyTuple_New(0)).get(), changes.get());
  ok(PyObject_DelItem(keys.get(), before));
  ok(PyObject_SetItem(keys.get(), now.get(), renamed.get()));
  if (const Ref readers = attr_or_null(selector, "_readers")) {  // of SelectSelector
    call_method(readers, "discard", before);
    call_method(readers, "add", now);
  }
}

// Signals with handlers of the loop's are to wake it.
void connect_signals(PyObject* loop) {
  const Ref handlers = attr_or_null(loop, "_signal_handlers");
  if (handlers && PyDict_Check(handlers.get()) && PyDict_GET_SIZE(handlers.get()) > 0)
    call_method(import("_signal"), "set_wakeup_fd", call_method(attr(loop, "_csock"), "fileno"));
}

// `saved` is the system state of the loop, whose selector is filled.
void connect_selector(PyObject* saved, int reading) {
  PyObject *selector = item(saved, 2), *before = item(item(saved, 0), 0);
  const Ref now = number(reading);
  if (integer(before) != reading) rename_descriptor(selector, before, now);
  const Ref poller = make_poller(selector, item(saved, 3));
  if (!poller) return;
  set_attr(selector, "_selector", poller.get());
  call_method(poller, "register", now, attr(selector, "_EVENT_READ"));
}

Ref rebuild_loop(Args args) {
  return own(PyBaseObject_Type.tp_new(reinterpret_cast<PyTypeObject*>(args[0]),
                                      own(PyTuple_New(0)).get(), nullptr));
}
const Rebuilder make_loop{"asyncio.loop", guarded<rebuild_loop>};

// (loop, (instance state, runs in the main thread, system state or None)), where the system state
// is (numbers of the sockets, bytes unread, selector, number of its poller or None)
Ref fill_loop(Args args) {
  PyObject *loop = args[0], *state = args[1];
  restore_instance_state(loop, item(state, 0));
  if (is_true(item(state, 1)))
    set_attr(loop, "_thread_id", own(PyLong_FromUnsignedLong(PyThread_get_thread_ident())).get());
  PyObject* system = item(state, 2);
  if (system == Py_None) return none();
  const int reading = make_wakeup_sockets(loop, item(system, 0), item(system, 1));
  Loader::current().afterwards([loop = Ref::borrow(loop), system = Ref::borrow(system), reading] {
    connect_selector(system.get(), reading);
    connect_signals(loop.get());
  });
  return none();
}
const Rebuilder set_loop{"asyncio.loop.state", guarded<fill_loop>};

bool is_selector_loop(PyTypeObject* type) {
  const Ref base = loaded_attr("asyncio.selector_events", "BaseSelectorEventLoop");
  return base && PyType_Check(base.get()) &&
         PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base.get()));
}

// Its own sockets are there, and the selector watches them: not so within its close().
void check_is_whole(const Ref& dict, PyObject* selector) {
  for (const char* name : {"_ssock", "_csock"}) {
    PyObject* socket = own_value(dict, name);
    if (socket == Py_None || fileno_of(socket) < 0)
      refuse("an event loop that is just being made or closed");
  }
  const Ref reading = number(fileno_of(own_value(dict, "_ssock")));
  if (!PyMapping_HasKey(attr(selector, "_fd_to_key").get(), reading.get()))
    refuse("an event loop that is just being made or closed");
}

Ref system_state(const Ref& dict) {
  PyObject* selector = own_value(dict, "_selector");
  if (selector == Py_None) return none();  // closed
  check_is_whole(dict, selector);
  const int reading = fileno_of(own_value(dict, "_ssock"));
  check_descriptors(selector, reading);
  const Ref poller = attr_or_null(selector, "_selector");
  const Ref poller_number =
      poller && attr_or_null(poller.get(), "fileno") ? number(fileno_of(poller.get())) : none();
  return pack(pack(number(reading), number(fileno_of(own_value(dict, "_csock")))),
              unread_bytes(reading), selector, poller_number);
}

// The event loop of whose handles a selector holds one, if it is that loop's selector.
bool belongs_to_loop(PyObject* selector) {
  const Ref keys = attr_or_null(selector, "_fd_to_key");
  if (!keys || !PyDict_Check(keys.get())) return false;
  PyObject *fd = nullptr, *key = nullptr;
  for (Py_ssize_t position = 0; PyDict_Next(keys.get(), &position, &fd, &key);) {
    const Ref data = attr(key, "data");
    if (!PyTuple_Check(data.get()) || PyTuple_GET_SIZE(data.get()) == 0) continue;
    const Ref loop = attr_or_null(PyTuple_GET_ITEM(data.get(), 0), "_loop");
    const Ref its_own = loop ? attr_or_null(loop.get(), "_selector") : Ref();
    if (its_own && its_own.is(selector)) return true;
  }
  return false;
}

// The script stands where asyncio makes a loop or closes one: the loop does not have its selector
// yet, or no longer.
bool stands_in_making_or_closing(const Saver& saver) {
  const frames::StackState* stack = saver.request().stack;
  for (Py_ssize_t i = 0; stack && i < PyList_GET_SIZE(stack->frames.get()); ++i) {
    PyObject* frame = PyList_GET_ITEM(stack->frames.get(), i);
    const auto* code = reinterpret_cast<PyCodeObject*>(PyList_GET_ITEM(frame, frames::kCode));
    const std::string name = utf8(code->co_qualname);
    for (const char* type : {"BaseSelectorEventLoop.", "_UnixSelectorEventLoop."})
      for (const char* step : {"__init__", "_make_self_pipe", "close", "_close_self_pipe"})
        if (name == std::string(type) + step) return true;
  }
  return false;
}

[[noreturn]] void refuse_selector(const Saver& saver) {
  if (stands_in_making_or_closing(saver))
    refuse("the selector of an event loop that is just being made or closed");
  refuse("a selector that belongs to no event loop: what it waits for cannot be saved");
}

Ref without(const Ref& dict, std::initializer_list<const char*> names) {
  Ref copy = own(PyDict_Copy(dict.get()));
  for (const char* name : names)
    if (find(copy.get(), name)) ok(PyDict_DelItemString(copy.get(), name));
  return copy;
}

// The __dict__ of an object of which only a part goes into the state.
Ref own_attributes(PyObject* object, const Ref& state) {
  if (is_true(item(state, 2))) refuse("something else holds its __dict__");
  return instance_dict(object);
}

Ref fill_selector(Args args) {
  restore_instance_state(args[0], args[1]);
  return none();
}
const Rebuilder set_selector{"selector.state", guarded<fill_selector>};

}  // namespace

Ref reduce_event_loop(Saver& saver, PyObject* loop, Rule& rule) {
  if (!is_selector_loop(rule.type))
    refuse(std::string("an event loop of class ") + rule.type->tp_name +
           ": only asyncio's own can be saved");
  const Ref state = instance_state(saver, loop, rule);
  const Ref dict = own_attributes(loop, state);
  PyObject* thread = own_value(dict, "_thread_id");
  const bool running = thread != Py_None;
  if (running && PyLong_AsUnsignedLong(thread) != PyThread_get_thread_ident())
    refuse("an event loop that runs in another thread");
  const Ref attributes = without(dict, {"_ssock", "_csock", "_thread_id"});
  for (const char* name : {"_ssock", "_csock", "_thread_id"}) put(attributes, name, none());
  return reduced(
      make_loop, pack(rule.type),
      pack(pack(attributes, item(state, 1), Py_False), boolean(running), system_state(dict)),
      set_loop);
}

Ref reduce_selector(Saver& saver, PyObject* selector, Rule& rule) {
  if (rule.layout.native_base != &PyBaseObject_Type || !belongs_to_loop(selector))
    refuse_selector(saver);
  const Ref state = instance_state(saver, selector, rule);
  const Ref dict = own_attributes(selector, state);
  return reduced(make_loop, pack(rule.type),
                 pack(without(dict, {"_selector"}), item(state, 1), Py_False), set_selector);
}

}  // namespace chkpt::heap
