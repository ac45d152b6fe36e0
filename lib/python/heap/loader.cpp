// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/loader.hpp"

#include <algorithm>
#include <utility>
#include <cstring>

#include "python/frames/contexts.hpp"
#include "python/frames/objects.hpp"
#include "python/frames/stack.hpp"
#include "python/heap/addresses.hpp"
#include "python/heap/big_stack.hpp"
#include "python/heap/by_value.hpp"
#include "python/heap/call.hpp"
#include "python/heap/customs.hpp"
#include "python/heap/foreign.hpp"
#include "python/heap/found_keys.hpp"
#include "python/heap/fill_order.hpp"
#include "python/heap/compiled/global_libraries.hpp"
#include "python/heap/hashing.hpp"
#include "python/heap/ignored_exceptions.hpp"
#include "python/heap/kept_hashes.hpp"
#include "python/heap/modules/library_globals.hpp"
#include "python/heap/modules/loaded_modules.hpp"
#include "python/heap/modules/module_copies.hpp"
#include "python/heap/names_to_come.hpp"
#include "python/heap/modules/module_entries.hpp"
#include "python/heap/open_files/open_file.hpp"
#include "python/heap/compiled/original_arrays.hpp"
#include "python/heap/pickle_types.hpp"
#include "python/heap/rebuilder.hpp"
#include "python/heap/raw_state.hpp"
#include "python/heap/reducers.hpp"
#include "python/heap/modules/import_directory.hpp"
#include "python/heap/modules/import_environment.hpp"
#include "python/heap/modules/unseen_imports.hpp"
#include "python/heap/language/weak_containers.hpp"

namespace chkpt::heap {
namespace {

Loader* active = nullptr;

PyObject* expect_list(PyObject* object) {
  if (!object || !PyList_Check(object)) broken("the saved state has an unknown layout");
  return object;
}

PyObject* expect(PyObject* dict, const char* key) {
  PyObject* value = find(dict, key);
  if (!value) broken(std::string("the saved state lacks '") + key + "'");
  return value;
}

// Collections during a load would only walk half-made objects again and again. They stay off until
// the script's own setting is back: what is garbage already must wait for its collector.
class NoCollection {
 public:
  NoCollection() : was_enabled_(PyGC_Disable() != 0) {}
  ~NoCollection() {
    if (was_enabled_) PyGC_Enable();
  }
  bool go_on() { return std::exchange(was_enabled_, false); }
  NoCollection(const NoCollection&) = delete;
  NoCollection& operator=(const NoCollection&) = delete;

 private:
  bool was_enabled_;
};

void restore_part(const ProcessPart& part, PyObject* states) {
  if (PyObject* state = find(states, part.name.c_str())) part.restore(state);
}

void restore_process(const Ref& states, bool collects) {
  if (collects && !find(states.get(), "gc")) PyGC_Enable();  // tracked mode
  try {
    for (const ProcessPart* part : process_parts())
      if (!part->for_files) restore_part(*part, states.get());
    ReopenedFiles::current().take_locks();
  } catch (const Raised&) {
    throw_pending_exception();
  }
}

void put_module_copies(const Ref& copies, const Ref& order) {
  if (!copies || PyList_GET_SIZE(copies.get()) == 0) return;
  try {
    restore_module_copies(copies.get());
    if (order) order_modules(expect_list(order.get()));
  } catch (const Raised&) {
    throw_pending_exception();
  }
}

// Brought back to life by their finalizers: those do not run again.
void mark_finalized(PyObject* objects) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(objects); ++i)
    if (PyObject_IS_GC(PyList_GET_ITEM(objects, i)))
      frames::mark_finalized(PyList_GET_ITEM(objects, i));
}

}  // namespace

Loader::Loader(std::vector<ByteView> stream, const std::vector<LoadedBuffer>& buffers)
    : stream_(std::move(stream)) {
  active = this;
  ReopenedFiles::begin_load();
  unpickler_ = make_unpickler(*this, stream_, buffers);
}

// What a load that failed has made stays: its finalizers would run code of the script, and remove
// temporary files that an older snapshot needs.
Loader::~Loader() {
  active = nullptr;
  if (!is_done_) (void)unpickler_.release();
}

Loader& Loader::current() {
  if (!active) broken("a rebuilder was called outside a load");
  return *active;
}

frames::ResumedStack& Loader::stack() {
  if (!stack_) broken("a saved generator belongs to a call stack that was not saved");
  return *stack_;
}

// ---- persistent ids

Ref Loader::deferred_container(PyObject* id) {
  Ref& container = deferred_[integer(item(id, 1))];
  if (container) return container;
  const std::string kind = utf8(item(id, 2));
  container = kind == "d"   ? new_dict()
              : kind == "z" ? unfilled_frozenset()
                            : own(PySet_New(nullptr));
  if (kind == "z") unfilled_[container.get()] = integer(item(id, 1));
  return container;
}

Ref Loader::frozen_set(PyObject* id) {
  Ref& made = frozensets_[integer(item(id, 1))];
  if (!made) {
    made = unfilled_frozenset();
    fill_set(made.get(), item(id, 2));
  }
  return made;
}

Ref Loader::not_a_number(PyObject* id) {
  Ref& made = nans_[integer(item(id, 1))];
  if (made) return made;
  const long long bits = integer(item(id, 2));
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  made = own(PyFloat_FromDouble(value));
  return made;
}

// Of what is there already, and may have been hashed; but frames and NaNs are new.
Ref Loader::hashed(PyObject* id) {
  Ref object = resolve(item(id, 1));
  const std::string tag = utf8(item(item(id, 1), 0));
  give_kept_hash(object.get(), item(id, 2), tag == "f" || tag == "N");
  return object;
}

Ref Loader::resolve(PyObject* id) {
  const std::string tag = utf8(item(id, 0));
  if (tag == "R") {
    const std::string name = utf8(item(id, 1));
    if (name == "null") return Ref::borrow(frames::null_marker());
    PyObject* function = rebuilder_function(name);
    if (!function) broken("this chkpt cannot rebuild objects of kind " + name);
    return Ref::borrow(function);
  }
  if (tag == kHashTag) return hashed(id);
  if (tag == "E") return Ref::borrow(item(id, 1));  // what an excluded object is replaced by
  if (tag == kAddressTag) return number_of_address(item(id, 1));
  if (tag == kPlaceTag) return number_of_place(item(id, 1));
  if (tag == kThreadTag) return number_of_this_thread();
  if (tag == "X") return deferred_container(id);
  if (tag == "N") return not_a_number(id);
  if (tag == "Z") return frozen_set(id);
  if (tag == "f") return stack().frame_object(static_cast<int>(integer(item(id, 1))));
  if (tag == "p") return library_object_at(pack(item(id, 1), item(id, 2)).get());
  if (tag == "w") return attr(resolve(item(id, 1)).get(), utf8(item(id, 2)).c_str());
  const bool by_value = tag == "M" || tag == "D";
  const Ref module =
      by_value ? own(PyImport_GetModule(item(id, 1))) : own(PyImport_Import(item(id, 1)));
  // PyImport_Import of a dotted name gives the leaf module.
  if (tag == "m" || tag == "M") return module;
  if (tag == "d" || tag == "D") return Ref::borrow(PyModule_GetDict(module.get()));
  if (tag == "s") {
    Ref found = find_qualified(module.get(), item(id, 2));
    if (!found) broken("module " + utf8(item(id, 1)) + " has no " + utf8(item(id, 2)) + " here");
    return found;
  }
  broken("unknown kind of persistent id: " + tag);
}

PyObject* Loader::persistent_load(PyObject* id) {
  if (PyUnicode_CheckExact(id)) return Py_NewRef(id);  // interned
  try {
    return resolve(id).release();
  } catch (...) {
    set_python_exception();
    return nullptr;
  }
}

// ---- the parts in order

void Loader::read_header() {
  const Ref header = call_method(unpickler_, "load");
  use_import_path(expect_list(find(header.get(), "path")));
  PyObject* environment = find(header.get(), "environment");
  begin_with_first_environment(environment);
  load_global_libraries(expect_list(find(header.get(), "libraries")));
  make_modules(expect_list(find(header.get(), "shells")));
  {
    const NamesToCome names(find(header.get(), "names"));
    import_modules(
        expect_list(find(header.get(), "imports")),
        {expect_list(find(header.get(), "draws")), environment, find(header.get(), "directories"),
         find(header.get(), "relative"), find(header.get(), "blocked")});
    continue_import_environment(environment);
    continue_import_directories(find(header.get(), "directories"));
  }
  module_order_ = Ref::borrow(find(header.get(), "order"));
  PyObject* stack = expect(header.get(), "stack");
  if (stack != Py_None) stack_ = std::make_unique<frames::ResumedStack>(stack);
}

void Loader::load_deferred() {
  for (;;) {
    const Ref batch = call_method(unpickler_, "load");
    if (batch.is(Py_None)) return;
    if (PyUnicode_Check(item(batch, 0))) {
      PyObject* content = item(batch, 1);
      const std::string kind = utf8(item(batch, 0));
      if (kind == kPutOff)
        restore_plain_state(item(content, 0), item(content, 1));
      else if (kind == kFinalized)
        mark_finalized(expect_list(content));
      else if (kind == kSharedMemory)
        memory_checks_ = Ref::borrow(expect_list(content));
      else if (kind == kWeakEntries)
        append(weak_entries_ ? weak_entries_ : (weak_entries_ = new_list()), Ref::borrow(content));
      else
        weak_members_ = Ref::borrow(expect_list(content));
      continue;
    }
    const long long first = integer(item(batch, 0));
    PyObject* contents = expect_list(item(batch, 1));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(contents); ++i)
      contents_[first + i] = Ref::borrow(PyList_GET_ITEM(contents, i));
  }
}

// A frozenset is hashed for good the first time somebody asks: it must be filled before that.
void Loader::fill_frozensets_in(PyObject* key) {
  if (PyTuple_CheckExact(key))
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); ++i)
      fill_frozensets_in(PyTuple_GET_ITEM(key, i));
  const auto found = unfilled_.find(key);
  if (found == unfilled_.end()) return;
  const long long index = found->second;
  unfilled_.erase(found);
  PyObject* table = item(contents_.at(index), 3);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(table); ++i)
    fill_frozensets_in(PyList_GET_ITEM(table, i));
  fill(index);
}

void Loader::fill(long long index) {
  const auto found = deferred_.find(index);
  if (found == deferred_.end()) return;
  PyObject* container = found->second.get();
  const Ref& content = contents_.at(index);
  if (!PyDict_Check(container)) {
    fill_set(container, content.get());
    return;
  }
  // Keys that say by now that they equal each other did not when they were put in.
  ok(frames::dict_put(container, content.get()));
  if (PyDict_GET_SIZE(container) < PyList_GET_SIZE(content.get()))
    broken("a dict has lost entries: its keys compare in another way than before");
}

// A frozenset that is not filled yet does not tell what will be in it.
bool Loader::leads_to_unfilled(PyObject* key) const {
  if (PyTuple_CheckExact(key))
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); ++i)
      if (leads_to_unfilled(PyTuple_GET_ITEM(key, i))) return true;
  return unfilled_.count(key) != 0;
}

bool Loader::is_late_content(PyObject* container, PyObject* content) const {
  if (PyDict_Check(container)) return true;
  PyObject* table = item(content, 3);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(table); ++i) {
    PyObject* key = PyList_GET_ITEM(table, i);
    if (needs_late_hash(key) || leads_to_unfilled(key)) return true;
  }
  return false;
}

void Loader::when_keys_can_be_hashed(PyObject* instance, PyObject* keys,
                                     std::function<void()> fill) {
  instances_.emplace_back(Ref::borrow(instance), Ref::borrow(keys));
  unfilled_instances_[instance] = std::move(fill);
}

void Loader::fill_instance(PyObject* instance) {
  const auto found = unfilled_instances_.find(instance);
  if (found == unfilled_instances_.end()) return;
  const std::function<void()> fill = std::move(found->second);
  unfilled_instances_.erase(found);
  fill();
}

// A key in Python code may hash a frozenset that it has, or an instance of a class that derives
// from a container, however deep: then that one is filled first.
class Loader::FillsWhatIsHashed {
 public:
  explicit FillsWhatIsHashed(Loader* loader) {
    loader_ = loader;
    take_over(&PyFrozenSet_Type);
    for (const auto& [instance, keys] : loader->instances_) take_over(Py_TYPE(instance.get()));
  }
  ~FillsWhatIsHashed() {
    for (const auto& [type, hash] : hashes_) type->tp_hash = hash;
    hashes_.clear();
  }
  FillsWhatIsHashed(const FillsWhatIsHashed&) = delete;
  FillsWhatIsHashed& operator=(const FillsWhatIsHashed&) = delete;

 private:
  static void take_over(PyTypeObject* type) {
    if (type->tp_hash != hash_filled) hashes_[type] = std::exchange(type->tp_hash, hash_filled);
  }
  static Py_hash_t hash_filled(PyObject* object) {
    try {
      loader_->fill_frozensets_in(object);
      loader_->fill_instance(object);
    } catch (...) {
      set_python_exception();
      return -1;
    }
    return hash_of(Py_TYPE(object))(object);
  }
  // A class that a __hash__ makes meanwhile has inherited what stands there now.
  static hashfunc hash_of(PyTypeObject* type) {
    while (type && hashes_.count(type) == 0) type = type->tp_base;
    return type ? hashes_.at(type) : PyObject_HashNotImplemented;
  }
  static inline Loader* loader_ = nullptr;
  static inline std::unordered_map<PyTypeObject*, hashfunc> hashes_;
};

// Sets with simple elements first, because the hash of an object may depend on them; then
// whatever has other keys, frozensets before what may hold them.
void Loader::fill_deferred() {
  const FillsWhatIsHashed filling(this);
  FillOrder order;
  std::vector<long long> late;
  for (const auto& [index, content] : contents_) {
    const auto found = deferred_.find(index);
    if (found == deferred_.end()) continue;
    PyObject* container = found->second.get();
    if (unfilled_.count(container))
      order.add(container, content.get(), [=] { fill_frozensets_in(container); });
    else if (is_late_content(container, content.get()))
      late.push_back(index);
    else
      fill(index);
  }
  // Those that were met inside others first, where nothing else tells.
  std::sort(late.rbegin(), late.rend());
  for (const long long index : late)
    order.add(deferred_.at(index).get(), contents_.at(index).get(), [=] { fill(index); });
  for (const auto& [instance, keys] : instances_)
    order.add(instance.get(), keys.get(), [this, one = instance.get()] { fill_instance(one); });
  order.fill_all();
  for (const std::function<void()>& work : fills_) work();
}

void Loader::restore_registrations(PyObject* pairs) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(pairs); ++i) {
    PyObject* pair = PyList_GET_ITEM(pairs, i);
    call_method(import("_abc"), "_abc_register", item(pair, 0), item(pair, 1));
  }
}

void acquire_library_locks(PyObject* locks) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(locks); ++i) {
    PyObject* lock = PyList_GET_ITEM(locks, i);
    for (long long k = integer(item(lock, 1)); k > 0; --k)
      call_method(Ref::borrow(item(lock, 0)), "acquire", boolean(false));
  }
}

void Loader::expect_all_found() const {
  for (const auto& [index, container] : deferred_) expect_keys_found(container.get());
  for (const auto& [instance, keys] : instances_)
    if (PyAnySet_Check(instance.get()) || PyDict_Check(instance.get()))
      expect_keys_found(instance.get());
}

Loaded Loader::run() {
  NoCollection quiet;
  call_method(unpickler_, "load");  // interned strings: from now on in the memo
  read_header();
  const IgnoredExceptions ignored;
  frames::ContextApart apart;
  call_method(unpickler_, "load");  // strings of library modules, likewise
  const Ref body = call_method(unpickler_, "load");
  fill_modules(expect_list(expect(body.get(), "modules")));
  load_deferred();
  fill_deferred();
  restore_module_entries(expect_list(expect(body.get(), "entries")));
  restore_registrations(expect_list(expect(body.get(), "registrations")));
  if (PyObject* types = find(body.get(), "own pickling")) let_types_pickle(expect_list(types));
  acquire_library_locks(expect_list(expect(body.get(), "locks")));
  give_module_classes(expect_list(expect(body.get(), "modules")));
  if (PyObject* given = find(body.get(), "module classes")) give_module_classes(expect_list(given));
  if (stack_) stack_->fill(expect(body.get(), "frames"));
  if (module_order_) order_modules(expect_list(module_order_.get()));
  if (weak_members_) restore_weak_members(weak_members_.get());
  if (weak_entries_) restore_weak_entries(weak_entries_.get());
  for (const std::function<void()>& work : late_) work();
  if (memory_checks_) check_shared_memory(memory_checks_.get());
  apart.leave();
  PyObject* process = expect(body.get(), "process");
  for (const ProcessPart* part : process_parts())
    if (part->for_files) restore_part(*part, process);
  for (const std::function<void()>& open : with_codecs_) open();
  for (const std::function<void()>& work : by_script_) work();
  ignored.expect_none();
  if (is_rehearsal()) expect_all_found();
  Loaded loaded;
  loaded.stack = std::move(stack_);
  loaded.base_exception = Ref::borrow(expect(body.get(), "base_exception"));
  loaded.extra = Ref::borrow(expect(body.get(), "extra"));
  // Copies of library modules last: until then their names lead to what imports have made.
  loaded.finish = [states = Ref::borrow(process), collects = quiet.go_on(),
                   copies = Ref::borrow(find(body.get(), "copies")), order = module_order_,
                   targets = weak_targets_]() mutable {
    restore_process(states, collects);
    states = Ref();
    put_module_copies(copies, order);
    targets->leave_to_collector();
  };
  is_done_ = true;
  return loaded;
}

Loaded load(const std::vector<ByteView>& stream, const std::vector<LoadedBuffer>& buffers) {
  Loaded loaded;
  on_big_stack([&] {
    const UnseenImports imports;  // the loader begins with one
    auto loader = std::make_unique<Loader>(stream, buffers);
    try {
      loaded = loader->run();
    } catch (const Raised&) {
      // Half of the script's objects stay for ever: their finalizers would remove its files.
      static_cast<void>(loader.release());
      throw_pending_exception();
    }
  });
  return loaded;
}

}  // namespace chkpt::heap
