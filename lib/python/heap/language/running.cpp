// SPDX-License-Identifier: BSD-3-Clause
// Generators, coroutines and what they wait for, frame objects, tracebacks and exceptions. Frames
// on the saved call stack are referred to by their index; ResumedStack makes them before the heap
// is loaded.
#include <Python.h>
#include <structmember.h>

#include "python/frames/objects.hpp"
#include "python/frames/other_threads.hpp"
#include "python/heap/call.hpp"
#include "python/heap/waiting/idle_workers.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

Ref rebuild_generator(Args args) {
  return own(frames::generator_new(reinterpret_cast<PyTypeObject*>(args[0]), args[1]));
}
const Rebuilder make_generator{"generator", guarded<rebuild_generator>};
Ref fill_generator(Args args) {
  ok(frames::generator_set(args[0], item(args[1], 0)));
  const long long index = integer(item(args[1], 1));
  if (index >= 0) Loader::current().stack().adopt_generator(static_cast<int>(index), args[0]);
  return none();
}
const Rebuilder set_generator{"generator.state", guarded<fill_generator>};

Ref reduce_generator(Saver& saver, PyObject* generator, Rule& rule) {
  const int index = saver.chain_index(generator);
  if (index < 0 && frames::generator_is_running(generator))
    refuse("it is running in a frame that is not on the main thread's stack");
  const Ref state = pack(own(frames::generator_get(generator)), number(index));
  return reduced(make_generator, pack(rule.type, own(frames::generator_code(generator))), state,
                 set_generator);
}

Ref rebuild_frame(Args args) { return own(frames::frame_new(args[0], args[1])); }
const Rebuilder make_frame{"frame", guarded<rebuild_frame>};
Ref fill_frame(Args args) {
  ok(frames::frame_set(args[0], args[1]));
  return none();
}
const Rebuilder set_frame{"frame.state", guarded<fill_frame>};
Ref rebuild_generator_frame(Args args) { return own(frames::generator_frame(args[0])); }
const Rebuilder make_generator_frame{"generator_frame", guarded<rebuild_generator_frame>};

Ref reduce_frame(Saver&, PyObject* frame, Rule&) {
  switch (frames::frame_owner(frame)) {
    case frames::FrameOwner::kOfGenerator:
      return reduced(make_generator_frame, pack(own(frames::frame_generator(frame))));
    case frames::FrameOwner::kDetached:
      return reduced(make_frame, pack(own(frames::frame_code(frame)), attr(frame, "f_globals")),
                     own(frames::frame_get(frame)), set_frame);
    case frames::FrameOwner::kLive:
      // What failed in a worker of a thread pool refers to it by its traceback. The worker is
      // started anew; the frame stays what it is now.
      if (!is_frame_of_idle_worker(frame)) break;
      return reduced(make_frame, pack(own(frames::frame_code(frame)), attr(frame, "f_globals")),
                     own(frames::running_frame_get(frame)), set_frame);
  }
  refuse("the frame of running code outside the saved call stack");
}

Ref rebuild_awaitable(Args args) {
  const std::string name = utf8(args[0]);
  for (PyTypeObject* type : frames::awaitable_types())
    if (name == type->tp_name) return own(frames::awaitable_new(type));
  broken("this interpreter has no type " + name);
}
const Rebuilder make_awaitable{"awaitable", guarded<rebuild_awaitable>};
Ref fill_awaitable(Args args) {
  ok(frames::awaitable_set(args[0], args[1]));
  return none();
}
const Rebuilder set_awaitable{"awaitable.state", guarded<fill_awaitable>};
Ref reduce_awaitable(Saver&, PyObject* awaitable, Rule& rule) {
  return reduced(make_awaitable, pack(text(rule.type->tp_name)),
                 own(frames::awaitable_get(awaitable)), set_awaitable);
}

Ref rebuild_frame_view(Args) { return own(frames::frame_view_new()); }
const Rebuilder make_frame_view{"frame_view", guarded<rebuild_frame_view>};
Ref fill_frame_view(Args args) {
  ok(frames::frame_view_set(args[0], item(args[1], 0)));
  return none();
}
const Rebuilder set_frame_view{"frame_view.state", guarded<fill_frame_view>};
Ref reduce_frame_view(Saver&, PyObject* view, Rule&) {
  return reduced(make_frame_view, own(PyTuple_New(0)), pack(own(frames::frame_view_get(view))),
                 set_frame_view);
}

Ref rebuild_traceback(Args args) {
  return call(raw(&PyTraceBack_Type), args[0], args[1], args[2], args[3]);
}
const Rebuilder make_traceback{"traceback", guarded<rebuild_traceback>};
Ref reduce_traceback(Saver&, PyObject* traceback, Rule&) {
  return reduced(make_traceback, pack(attr(traceback, "tb_next"), attr(traceback, "tb_frame"),
                                      attr(traceback, "tb_lasti"), attr(traceback, "tb_lineno")));
}

PyTypeObject* base_exception() { return reinterpret_cast<PyTypeObject*>(PyExc_BaseException); }

constexpr int kObjectMember = T_OBJECT, kObjectOrErrorMember = T_OBJECT_EX,
              kSizeMember = T_PYSSIZET;

PyTypeObject* os_error() { return reinterpret_cast<PyTypeObject*>(PyExc_OSError); }

// Members that C exception classes add (OSError.errno, SyntaxError.lineno, ...), by direct access.
Ref native_members(PyObject* exception, PyTypeObject* native) {
  const Ref members = new_dict();
  for (PyTypeObject* type = native; type && type != base_exception(); type = type->tp_base) {
    if (!type->tp_members) continue;
    for (const PyMemberDef* member = type->tp_members; member->name; ++member) {
      char* place = reinterpret_cast<char*>(exception) + member->offset;
      if (member->type == kSizeMember) {
        put(members, member->name, number(*reinterpret_cast<Py_ssize_t*>(place)));
      } else if (member->type == kObjectMember || member->type == kObjectOrErrorMember) {
        PyObject* value = *reinterpret_cast<PyObject**>(place);
        if (value) put(members, member->name, Ref::borrow(value));
      }
    }
  }
  if (PyType_IsSubtype(native, os_error()))
    put(members, "written", number(reinterpret_cast<PyOSErrorObject*>(exception)->written));
  return members;
}

Ref rebuild_exception(Args args) {
  auto* base = reinterpret_cast<PyTypeObject*>(args[1]);
  return own(base->tp_new(reinterpret_cast<PyTypeObject*>(args[0]), args[2], nullptr));
}
const Rebuilder make_exception{"exception", guarded<rebuild_exception>};

void set_native_members(PyObject* exception, PyObject* members) {
  PyTypeObject* native = layout_of(Py_TYPE(exception)).native_base;
  if (PyObject* written = find(members, "written"))
    reinterpret_cast<PyOSErrorObject*>(exception)->written =
        static_cast<Py_ssize_t>(integer(written));
  for (PyTypeObject* type = native; type && type != base_exception(); type = type->tp_base) {
    if (!type->tp_members) continue;
    for (const PyMemberDef* member = type->tp_members; member->name; ++member) {
      PyObject* value = find(members, member->name);
      if (!value) continue;
      char* place = reinterpret_cast<char*>(exception) + member->offset;
      if (member->type == kSizeMember)
        *reinterpret_cast<Py_ssize_t*>(place) = static_cast<Py_ssize_t>(integer(value));
      else
        set_slot_value(exception, {member->name, member->offset}, value);
    }
  }
}

PyObject* null_if_none(PyObject* object) { return object == Py_None ? nullptr : object; }

// (exception, (args, instance state, cause, context, suppress, traceback, native members))
Ref fill_exception(Args args) {
  PyObject *exception = args[0], *state = args[1];
  auto* object = reinterpret_cast<PyBaseExceptionObject*>(exception);
  Py_XSETREF(object->args, Py_NewRef(item(state, 0)));
  restore_instance_state(exception, item(state, 1));
  set_native_members(exception, item(state, 6));
  PyException_SetCause(exception, Py_XNewRef(null_if_none(item(state, 2))));
  PyException_SetContext(exception, Py_XNewRef(null_if_none(item(state, 3))));
  object->suppress_context = is_true(item(state, 4)) ? 1 : 0;
  ok(PyException_SetTraceback(exception, item(state, 5)));
  return none();
}
const Rebuilder set_exception{"exception.state", guarded<fill_exception>};

Ref or_none(PyObject* object) { return Ref::borrow(object ? object : Py_None); }

}  // namespace

// Exception groups take their message and members in the constructor; the others start empty.
Ref reduce_exception(Saver& saver, PyObject* exception, Rule& rule) {
  const auto* object = reinterpret_cast<PyBaseExceptionObject*>(exception);
  PyTypeObject* native = rule.layout.native_base;
  auto* group = reinterpret_cast<PyTypeObject*>(PyExc_BaseExceptionGroup);
  const bool is_group = PyType_IsSubtype(native, group) != 0;
  const Ref args =
      is_group ? pack(attr_of_base(exception, group, "message"),
                      own(PySequence_List(attr_of_base(exception, group, "exceptions").get())))
               : own(PyTuple_New(0));
  const Ref cause = or_none(object->cause), context = or_none(object->context);
  const Ref state = pack(object->args, instance_state(saver, exception, rule), cause, context,
                         boolean(object->suppress_context != 0), or_none(object->traceback),
                         native_members(exception, native));
  return reduced(make_exception, pack(rule.type, native, args), state, set_exception);
}

void add_frame_types(ExactTypes& types) {
  types[&PyGen_Type] = reduce_generator;
  types[&PyCoro_Type] = reduce_generator;
  types[&PyAsyncGen_Type] = reduce_generator;
  types[&PyFrame_Type] = reduce_frame;
  types[&PyTraceBack_Type] = reduce_traceback;
  for (PyTypeObject* type : frames::awaitable_types()) types[type] = reduce_awaitable;
  if (PyTypeObject* type = frames::frame_view_type()) types[type] = reduce_frame_view;
}

}  // namespace chkpt::heap
