// SPDX-License-Identifier: BSD-3-Clause
#include <Python.h>

#include "python/heap/compiled/image_variables.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/text.hpp"

namespace chkpt::heap {
namespace {

// How the names of machinery begin; those in C++ after what demangling puts in front of them.
constexpr const char* kMachinery[] = {
    "__pyx_",       "__Pyx_",          "pybind11::",   "pybind11_module_def_",
    "nanobind::",   "boost::python::", "std::",        "__gnu_cxx::",
    "__cxxabiv1::", "pyo3::",          "core::",       "alloc::",
    "_cffi_",       "swig_",           "SWIG_",        "Swig_",
    "_swigt_",      "_swigc_",         "PyId_",  // SWIG; numbers of CPython's names
    "DW.ref.",      "completed.",      "__dso_handle", "__gcov",
    "__asan_",      "__llvm_"};
constexpr std::string_view kOfVariable = "__pyx_v_";  // what the script's Cython code declares
constexpr std::string_view kOfDefault = "__pyx_k_";   // and arguments' defaults
constexpr std::string_view kFronts[] = {"guard variable for ", "reference temporary #0 for "};

bool is_machinery(std::string_view name) {
  if (begins_with(name, kOfVariable) || begins_with(name, kOfDefault)) return false;
  for (const std::string_view front : kFronts)
    if (begins_with(name, front)) name.remove_prefix(front.size());
  return std::any_of(std::begin(kMachinery), std::end(kMachinery),
                     [&](const char* start) { return begins_with(name, start); });
}

// "__pyx_v_4mine_calls" is `calls` in the module `mine`.
std::string name_in_cython(const std::string& symbol) {
  std::size_t at = kOfVariable.size(), length = 0;
  while (at < symbol.size() && symbol[at] >= '0' && symbol[at] <= '9')
    length = 10 * length + static_cast<std::size_t>(symbol[at++] - '0');
  // Of a module in packages: a number and a name for each.
  while (length > 0 && at + length < symbol.size() && symbol[at + length] >= '0' &&
         symbol[at + length] <= '9') {
    at += length;
    for (length = 0; at < symbol.size() && symbol[at] >= '0' && symbol[at] <= '9'; ++at)
      length = 10 * length + static_cast<std::size_t>(symbol[at] - '0');
  }
  const std::size_t name = at + length + 1;  // behind a "_"
  return length > 0 && name < symbol.size() ? symbol.substr(name) : symbol;
}

std::string readable_name(const std::string& symbol) {
  return begins_with(symbol, kOfVariable) ? name_in_cython(symbol) : readable_symbol(symbol);
}

struct Mark {
  AddressRange range;
  std::string name;
  bool is_left_out;
};

bool begins_before(const Mark& a, const Mark& b) { return a.range.begin < b.range.begin; }

// The parts of a range that are not left out.
void add_parts(AddressRange range, const std::string& name, const std::vector<Mark>& left_out,
               std::vector<Variable>& variables) {
  for (const Mark& mark : left_out) {
    if (mark.range.end <= range.begin) continue;
    if (mark.range.begin >= range.end) break;
    if (mark.range.begin > range.begin) variables.push_back({name, range.begin, mark.range.begin});
    range.begin = mark.range.end;
  }
  if (range.begin < range.end) variables.push_back({name, range.begin, range.end});
}

// Cuts `all` into variables and what is between them, without what is left out.
std::vector<Variable> cut(AddressRange all, std::vector<Mark> marks) {
  std::stable_sort(marks.begin(), marks.end(), begins_before);
  std::vector<Mark> left_out;
  for (const Mark& mark : marks)
    if (mark.is_left_out) left_out.push_back(mark);
  std::vector<Variable> variables;
  std::uintptr_t done = all.begin;
  for (const Mark& mark : marks) {
    const std::uintptr_t begin = std::clamp(mark.range.begin, done, std::max(done, all.end));
    const std::uintptr_t end = std::min(mark.range.end, all.end);
    if (mark.is_left_out || end <= begin) continue;
    add_parts({done, begin}, "", left_out, variables);
    add_parts({begin, end}, mark.name, left_out, variables);
    done = end;
  }
  if (done < all.end) add_parts({done, all.end}, "", left_out, variables);
  return variables;
}

std::vector<Mark> marks_of(const SymbolTable& symbols, AddressRange all, bool of_thread) {
  std::vector<Mark> marks;
  const std::uintptr_t base = of_thread ? all.begin : 0;
  for (const Symbol& symbol : symbols.variables) {
    const AddressRange range{base + symbol.begin, base + symbol.begin + symbol.size};
    if (symbol.is_of_thread != of_thread || range.end <= all.begin || range.begin >= all.end)
      continue;
    const std::string name = readable_name(symbol.name);
    marks.push_back({range, name, is_machinery(symbol.name) || is_machinery(name)});
  }
  return marks;
}

std::uintptr_t word_at(std::uintptr_t place) {
  std::uintptr_t word = 0;
  std::memcpy(&word, reinterpret_cast<const void*>(place), sizeof word);  // NOLINT
  return word;
}

constexpr std::uintptr_t kWord = sizeof(std::uintptr_t);

// Definitions of modules: the second word of an object is its type.
void leave_out_definitions(AddressRange data, std::vector<Mark>& marks) {
  for (std::uintptr_t at = (data.begin + kWord - 1) & ~(kWord - 1); at + 2 * kWord <= data.end;
       at += kWord)
    if (word_at(at + kWord) == reinterpret_cast<std::uintptr_t>(&PyModuleDef_Type))
      marks.push_back({{at, at + sizeof(PyModuleDef)}, "", true});
}

// Types that lie in the library, and how many references there are to other objects in it.
void leave_out_objects(AddressRange data, const std::vector<PyTypeObject*>& types,
                       std::vector<Mark>& marks) {
  std::unordered_map<std::uintptr_t, std::size_t> sizes;
  for (PyTypeObject* type : types) {
    const auto place = reinterpret_cast<std::uintptr_t>(type);
    sizes[place] = static_cast<std::size_t>(type->tp_basicsize);
    if (data.contains(place)) marks.push_back({{place, place + sizeof(PyTypeObject)}, "", true});
  }
  std::vector<Mark> counts;
  for (const Mark& mark : marks) {
    const std::size_t size = mark.range.end - mark.range.begin;
    if (mark.is_left_out || size < sizeof(PyObject) || mark.range.begin % kWord != 0) continue;
    const auto found = sizes.find(word_at(mark.range.begin + kWord));
    if (found != sizes.end() && found->second <= size && word_at(mark.range.begin) > 0)
      counts.push_back({{mark.range.begin, mark.range.begin + kWord}, "", true});
  }
  marks.insert(marks.end(), counts.begin(), counts.end());
}

}  // namespace

std::vector<Variable> variables_of(const LoadedImage& image, const SymbolTable& symbols,
                                   const std::vector<PyTypeObject*>& types) {
  const AddressRange data = image.data();
  std::vector<Mark> marks = marks_of(symbols, data, false);
  leave_out_objects(data, types, marks);
  leave_out_definitions(data, marks);
  marks.push_back({image.linkage(), "", true});
  return cut(data, std::move(marks));
}

std::vector<Variable> thread_variables_of(const LoadedImage& image, const SymbolTable& symbols) {
  const AddressRange block = image.thread_block();
  return cut(block, marks_of(symbols, block, true));
}

bool is_made_by_cython(const LoadedImage& image) {
  constexpr std::string_view kInEvery = "cline_in_traceback";
  return image.holds_text(kInEvery);
}

}  // namespace chkpt::heap
