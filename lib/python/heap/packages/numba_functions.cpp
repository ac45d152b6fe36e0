// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/packages/numba_functions.hpp"

#include <cstdio>
#include <cstring>
#include <random>

#include "python/heap/call.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/packages/numpy_arrays.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// All below reads what numba keeps for itself, as it is in this version.
constexpr const char* kVersion = "0.56";

std::string version_of_numba() { return utf8_attr(import("numba").get(), "__version__"); }

Ref refuse_version(Saver&, PyObject*, Rule&) {
  refuse("a compiled function of numba " + version_of_numba() + " (those of numba " + kVersion +
         " can be saved)");
}

bool is_known_version() {
  const std::string version = version_of_numba(), known = std::string(kVersion) + ".";
  return version.compare(0, known.size(), known) == 0;
}

// ---- compiled code, as numba's cache has it

constexpr const char* kSavedCode = "_chkpt_saved";  // of a library of compiled code, once saved

// FunctionDescriptor: what only the compiler needs, which cannot be pickled, is left out meanwhile.
class WithoutTypes {
 public:
  explicit WithoutTypes(Ref descriptor) : descriptor_(std::move(descriptor)) {
    for (int i = 0; i < 2; ++i) {
      kept_[i] = attr(descriptor_, kNames[i]);
      set_attr(descriptor_.get(), kNames[i], Py_None);
    }
  }
  ~WithoutTypes() {
    const PendingException pending;
    for (int i = 0; i < 2; ++i)
      if (PyObject_SetAttrString(descriptor_.get(), kNames[i], kept_[i].get()) < 0) PyErr_Clear();
  }
  WithoutTypes(const WithoutTypes&) = delete;
  WithoutTypes& operator=(const WithoutTypes&) = delete;

 private:
  static constexpr const char* kNames[] = {"typemap", "calltypes"};
  Ref descriptor_, kept_[2];
};

// The optimized code of LLVM, from which the same version of it makes the same machine code again.
// Of what numba has read from its cache on disk, the code that others would be linked with.
Ref instructions_of(const Ref& library) {
  if (!truth_of(library.get(), "_object_caching_enabled"))
    return call_method(library, "serialize_using_bitcode");
  const Ref module = call_method(library, "_get_module_for_linking");
  return pack(attr(library, "name"), text("bitcode"), call_method(module, "as_bitcode"));
}

// Those that code refers to can be read off its module, unless it came from numba's cache on disk.
Ref environments_of(const Ref& compiled) {
  Ref found = own(PySequence_Tuple(call_method(compiled, "_find_referenced_environments").get()));
  const Ref known = attr(compiled, "referenced_envs");
  return PyTuple_GET_SIZE(found.get()) > 0 || !is_true(known) ? found
                                                              : own(PySequence_Tuple(known.get()));
}

// The arguments of CompileResult._rebuild, pickled by numba. The same for as long as the code
// lives: what is written from code that was read again is not the same to the byte.
Ref code_of(const Ref& compiled) {
  const Ref library = attr(compiled, "library"), members = attr(library, "__dict__");
  if (PyObject* saved = find(members.get(), kSavedCode)) return Ref::borrow(saved);
  if (truth_of(library.get(), "has_dynamic_globals"))
    refuse("a function that numba has compiled with addresses of this process in it");
  if (is_true(attr(compiled, "lifted")) || is_true(attr(compiled, "objectmode")))
    refuse("a function that numba has compiled in object mode");
  const Ref descriptor = attr(compiled, "fndesc");
  const WithoutTypes without(descriptor);
  const Ref parts =
      pack(instructions_of(library), descriptor, attr(compiled, "environment"),
           attr(compiled, "signature"), attr(compiled, "objectmode"), attr(compiled, "lifted"),
           own(PyObject_Str(attr(compiled, "type_annotation").get())),
           attr(compiled, "reload_init"), environments_of(compiled));
  const Ref code = call_method(import("numba.core.serialize"), "dumps", parts);
  put(members, kSavedCode, code);
  return code;
}

Ref codes_of(const Ref& overloads) {
  const Ref codes = new_list(), all = own(PySequence_List(call_method(overloads, "values").get()));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(all.get()); ++i)
    append(codes, code_of(Ref::borrow(PyList_GET_ITEM(all.get(), i))));
  return codes;
}

Ref compiled_from(PyObject* code, const Ref& context) {
  // What numba does before it compiles anything, which this process has not done yet.
  call_method(import("numba.core.entrypoints"), "init_all");
  call_method(context, "refresh");
  const Ref parts = call_method(import("pickle"), "loads", code);
  const Ref all = pack(context);
  const Ref args = own(PySequence_Concat(all.get(), parts.get()));
  const Ref rebuild = attr(attr(import("numba.core.compiler"), "CompileResult"), "_rebuild");
  Ref compiled = call_with(rebuild.get(), args.get(), nullptr);
  put(attr(attr(compiled, "library"), "__dict__"), kSavedCode, Ref::borrow(code));
  return compiled;
}

Ref rebuild_shell(Args args) { return call(attr(args[0], "__new__"), args[0]); }
const Rebuilder make_shell{"numba.shell", guarded<rebuild_shell>};

// ---- functions of jit: (Python function, locals, options, kind, pipeline, number for life,
// whether it may compile, whether its cache on disk is in use, compiled code, attributes of the
// script's)

constexpr const char* kOwnAttributes[] = {"__annotations__",
                                          "__code__",
                                          "__defaults__",
                                          "__doc__",
                                          "__module__",
                                          "__name__",
                                          "__qualname__",
                                          "__wrapped__",
                                          "_cache",
                                          "_cache_hits",
                                          "_cache_misses",
                                          "_compiler",
                                          "_compiling_counter",
                                          "_impl_kind",
                                          "_required_target_backend",
                                          "_tm",
                                          "_type",
                                          "_types_active_call",
                                          "doc",
                                          "func_code",
                                          "locals",
                                          "overloads",
                                          "py_func",
                                          "targetctx",
                                          "targetoptions",
                                          "typingctx",
                                          "_MemoMixin__uuid"};

// Compiled code names functions that it was given as arguments by this.
Ref lasting_number(PyObject* function) {
  Ref known = attr(function, "_MemoMixin__uuid");
  if (!known.is(Py_None)) return known;
  std::random_device source;
  char fresh[48];
  std::snprintf(fresh, sizeof fresh, "chkpt-%08x%08x%08x%08x", source(), source(), source(),
                source());
  call_method(function, "_set_uuid", text(fresh));
  return text(fresh);
}

Ref attributes_of_script(PyObject* function) {
  Ref members = own(PyDict_Copy(attr(function, "__dict__").get()));
  for (const char* name : kOwnAttributes)
    if (find(members.get(), name)) ok(PyDict_DelItemString(members.get(), name));
  return members;
}

void make_function(PyObject* function, PyObject* state) {
  call_method(function, "__init__", item(state, 0), item(state, 1), item(state, 2), item(state, 3),
              item(state, 4));
  call_method(function, "_set_uuid", item(state, 5));
  if (is_true(item(state, 7))) call_method(function, "enable_caching");
  ok(PyDict_Update(attr(function, "__dict__").get(), item(state, 9)));
}

void put_code(PyObject* function, PyObject* state) {
  const Ref context = attr(function, "targetctx");
  PyObject* codes = item(state, 8);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(codes); ++i) {
    const Ref compiled = compiled_from(PyList_GET_ITEM(codes, i), context);
    call_method(context, "insert_user_function", attr(compiled, "entry_point"),
                attr(compiled, "fndesc"), pack(attr(compiled, "library")));
    call_method(function, "add_overload", compiled);
  }
  set_attr(function, "_can_compile", item(state, 6));
}

// First all functions, then their code, which refers to others.
Ref fill_function(Args args) {
  const Ref function = Ref::borrow(args[0]), state = Ref::borrow(args[1]);
  Loader::current().afterwards([function, state] { make_function(function.get(), state.get()); });
  Loader::current().by_script([function, state] { put_code(function.get(), state.get()); });
  return none();
}
const Rebuilder set_function{"numba.function.state", guarded<fill_function>};

Ref reduce_function(Saver&, PyObject* function, Rule& rule) {
  const Ref cache = attr(function, "_cache");
  const bool caches = std::strcmp(Py_TYPE(cache.get())->tp_name, "NullCache") != 0;
  const Ref state =
      pack(attr(function, "py_func"), attr(function, "locals"), attr(function, "targetoptions"),
           attr(function, "_impl_kind"), attr(attr(function, "_compiler"), "pipeline_class"),
           lasting_number(function), attr(function, "_can_compile"), boolean(caches),
           codes_of(attr(function, "overloads")), attributes_of_script(function));
  return reduced(make_shell, pack(rule.type), state, set_function);
}

// ---- functions of vectorize: (Python function, locals, options, identity, whether it may not
// compile, [compiled code], [its argument types])

PyObject* give_compiled(PyObject* compiled, PyObject*) { return Py_NewRef(compiled); }
PyMethodDef load_method = {"load_overload", give_compiled, METH_VARARGS, nullptr};

void make_ufunc(PyObject* ufunc, PyObject* state) {
  const Ref dispatcher = call_method(import("numba.np.ufunc.ufuncbuilder"), "UFuncDispatcher",
                                     item(state, 0), item(state, 1), item(state, 2));
  call_method(ufunc, "_initialize", dispatcher, item(state, 3));
}

void put_ufunc_code(PyObject* ufunc, PyObject* state) {
  const Ref dispatcher = attr(ufunc, "_dispatcher"), cache = attr(dispatcher, "cache");
  const Ref context = attr(attr(dispatcher, "targetdescr"), "target_context");
  PyObject* codes = item(state, 5);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(codes); ++i) {
    // add() asks the cache on disk before it compiles.
    const Ref compiled = compiled_from(PyList_GET_ITEM(codes, i), context);
    const Ref stand_in = call(attr(import("types"), "SimpleNamespace"));
    set_attr(stand_in.get(), "load_overload",
             own(PyCFunction_New(&load_method, compiled.get())).get());
    set_attr(dispatcher.get(), "cache", stand_in.get());
    call_method(ufunc, "add", PyList_GET_ITEM(item(state, 6), i));
  }
  set_attr(dispatcher.get(), "cache", cache.get());
  if (is_true(item(state, 4))) call_method(ufunc, "disable_compile");
}

Ref fill_ufunc(Args args) {
  const Ref ufunc = Ref::borrow(args[0]), state = Ref::borrow(args[1]);
  Loader::current().afterwards([ufunc, state] { make_ufunc(ufunc.get(), state.get()); });
  Loader::current().by_script([ufunc, state] { put_ufunc_code(ufunc.get(), state.get()); });
  return none();
}
const Rebuilder set_ufunc{"numba.ufunc.state", guarded<fill_ufunc>};

Ref reduce_ufunc(Saver&, PyObject* ufunc, Rule& rule) {
  const Ref dispatcher = attr(ufunc, "_dispatcher"), overloads = attr(dispatcher, "overloads");
  const Ref state =
      pack(attr(dispatcher, "py_func"), attr(dispatcher, "locals"),
           attr(dispatcher, "targetoptions"), attr(ufunc, "identity"), attr(ufunc, "_frozen"),
           codes_of(overloads), own(PySequence_List(overloads.get())));
  return reduced(make_shell, pack(rule.type), state, set_ufunc);
}

// ---- functions of guvectorize: (Python function, signature, identity, whether it caches on disk,
// whether it compiles when called, options, whether it may not, [compiled code], [its types])

void make_gufunc(PyObject* gufunc, PyObject* state) {
  call_method(gufunc, "__init__", item(state, 0), item(state, 1), item(state, 2), item(state, 3),
              item(state, 4), item(state, 5));
}

void put_gufunc_code(PyObject* gufunc, PyObject* state) {
  const Ref builder = attr(gufunc, "gufunc_builder");
  const Ref signatures = attr(builder, "_sigs"), compiled = attr(builder, "_cres");
  const Ref context = attr(attr(attr(builder, "nb_func"), "targetdescr"), "target_context");
  PyObject* codes = item(state, 7);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(codes); ++i) {
    PyObject* signature = PyList_GET_ITEM(item(state, 8), i);
    append(signatures, Ref::borrow(signature));
    ok(PyObject_SetItem(compiled.get(), signature,
                        compiled_from(PyList_GET_ITEM(codes, i), context).get()));
  }
  call_method(gufunc, "build_ufunc");
  set_attr(gufunc, "_frozen", item(state, 6));
}

Ref fill_gufunc(Args args) {
  const Ref gufunc = Ref::borrow(args[0]), state = Ref::borrow(args[1]);
  Loader::current().afterwards([gufunc, state] { make_gufunc(gufunc.get(), state.get()); });
  Loader::current().by_script([gufunc, state] { put_gufunc_code(gufunc.get(), state.get()); });
  return none();
}
const Rebuilder set_gufunc{"numba.gufunc.state", guarded<fill_gufunc>};

Ref reduce_gufunc(Saver&, PyObject* gufunc, Rule& rule) {
  const Ref builder = attr(gufunc, "gufunc_builder"), compiled = attr(builder, "_cres");
  if (attr(gufunc, "ufunc").is(Py_None)) refuse("numba is compiling a function");
  const Ref signatures = own(PySequence_List(attr(builder, "_sigs").get())), codes = new_list();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(signatures.get()); ++i)
    append(codes,
           code_of(own(PyObject_GetItem(compiled.get(), PyList_GET_ITEM(signatures.get(), i)))));
  const Ref state =
      pack(attr(builder, "py_func"), attr(builder, "signature"), attr(gufunc, "_identity"),
           attr(builder, "cache"), attr(gufunc, "_is_dynamic"), attr(builder, "targetoptions"),
           attr(gufunc, "_frozen"), codes, signatures);
  return reduced(make_shell, pack(rule.type), state, set_gufunc);
}

// ---- types: by what numba makes them of, without the number that they have in this process

Ref reduce_type(Saver& saver, PyObject* type, Rule& rule) {
  const Ref value = reduce_by_default(saver, type, rule);
  PyObject* args = item(value, 1);
  if (!PyTuple_Check(args) || PyTuple_GET_SIZE(args) != 3 || !PyDict_CheckExact(item(args, 2)))
    return value;
  const Ref members = own(PyDict_Copy(item(args, 2)));
  if (find(members.get(), "_code")) ok(PyDict_DelItemString(members.get(), "_code"));
  return pack(item(value, 0), pack(item(args, 0), item(args, 1), members));
}

bool is_type_of_numba(PyTypeObject* type) {
  const Ref base = loaded_attr("numba.core.types.abstract", "Type");
  return base && PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base.get())) != 0;
}

// ---- jitclasses

Ref refuse_jitclass(Saver&, PyObject*, Rule&) {
  refuse("a jitclass of numba, or an object of one");
}

bool is_jitclass_object_type(PyTypeObject* type) {
  for (PyTypeObject* base = type; base; base = base->tp_base)
    if (std::strcmp(base->tp_name, "_box.Box") == 0 ||
        std::strcmp(base->tp_name, "numba.experimental.jitclass._box.Box") == 0)
      return true;
  return false;
}

// What adds compiled code to a function of vectorize or guvectorize belongs to that function, which
// describes it. Alone it is met in a call that is adding some.
Ref refuse_builder(Saver&, PyObject*, Rule&) { refuse("numba is compiling a function"); }

bool is_builder_type(PyTypeObject* type) {
  for (const char* name : {"UFuncDispatcher", "_BaseUFuncBuilder"}) {
    const Ref base = loaded_attr("numba.np.ufunc.ufuncbuilder", name);
    if (base && PyType_IsSubtype(type, reinterpret_cast<PyTypeObject*>(base.get()))) return true;
  }
  return false;
}

Reduce function_rule(PyTypeObject* type) {
  if (loaded_attr("numba.core.registry", "CPUDispatcher").is(raw(type))) return reduce_function;
  if (loaded_attr("numba.np.ufunc.dufunc", "DUFunc").is(raw(type))) return reduce_ufunc;
  if (loaded_attr("numba.np.ufunc.gufunc", "GUFunc").is(raw(type))) return reduce_gufunc;
  return is_builder_type(type) ? refuse_builder : nullptr;
}

bool is_memory_of_numba(PyObject* object) {
  return std::strcmp(Py_TYPE(object)->tp_name, "_nrt_python._MemInfo") == 0;
}

}  // namespace

Reduce numba_rule(PyTypeObject* type) {
  if (!loaded_module("numba")) return nullptr;
  if (const Reduce function = function_rule(type))
    return is_known_version() ? function : refuse_version;
  if (loaded_attr("numba.experimental.jitclass.base", "JitClassType").is(raw(type)))
    return refuse_jitclass;
  if (is_type_of_numba(type)) return reduce_type;
  return is_jitclass_object_type(type) ? refuse_jitclass : nullptr;
}

// Without memory of its own, the owner knows the array; asked otherwise, numba 0.56 crashes.
Ref numba_parent(PyObject* array, PyObject* base) {
  if (!is_memory_of_numba(base) || integer(attr(array, "nbytes").get()) == 0) return Ref();
  Py_buffer view;
  ok(PyObject_GetBuffer(base, &view, PyBUF_SIMPLE));
  const Py_ssize_t size = view.len;
  PyBuffer_Release(&view);
  if (size > 0) return Ref();
  Ref parent = attr(base, "parent");
  return is_array(parent.get()) ? parent : Ref();
}

Ref numba_memory(PyObject* base) {
  if (PyMemoryView_Check(base)) base = PyMemoryView_GET_BASE(base);
  if (!base || !is_memory_of_numba(base)) return Ref();
  return call_method(import("numpy"), "frombuffer", base, numpy("uint8"));
}

}  // namespace chkpt::heap
