// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/diagnose.hpp"

#include <deque>
#include <unordered_map>

#include "python/frames/objects.hpp"
#include "python/heap/call.hpp"
#include "python/heap/named_parts.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

constexpr std::size_t kMostObjects = 3'000'000;
constexpr std::size_t kLongestKey = 40;
constexpr std::size_t kLongestPathHalf = 8;
constexpr int kCodeUnitBytes = 2;

struct Origin {
  PyObject* parent;   // null: a root
  std::string label;  // what is appended to the parent's path
  std::string place;  // roots: "fit.py:31"
};

// Whose repr() runs nothing of the script's.
bool is_simple_key(PyObject* key) {
  if (!PyTuple_CheckExact(key))
    return PyUnicode_Check(key) || PyLong_CheckExact(key) || PyFloat_CheckExact(key) ||
           PyBool_Check(key) || PyBytes_CheckExact(key) || key == Py_None;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); ++i)
    if (!is_simple_key(PyTuple_GET_ITEM(key, i))) return false;
  return true;
}

std::string short_repr(PyObject* key) {
  if (!is_simple_key(key)) return "...";
  const Ref shown = Ref::steal(PyObject_Repr(key));
  if (!shown) PyErr_Clear();
  const std::string text = shown ? utf8(shown.get()) : "...";
  return text.size() > kLongestKey ? text.substr(0, kLongestKey) + "..." : text;
}

std::string type_name(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  const std::string qualified = type->tp_name;
  if (!(type->tp_flags & Py_TPFLAGS_HEAPTYPE) || !frames::is_python_class(type)) return qualified;
  PyObject* module = find(type->tp_dict, "__module__");
  const std::string prefix = module && PyUnicode_Check(module) ? utf8(module) + "." : "";
  return prefix + utf8(reinterpret_cast<PyHeapTypeObject*>(type)->ht_qualname);
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string place_of_frame(PyObject* frame) {
  auto* code = reinterpret_cast<PyCodeObject*>(PyList_GET_ITEM(frame, frames::kCode));
  const auto next = static_cast<int>(PyLong_AsLong(PyList_GET_ITEM(frame, frames::kNext)));
  const int unit = next > 0 ? next - 1 : 0;
  const int line = PyCode_Addr2Line(code, unit * kCodeUnitBytes);
  return base_name(utf8(code->co_filename)) + ":" + std::to_string(line);
}

bool leads_nowhere(PyObject* object) {
  return object == Py_None || PyBool_Check(object) || PyLong_CheckExact(object) ||
         PyFloat_CheckExact(object) || PyUnicode_CheckExact(object);
}

// Breadth first from the script's variables, so that the path found is a shortest one.
class Search {
 public:
  Search(Saver& saver, PyObject* target) : saver_(saver), target_(target) {}

  // "path" at "place"; empty if the object is not reached.
  std::string run(const Ref& body) {
    add_roots(body);
    for (std::size_t count = 0; !queue_.empty() && count < kMostObjects; ++count) {
      PyObject* object = queue_.front();
      queue_.pop_front();
      if (object == target_) return path_to(object);
      try {
        add_children(object);
      } catch (const Raised&) {
        PyErr_Clear();
      }
    }
    return "";
  }
  const std::string& place() const { return place_; }
  const std::vector<Ref>& way() const { return way_; }

 private:
  void add(PyObject* parent, const std::string& label, PyObject* object,
           const std::string& place = "") {
    if (!object || (object != target_ && leads_nowhere(object))) return;
    if (saver_.is_registered(object) && object != target_) return;
    if (!origins_.emplace(object, Origin{parent, label, place}).second) return;
    keep_.push_back(Ref::borrow(object));
    queue_.push_back(object);
  }

  void add_roots(const Ref& body) {
    if (const frames::StackState* stack = saver_.request().stack)
      for (Py_ssize_t i = PyList_GET_SIZE(stack->frames.get()); i-- > 0;)
        add_frame(PyList_GET_ITEM(stack->frames.get(), i));
    for (const Saver::ModuleEntry& entry : saver_.by_value_modules()) add_module(entry);
    if (!body) return;
    if (PyObject* copies = find(body.get(), "copies")) add_copies(copies);
    if (PyObject* extra = find(body.get(), "extra")) add(nullptr, "<saved>", extra);
    if (PyObject* parts = find(body.get(), "process")) {
      PyObject *name = nullptr, *state = nullptr;
      Py_ssize_t position = 0;
      while (PyDict_Next(parts, &position, &name, &state))
        add(nullptr, "<" + utf8(name) + " state>", state);
    }
  }

  // Library modules by value, which nothing else need lead to.
  void add_copies(PyObject* copies) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(copies); ++i) {
      PyObject* copy = PyList_GET_ITEM(copies, i);
      add(nullptr, "sys.modules['" + utf8(item(copy, 0)) + "']", item(copy, 1));
    }
  }

  void add_frame(PyObject* frame) {
    auto* code = reinterpret_cast<PyCodeObject*>(PyList_GET_ITEM(frame, frames::kCode));
    const std::string function = utf8(code->co_qualname), place = place_of_frame(frame);
    PyObject* locals = PyList_GET_ITEM(frame, frames::kLocals);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(locals); ++i)
      add(nullptr, function + ".<locals>." + utf8(PyTuple_GET_ITEM(code->co_localsplusnames, i)),
          PyList_GET_ITEM(locals, i), place);
    if (function == "<module>") module_places_[utf8(code->co_filename)] = place;
    stacks_.emplace_back(frame, function + ".<value in use>");
  }

  void add_module(const Saver::ModuleEntry& entry) {
    if (entry.alias_of) return;
    const std::string name = utf8(entry.name.get());
    PyObject* dict = PyModule_GetDict(entry.module.get());
    PyObject* file = find(dict, "__file__");
    const std::string path = file && PyUnicode_Check(file) ? utf8(file) : "";
    const auto running = module_places_.find(path);
    const std::string place = running != module_places_.end() ? running->second : base_name(path);
    PyObject *key = nullptr, *value = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(dict, &position, &key, &value))
      if (PyUnicode_Check(key) && !saver_.excluded_name(entry.name.get(), key))
        add(nullptr, name + "." + utf8(key), value, place);
    // Values on the evaluation stacks come last: most have a name as well.
    for (const auto& [frame, label] : stacks_) {
      PyObject* stack = PyList_GET_ITEM(frame, frames::kStack);
      for (Py_ssize_t i = 0; i < PyList_GET_SIZE(stack); ++i)
        add(nullptr, label, PyList_GET_ITEM(stack, i), place_of_frame(frame));
    }
    stacks_.clear();
  }

  void add_mapping(PyObject* owner, PyObject* dict, bool attributes) {
    PyObject *key = nullptr, *value = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(dict, &position, &key, &value)) {
      const bool named = attributes && PyUnicode_Check(key);
      add(owner, named ? "." + utf8(key) : "[" + short_repr(key) + "]", value);
      if (!attributes) add(owner, ".<key " + short_repr(key) + ">", key);
    }
  }

  void add_function(PyObject* object) {
    auto* function = reinterpret_cast<PyFunctionObject*>(object);
    const Ref free_names =
        own(PyCode_GetFreevars(reinterpret_cast<PyCodeObject*>(function->func_code)));
    PyObject* names = free_names.get();
    for (Py_ssize_t i = 0; function->func_closure && i < PyTuple_GET_SIZE(names); ++i) {
      PyObject* cell = PyTuple_GET_ITEM(function->func_closure, i);
      add(object, ".<closure>." + utf8(PyTuple_GET_ITEM(names, i)), PyCell_GET(cell));
    }
    add(object, ".__defaults__", function->func_defaults);
    add(object, ".__kwdefaults__", function->func_kwdefaults);
    add(object, ".__dict__", function->func_dict);
    add(object, ".__globals__", function->func_globals);
  }

  void add_instance(PyObject* object) {
    if (frames::is_python_class(Py_TYPE(object)))
      for (const Slot& slot : layout_of(Py_TYPE(object)).slots)
        add(object, std::string(".") + slot.name, slot_value(object, slot));
    if (!has_dict(Py_TYPE(object))) return;
    if (const Ref dict = instance_dict(object)) add_mapping(object, dict.get(), true);
  }

  // A class that no name leads to is saved with the first of its instances.
  void add_class(PyObject* object) {
    if (saver_.by_value().type(Py_TYPE(object))) add(object, ".__class__", raw(Py_TYPE(object)));
  }

  void add_children(PyObject* object) {
    if (PyObject* value = saver_.custom_value(object)) return add(object, ".<saved>", value);
    if (PyFunction_Check(object)) return add_function(object);
    if (PyType_Check(object)) {
      auto* type = reinterpret_cast<PyTypeObject*>(object);
      if (!saver_.by_value().type(type)) return;
      add_mapping(object, type->tp_dict, true);
      return add(object, ".__bases__", type->tp_bases);
    }
    add_instance(object);
    add_class(object);
    if (PyDict_Check(object)) add_mapping(object, object, false);
    if (PyList_Check(object) || PyTuple_Check(object)) {
      for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(object); ++i)
        add(object, "[" + std::to_string(i) + "]", PySequence_Fast_GET_ITEM(object, i));
      return;
    }
    if (PyDict_Check(object)) return;
    each_named_part(object,
                    [&](const std::string& label, PyObject* part) { add(object, label, part); });
    add_referents(object);
  }

  // Whatever else the object holds, in words that a reader may recognise.
  void add_referents(PyObject* object) {
    if (!Py_TYPE(object)->tp_traverse || !PyObject_IS_GC(object)) return;
    for (PyObject* referent : referents(object))
      if (!PyType_Check(referent) && !PyModule_Check(referent))
        add(object, std::string(".<") + Py_TYPE(object)->tp_name + ">", referent);
  }

  std::string path_to(PyObject* object) {
    std::vector<const std::string*> labels;  // the last one first
    for (PyObject* at = object; at;) {
      const Origin& origin = origins_.at(at);
      labels.push_back(&origin.label);
      way_.push_back(Ref::borrow(at));
      if (!origin.parent) place_ = origin.place;
      at = origin.parent;
    }
    std::string path;
    for (std::size_t i = labels.size(); i-- > 0;) {
      if (labels.size() > 2 * kLongestPathHalf && i == labels.size() - 1 - kLongestPathHalf) {
        path += "...(" + std::to_string(labels.size() - 2 * kLongestPathHalf) + " steps)...";
        i = kLongestPathHalf;
        continue;
      }
      path += *labels[i];
    }
    return path;
  }

  Saver& saver_;
  PyObject* target_;
  std::unordered_map<PyObject*, Origin> origins_;
  std::unordered_map<std::string, std::string> module_places_;
  std::vector<std::pair<PyObject*, std::string>> stacks_;
  std::deque<PyObject*> queue_;
  std::vector<Ref> keep_;
  std::string place_;
  std::vector<Ref> way_;
};

}  // namespace

namespace {

// "`__main__.grid` at fit.py:31", by any of the names of its memory.
std::string name_of_memory(Saver& saver, const Ref& body, PyObject* owner) {
  for (PyObject* array : saver.memory().arrays_of(owner)) {
    Search search(saver, array);
    std::string path = search.run(body);
    if (path.empty()) continue;
    return "`" + path + "`" + (search.place().empty() ? "" : " at " + search.place());
  }
  return std::string("a ") + Py_TYPE(owner)->tp_name + " elsewhere";
}

}  // namespace

Failure explain_failure(Saver& saver, const Ref& body) {
  std::string reason = take_exception_text();
  if (!saver.refusal().empty()) reason = saver.refusal();
  PyObject* culprit = saver.last_reduced();
  if (!culprit) return {reason, {}};
  Search search(saver, culprit);
  std::string path;
  try {
    path = search.run(body);
    if (PyObject* owner = saver.refused_for())
      reason = "it works in the memory of " + name_of_memory(saver, body, owner) + ", of which " +
               reason;
  } catch (const Raised&) {
    PyErr_Clear();
  }
  std::string text = "`" + (path.empty() ? "" : path + " -> ") + "<" + type_name(culprit) + ">`";
  if (!search.place().empty()) text += " at " + search.place();
  return {text + ": " + reason, search.way()};
}

}  // namespace chkpt::heap
