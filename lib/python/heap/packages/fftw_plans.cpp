// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/packages/fftw_plans.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/loaded_images.hpp"
#include "base/text.hpp"
#include "python/error.hpp"
#include "python/heap/call.hpp"
#include "python/heap/packages/numpy_arrays.hpp"
#include "python/heap/recipes.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// ---- how they are made

std::unordered_map<PyTypeObject*, newfunc>& originals() {
  static auto* const all = new std::unordered_map<PyTypeObject*, newfunc>;
  return *all;
}

newfunc original_of(PyTypeObject* type) {
  for (; type; type = type->tp_base) {
    const auto found = originals().find(type);
    if (found != originals().end()) return found->second;
  }
  return nullptr;
}

PyObject* make_plan(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  PyObject* plan = original_of(type)(type, arguments, keywords);
  if (!plan) return nullptr;
  const PendingException pending;
  try {
    keep_recipe(plan, {Ref::borrow(raw(type)), Ref::borrow(arguments),
                       keywords ? own(PyDict_Copy(keywords)) : new_dict()});
  } catch (...) {
    PyErr_Clear();  // without a recipe it is refused
  }
  return plan;
}

// ---- wisdom

struct Precision {
  const char *export_all, *import_all;
};
constexpr Precision kPrecisions[] = {
    {"fftw_export_wisdom_to_string", "fftw_import_wisdom_from_string"},
    {"fftwf_export_wisdom_to_string", "fftwf_import_wisdom_from_string"},
    {"fftwl_export_wisdom_to_string", "fftwl_import_wisdom_from_string"}};

// In whichever of the loaded libraries it is; null: in none.
void* find_function(const char* name) {
  const std::vector<void*> found = functions_named(
      name, [](const std::string& path) { return path.find("libfftw3") != std::string::npos; });
  return found.empty() ? nullptr : found.front();
}

// Its lines, one a plan, come in the order of FFTW's hash table, which says nothing and is another
// one after a load: without it equal wisdom is equal text.
std::string in_fixed_order(const std::string& text) {
  std::vector<std::string> lines;
  std::stringstream all(text);
  for (std::string line; std::getline(all, line);) lines.push_back(line);
  const auto is_plan = [](const std::string& line) { return line.rfind("  (", 0) == 0; };
  const auto first = std::find_if(lines.begin(), lines.end(), is_plan);
  std::sort(first, std::find_if_not(first, lines.end(), is_plan));
  std::string sorted;
  for (const std::string& line : lines) sorted += line + '\n';
  return sorted;
}

// (bytes | None for each precision)
Ref wisdom() {
  const Ref all = new_list();
  for (const Precision& precision : kPrecisions) {
    auto* const export_all = reinterpret_cast<char* (*)()>(find_function(precision.export_all));
    const std::unique_ptr<char, decltype(&std::free)> text(export_all ? export_all() : nullptr,
                                                           &std::free);
    append(all, text ? own(PyBytes_FromString(in_fixed_order(text.get()).c_str())) : none());
  }
  return own(PyList_AsTuple(all.get()));
}

void take_wisdom(PyObject* all) {
  Py_ssize_t i = 0;
  for (const Precision& precision : kPrecisions) {
    PyObject* text = item(all, i++);
    auto* const import_all =
        reinterpret_cast<int (*)(const char*)>(find_function(precision.import_all));
    if (text != Py_None && import_all) import_all(PyBytes_AsString(text));
  }
}

// ---- saving and loading

// Planning may write to the arrays.
struct Contents {
  std::vector<std::pair<Ref, Ref>> copies;
  void add(PyObject* argument) {
    if (is_array(argument))
      copies.emplace_back(Ref::borrow(argument), call_method(argument, "copy", text("K")));
  }
  void put_back() const {
    for (const auto& [array, copy] : copies) call_method(import("numpy"), "copyto", array, copy);
  }
};

// (type, arguments, keywords, wisdom)
Ref rebuild_plan(Args args) {
  take_wisdom(args[3]);
  Contents contents;
  for (Py_ssize_t i = 0; i < PyTuple_Size(args[1]); ++i) contents.add(item(args[1], i));
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(args[2], &at, &name, &value);) contents.add(value);
  Ref plan = call_with(args[0], args[1], args[2]);
  contents.put_back();
  return plan;
}
const Rebuilder make_again{"fftw.plan", guarded<rebuild_plan>};

// A plan may have been given other arrays since.
Ref array_now(PyObject* plan, PyObject* made_for, const char* name) {
  return is_array(made_for) ? attr(plan, name) : Ref::borrow(made_for);
}

constexpr const char* kArrays[] = {"input_array", "output_array"};

Ref arguments_now(PyObject* plan, PyObject* arguments) {
  const Ref now = own(PySequence_List(arguments));
  for (Py_ssize_t i = 0; i < 2 && i < PyList_GET_SIZE(now.get()); ++i)
    ok(PyList_SetItem(now.get(), i, array_now(plan, item(arguments, i), kArrays[i]).release()));
  return own(PyList_AsTuple(now.get()));
}

Ref keywords_now(PyObject* plan, PyObject* keywords) {
  Ref now = own(PyDict_Copy(keywords));
  for (const char* name : kArrays)
    if (PyObject* made_for = find(keywords, name)) put(now, name, array_now(plan, made_for, name));
  return now;
}

}  // namespace

void watch_fftw_plans(PyObject* module) {
  PyObject* names = PyModule_GetDict(module);
  PyObject* given = find(names, "__name__");
  if (!given || !PyUnicode_Check(given)) return;
  const std::string name = utf8(given);
  const bool of_mpi4py = begins_with(name, "mpi4py_fft.fftw.fftw") && ends_with(name, "_xfftn");
  if (!of_mpi4py && name != "pyfftw.pyfftw") return;
  PyObject* found = find(names, of_mpi4py ? "FFT" : "FFTW");
  if (!found || !PyType_Check(found)) return;
  auto* type = reinterpret_cast<PyTypeObject*>(found);
  if (type->tp_new == make_plan) return;
  forget_recipes_of(type);
  originals()[type] = std::exchange(type->tp_new, make_plan);
}

Ref reduce_fftw_plan(Saver& saver, PyObject* plan, Rule&) {
  const Recipe* recipe = recipe_of(plan);
  if (!recipe) refuse("a plan of FFTW that chkpt has not seen made");
  static const char one_for_all = 0;
  return reduced(make_again, pack(recipe->maker, arguments_now(plan, recipe->arguments.get()),
                                  keywords_now(plan, recipe->keywords.get()),
                                  saver.first_for(&one_for_all, wisdom())));
}

}  // namespace chkpt::heap
