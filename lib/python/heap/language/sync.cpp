// SPDX-License-Identifier: BSD-3-Clause
// Locks with their state, weak references, context variables, thread-locals.
#include <Python.h>

#include <cstring>
#include <utility>

#include "python/frames/stack.hpp"
#include "python/heap/call.hpp"
#include "python/heap/language/contexts.hpp"
#include "python/frames/contexts.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

Ref no_args() { return own(PyTuple_New(0)); }

Ref rebuild_lock(Args args) {
  const Ref lock = call_method(import("_thread"), "allocate_lock");
  if (is_true(args[0])) call_method(lock, "acquire");
  return lock;
}
const Rebuilder make_lock{"lock", guarded<rebuild_lock>};
Ref reduce_lock(Saver&, PyObject* lock, Rule&) {
  return reduced(make_lock, pack(call_method(lock, "locked")));
}

// (count,): how often the main thread holds it.
Ref rebuild_rlock(Args args) {
  const Ref lock = call_method(import("_thread"), "RLock");
  for (long long i = integer(args[0]); i > 0; --i) call_method(lock, "acquire");
  return lock;
}
const Rebuilder make_rlock{"rlock", guarded<rebuild_rlock>};
Ref reduce_rlock(Saver&, PyObject* lock, Rule&) {
  return reduced(make_rlock, pack(number(rlock_count(lock))));
}

// ---- the lock of a module that importlib.import_module() is importing. It knows its thread by a
// number, which another process gives differently.

Ref rebuild_module_lock(Args args) {
  return call(attr(raw(&PyBaseObject_Type), "__new__"), args[0]);
}
const Rebuilder make_module_lock{"module_lock", guarded<rebuild_module_lock>};

// (lock, (attributes but the owner, whether the main thread holds it))
Ref fill_module_lock(Args args) {
  ok(PyDict_Update(attr(args[0], "__dict__").get(), item(args[1], 0)));
  if (is_true(item(args[1], 1)))
    set_attr(args[0], "owner", own(PyLong_FromUnsignedLong(PyThread_get_thread_ident())).get());
  return none();
}
const Rebuilder set_module_lock{"module_lock.state", guarded<fill_module_lock>};

Ref reduce_module_lock(Saver&, PyObject* lock, Rule& rule) {
  const Ref attributes = own(PyDict_Copy(attr(lock, "__dict__").get()));
  put(attributes, "owner", none());
  const Ref state = pack(attributes, boolean(!attr(lock, "owner").is(Py_None)));
  return reduced(make_module_lock, pack(rule.type), state, set_module_lock);
}

// ---- what 3.13 knows of a thread that has ended, or is to be started

// (thread's number or None)
Ref rebuild_thread_handle(Args args) {
  const Ref thread = import("_thread");
  if (args[0] == Py_None) return call_method(thread, "_ThreadHandle");
  Ref handle = call_method(thread, "_make_thread_handle", args[0]);
  call_method(handle, "_set_done");
  return handle;
}
const Rebuilder make_thread_handle{"thread_handle", guarded<rebuild_thread_handle>};

// ---- queue.SimpleQueue, which only shows its items by giving them away: they are put back in
// their order. Nobody else can be at the queue: a save has the GIL, and other threads are refused.

Ref rebuild_queue(Args args) { return call(args[0]); }
const Rebuilder make_queue{"simple_queue", guarded<rebuild_queue>};
Ref fill_queue(Args args) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(args[1]); ++i)
    call_method(args[0], "put", PyList_GET_ITEM(args[1], i));
  return none();
}
const Rebuilder set_queue{"simple_queue.state", guarded<fill_queue>};
// ---- weak references

PyObject* referent(PyObject* reference) {  // borrowed; null if it is dead
  PyObject* object = PyWeakref_GET_OBJECT(reference);
  return object == Py_None ? nullptr : object;
}

PyObject* callback_of(PyObject* reference) {
  PyObject* callback = reinterpret_cast<PyWeakReference*>(reference)->wr_callback;
  return callback ? callback : Py_None;
}

// A reference that is dead from the start: to an object nobody holds.
Ref dead_target() { return call(attr(import("_thread"), "_local")); }

// (type, object or None, callback[, hash of a dead one, by which dicts find it])
Ref rebuild_weakref(Args args) {
  const bool dead = args[1] == Py_None;
  const Ref target = dead ? dead_target() : Ref::borrow(args[1]);
  auto* type = reinterpret_cast<PyTypeObject*>(args[0]);
  const Ref callback = dead ? none() : Ref::borrow(args[2]);
  if (!dead) Loader::current().note_weak_target(target.get());
  Ref made = own(_PyWeakref_RefType.tp_new(type, pack(target, callback).get(), nullptr));
  if (args.count > 3)
    reinterpret_cast<PyWeakReference*>(made.get())->hash = static_cast<Py_hash_t>(integer(args[3]));
  return made;
}
const Rebuilder make_weakref{"weakref", guarded<rebuild_weakref>};
Ref fill_weakref(Args args) {
  restore_instance_state(args[0], args[1]);
  return none();
}
const Rebuilder set_weakref{"weakref.state", guarded<fill_weakref>};

Ref rebuild_proxy(Args args) {
  if (args[0] == Py_None) return own(PyWeakref_NewProxy(dead_target().get(), nullptr));
  Loader::current().note_weak_target(args[0]);
  return own(PyWeakref_NewProxy(args[0], args[1] == Py_None ? nullptr : args[1]));
}
const Rebuilder make_proxy{"weakproxy", guarded<rebuild_proxy>};
Ref reduce_proxy(Saver&, PyObject* proxy, Rule&) {
  PyObject* object = referent(proxy);
  return reduced(make_proxy, pack(object ? object : Py_None, callback_of(proxy)));
}

// ---- context variables

// The variable in which decimal keeps its context; null before decimal is in use. No name leads to
// it, but a context in which decimal is used for the first time gets it.
Ref decimal_variable() {
  if (!loaded_module("decimal")) return {};
  const Ref context = own(PyContext_New());
  const Ref current = call_method(context, "run", attr(import("decimal"), "getcontext"));
  const Ref pairs = own(PySequence_List(call_method(context, "items").get()));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(pairs.get()); ++i) {
    PyObject* pair = PyList_GET_ITEM(pairs.get(), i);
    if (current.is(item(pair, 1)) && utf8_attr(item(pair, 0), "name") == "decimal_context")
      return Ref::borrow(item(pair, 0));
  }
  return {};
}
Ref rebuild_decimal_variable(Args) {
  import("decimal");
  Ref variable = decimal_variable();
  if (!variable) broken("decimal keeps its context elsewhere");
  return variable;
}
const Rebuilder make_decimal_variable{"contextvar.decimal", guarded<rebuild_decimal_variable>};

Ref rebuild_context_variable(Args args) {
  PyObject* fallback = args.count > 1 ? args[1] : nullptr;
  return own(PyContextVar_New(utf8(args[0]).c_str(), fallback));
}
const Rebuilder make_context_variable{"contextvar", guarded<rebuild_context_variable>};
Ref reduce_context_variable(Saver&, PyObject* variable, Rule&) {
  const Ref name = attr(variable, "name");
  if (utf8(name.get()) == "decimal_context" && decimal_variable().is(variable))
    return reduced(make_decimal_variable, no_args());
  // The default is what an empty context answers.
  const Ref run = attr(own(PyContext_New()), "run");
  PyObject* fallback =
      PyObject_CallFunctionObjArgs(run.get(), attr(variable, "get").get(), nullptr);
  if (fallback) return reduced(make_context_variable, pack(name, Ref::steal(fallback)));
  if (!PyErr_ExceptionMatches(PyExc_LookupError)) throw Raised{};
  PyErr_Clear();
  return reduced(make_context_variable, pack(name));
}

Ref rebuild_context(Args) { return own(PyContext_New()); }
const Rebuilder make_context{"context", guarded<rebuild_context>};
Ref fill_context(Args args) {
  const Ref run = attr(args[0], "run");
  PyObject* pairs = args[1];
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(pairs); ++i) {
    PyObject* pair = PyList_GET_ITEM(pairs, i);
    call(run, attr(item(pair, 0), "set"), item(pair, 1));
  }
  return none();
}
const Rebuilder set_context{"context.state", guarded<fill_context>};
Ref reduce_context(Saver&, PyObject* context, Rule&) {
  return reduced(make_context, no_args(), context_items(Ref::borrow(context)), set_context);
}

// What ContextVar.set() returns, in all supported versions.
struct Token {
  PyObject_HEAD PyObject* context;
  PyObject* variable;
  PyObject* old_value;
  int used;
};

Token& as_token(PyObject* object) {
  if (PyContextToken_Type.tp_basicsize != sizeof(Token)) refuse("a context token of another kind");
  return *reinterpret_cast<Token*>(object);
}

// A used token of the thread's own context, which exists from then on.
Ref rebuild_token(Args) {
  const frames::OwnContext own_context;
  const Ref variable = own(PyContextVar_New("", nullptr));
  Ref token = own(PyContextVar_Set(variable.get(), Py_None));
  ok(PyContextVar_Reset(variable.get(), token.get()));
  return token;
}
const Rebuilder make_token{"contexttoken", guarded<rebuild_token>};
// (token, (context or None for the thread's own, variable, old value or null, used))
Ref fill_token(Args args) {
  Token& token = as_token(args[0]);
  PyObject *context = item(args[1], 0), *old_value = item(args[1], 2);
  if (context != Py_None) Py_SETREF(token.context, Py_NewRef(context));
  Py_SETREF(token.variable, Py_NewRef(item(args[1], 1)));
  Py_XSETREF(token.old_value, old_value == frames::null_marker() ? nullptr : Py_NewRef(old_value));
  token.used = static_cast<int>(integer(item(args[1], 3)));
  return none();
}
const Rebuilder set_token{"contexttoken.state", guarded<fill_token>};
Ref reduce_token(Saver&, PyObject* object, Rule&) {
  const Token& token = as_token(object);
  const bool own_context = token.context == PyThreadState_Get()->context;
  return reduced(
      make_token, no_args(),
      pack(own_context ? Py_None : token.context, token.variable,
           token.old_value ? token.old_value : frames::null_marker(), number(token.used)),
      set_token);
}

// ---- thread-locals: the main thread's view, the only one there is

PyTypeObject* local_type() {
  static PyObject* const local = attr(import("_thread"), "_local").release();
  return reinterpret_cast<PyTypeObject*>(local);
}

Ref names_of(PyObject* local) {
  return own(local_type()->tp_getattro(local, text("__dict__").get()));
}

// Past the __new__ and __init__ of a class that derives from it.
Ref rebuild_local(Args args) {
  auto* type = reinterpret_cast<PyTypeObject*>(args[0]);
  return own(local_type()->tp_new(type, no_args().get(), nullptr));
}
const Rebuilder make_local{"thread_local", guarded<rebuild_local>};

// Each thread that comes to a local makes its own view by __init__, with the arguments of the first
// call. Nothing shows them: where they lie is found in one that is made with known ones.
struct LocalArguments {
  std::size_t positional = 0, keywords = 0;  // offsets; 0: not found
};

LocalArguments find_arguments(PyTypeObject* type) {
  const Ref positional = pack(number(1)), keywords = new_dict();
  put(keywords, "marker", number(1));
  const Ref probe = own(local_type()->tp_new(type, positional.get(), keywords.get()));
  LocalArguments found;
  for (std::size_t at = sizeof(PyObject);
       at + sizeof(void*) <= static_cast<std::size_t>(type->tp_basicsize); at += sizeof(void*)) {
    PyObject* word = nullptr;
    std::memcpy(&word, reinterpret_cast<char*>(probe.get()) + at, sizeof word);
    if (positional.is(word)) found.positional = at;
    if (keywords.is(word)) found.keywords = at;
  }
  if (!found.positional || !found.keywords) refuse("a threading.local of another kind");
  return found;
}

PyObject** word_of(PyObject* local, std::size_t offset) {
  return reinterpret_cast<PyObject**>(reinterpret_cast<char*>(local) + offset);
}

// (positional or None, keywords or None)
Ref arguments_of(PyObject* local) {
  if (Py_TYPE(local)->tp_init == PyBaseObject_Type.tp_init) return pack(Py_None, Py_None);
  const LocalArguments at = find_arguments(Py_TYPE(local));
  PyObject *positional = *word_of(local, at.positional), *keywords = *word_of(local, at.keywords);
  return pack(positional ? positional : Py_None, keywords ? keywords : Py_None);
}

void set_arguments(PyObject* local, PyObject* arguments) {
  if (item(arguments, 0) == Py_None && item(arguments, 1) == Py_None) return;
  const LocalArguments at = find_arguments(Py_TYPE(local));
  const auto set = [&](std::size_t offset, PyObject* value) {
    PyObject** const word = word_of(local, offset);
    Py_XDECREF(std::exchange(*word, value == Py_None ? nullptr : Py_NewRef(value)));
  };
  set(at.positional, item(arguments, 0));
  set(at.keywords, item(arguments, 1));
}

// (this thread's names, arguments, slots, which all threads share)
Ref fill_local(Args args) {
  ok(PyDict_Update(names_of(args[0]).get(), item(args[1], 0)));
  set_arguments(args[0], item(args[1], 1));
  if (PyTuple_GET_SIZE(args[1]) > 2)
    restore_instance_state(args[0], pack(Py_None, item(args[1], 2), Py_False).get());
  return none();
}
const Rebuilder set_local{"thread_local.state", guarded<fill_local>};

PyTypeObject* type_object(const Ref& type) { return reinterpret_cast<PyTypeObject*>(type.get()); }

}  // namespace

Ref reduce_local(Saver& saver, PyObject* local, Rule& rule) {
  rule.layout.slots = layout_of(rule.type).slots;
  const Ref names = own(PyDict_Copy(names_of(local).get()));
  const Ref slots = Ref::borrow(item(instance_state(saver, local, rule), 1));
  return reduced(make_local, pack(rule.type), pack(names, arguments_of(local), slots), set_local);
}

bool is_local_type(PyTypeObject* type) { return PyType_IsSubtype(type, local_type()) != 0; }

Ref called_apart(const Ref& callable) { return call_method(own(PyContext_New()), "run", callable); }

Ref context_items(const Ref& context) {
  const Ref items = own(PySequence_List(call_method(context, "items").get()));
  std::vector<std::pair<std::string, Ref>> named;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* pair = PyList_GET_ITEM(items.get(), i);
    const std::string name = utf8(attr(item(pair, 0), "name").get());
    named.emplace_back(name + " " + Py_TYPE(item(pair, 1))->tp_name, Ref::borrow(pair));
  }
  std::stable_sort(named.begin(), named.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const Ref sorted = new_list();
  for (const auto& [name, pair] : named) append(sorted, pair);
  return sorted;
}

Ref reduce_simple_queue(Saver&, PyObject* queue, Rule& rule) {
  const Ref items = new_list();
  for (long long i = integer(call_method(queue, "qsize").get()); i > 0; --i)
    append(items, call_method(queue, "get_nowait"));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i)
    call_method(queue, "put", PyList_GET_ITEM(items.get(), i));
  return reduced(make_queue, pack(rule.type), items, set_queue);
}

long long rlock_count(PyObject* lock) {
  if (!is_true(call_method(lock, "_is_owned"))) {
    const std::string shown = utf8(own(PyObject_Repr(lock)).get());
    if (shown.find("<unlocked") == std::string::npos)
      refuse("a reentrant lock that another thread holds");
    return 0;
  }
  // Its count is shown nowhere but in its repr(): <locked _thread.RLock object owner=1 count=2 ...
  const std::string shown = utf8(own(PyObject_Repr(lock)).get());
  const std::size_t place = shown.find("count=");
  if (place == std::string::npos) refuse("a reentrant lock of unknown count");
  return std::stoll(shown.substr(place + 6));
}

Ref reduce_weakref(Saver& saver, PyObject* reference, Rule& rule) {
  PyObject* object = referent(reference);
  const Py_hash_t hash = reinterpret_cast<PyWeakReference*>(reference)->hash;
  const Ref args = object       ? pack(rule.type, object, callback_of(reference))
                   : hash == -1 ? pack(rule.type, Py_None, Py_None)
                                : pack(rule.type, Py_None, Py_None, number(hash));
  if (rule.type == &_PyWeakref_RefType) return reduced(make_weakref, args);
  return reduced(make_weakref, args, instance_state(saver, reference, rule), set_weakref);
}

bool is_weak_set_type(PyTypeObject* type) {
  const Ref weak_set = loaded_attr("_weakrefset", "WeakSet");
  return weak_set && weak_set.is(raw(type));
}

// Its constructor would be given a list of the members in the order of their addresses; the state
// has them as well, with the set that an iteration may be going through.
Ref reduce_weak_set(Saver& saver, PyObject* set, Rule& rule) {
  const Ref value = reduce_by_default(saver, set, rule);
  if (item(value, 0) != raw(rule.type)) return value;  // its __init__ has not ended: its raw state
  return pack(item(value, 0), no_args(), item(value, 2));
}

Ref reduce_thread_handle(Saver&, PyObject* handle, Rule&) {
  const bool done = is_true(call_method(handle, "is_done"));
  const Ref ident = attr(handle, "ident");
  // Running ones are refused elsewhere, unless they are to be started again.
  return reduced(make_thread_handle, pack(done ? ident : none()));
}

void add_sync_types(ExactTypes& types) {
  types[type_object(attr(import("_frozen_importlib"), "_ModuleLock"))] = reduce_module_lock;
  const Ref thread = import("_thread");
  types[type_object(attr(thread, "LockType"))] = reduce_lock;
  types[type_object(attr(thread, "RLock"))] = reduce_rlock;
  if (const Ref handle = attr_or_null(thread.get(), "_ThreadHandle"))  // from 3.13 on
    types[type_object(handle)] = reduce_thread_handle;
  types[&_PyWeakref_ProxyType] = reduce_proxy;
  types[&_PyWeakref_CallableProxyType] = reduce_proxy;
  types[&PyContextVar_Type] = reduce_context_variable;
  types[&PyContext_Type] = reduce_context;
  types[&PyContextToken_Type] = reduce_token;
}

}  // namespace chkpt::heap
