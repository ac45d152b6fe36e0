// SPDX-License-Identifier: BSD-3-Clause
// Datasets that netCDF4 has open: opened again under the same name, the contents of those open for
// writing as part of the snapshot (opened_names.hpp). Groups, variables and dimensions are found in
// them again by their names.
#include <Python.h>

#include <map>
#include <string>

#include <dirent.h>
#include <sys/stat.h>

#include "base/error.hpp"
#include "python/error.hpp"
#include "python/heap/call.hpp"
#include "python/heap/packages/hdf5_superblock.hpp"
#include "python/heap/loader.hpp"
#include "python/heap/open_files/open_file.hpp"
#include "python/heap/open_files/opened_names.hpp"
#include "python/heap/rebuilder.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// A description: (name as given, directory it is relative to | None, path, open for writing,
// [(path of a variable, its settings)])
enum Field { kName, kDirectory, kPath, kWrites, kSettings };

constexpr const char* kKind = "netCDF";

// How values are shown; what was set by the method of the same place.
constexpr const char* kShown[] = {"mask",         "scale",         "always_mask",
                                  "chartostring", "_use_get_vars", "_ncstring_attrs__"};
constexpr const char* kSetters[] = {"set_auto_mask",   "set_auto_scale",
                                    "set_always_mask", "set_auto_chartostring",
                                    "use_nc_get_vars", "set_ncstring_attrs"};

// In a process that loads a state to look at it: the descriptions that its datasets came from.
std::map<PyObject*, Ref>& rehearsed() {
  static std::map<PyObject*, Ref> descriptions;
  return descriptions;
}

// ---- saving

// The library keeps a descriptor for as long as it has the file open, unless it is in memory.
std::string opened_path(const std::string& name) {
  struct stat named {};
  if (::stat(name.c_str(), &named) == 0) {
    const Ref numbers = call_method(import("os"), "listdir", text("/proc/self/fd"));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(numbers.get()); ++i) {
      const int number = std::stoi(utf8(PyList_GET_ITEM(numbers.get(), i)));
      struct stat opened {};
      if (::fstat(number, &opened) == 0 && opened.st_dev == named.st_dev &&
          opened.st_ino == named.st_ino)
        return name_of_descriptor(number);
    }
  }
  refuse("a netCDF dataset that is in memory, remote, or no longer found under its name (" + name +
         ")");
}

// The library tells only by what it refuses.
bool is_writable(PyObject* dataset) {
  try {
    call_method(dataset, "_redef");
  } catch (const Raised&) {
    const std::string why = take_exception_text();
    if (why.find("define mode") != std::string::npos) return true;
    if (why.find("read only") != std::string::npos) return false;
    refuse("a netCDF dataset that does not tell whether it can be written: " + why);
  }
  call_method(dataset, "_enddef");
  return true;
}

void add_settings(PyObject* group, const std::string& path, const Ref& settings) {
  const auto each = [](const Ref& table, const auto& visit) {
    const Ref pairs = own(PyMapping_Items(table.get()));
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(pairs.get()); ++i)
      visit(utf8(item(PyList_GET_ITEM(pairs.get(), i), 0)),
            item(PyList_GET_ITEM(pairs.get(), i), 1));
  };
  each(attr(group, "variables"), [&](const std::string& name, PyObject* variable) {
    const Ref values = new_list();
    for (const char* shown : kShown) append(values, attr(variable, shown));
    append(settings, pack(text(path + "/" + name), values));
  });
  each(attr(group, "groups"), [&](const std::string& name, PyObject* inner) {
    add_settings(inner, path + "/" + name, settings);
  });
}

Ref describe(PyObject* dataset) {
  const auto known = rehearsed().find(dataset);
  if (known != rehearsed().end()) return known->second;
  if (is_true(attr(dataset, "keepweakref"))) refuse("a netCDF dataset with keepweakref");
  const std::string name = utf8(call_method(dataset, "filepath").get());
  const OpenedName place = opened_name(name, opened_path(name), kKind);
  const bool writes = is_writable(dataset);
  if (writes) {
    call_method(dataset, "sync");
    want_contents(place.path, kKind);
  }
  const Ref settings = new_list();
  add_settings(dataset, "", settings);
  return pack(text(name), path_or_none(place.directory), path_or_none(place.path), boolean(writes),
              settings);
}

// ---- loading

Ref open_at(PyObject* type, const Ref& name, const char* mode) {
  return call(type, name, text(mode));
}

Ref open_described(PyObject* type, PyObject* description) {
  const Ref name = Ref::borrow(item(description, kName));
  const std::string directory = path_of(item(description, kDirectory));
  if (!is_true(item(description, kWrites))) {
    const Inside inside(directory, kKind);
    return open_at(type, name, "r");
  }
  const HeldContents held(path_of(item(description, kPath)), kKind);
  try {
    hdf5::clear_open_mark(held.path());
  } catch (const Error& problem) {
    broken(problem.what());
  }
  if (held.is_copy()) return open_at(type, path_or_none(held.path()), "r+");
  const Inside inside(directory, kKind);
  return open_at(type, name, "r+");
}

// (Dataset, description)
Ref rebuild_dataset(Args args) {
  const Ref dataset = open_described(args[0], args[1]);
  PyObject* settings = item(args[1], kSettings);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(settings); ++i) {
    PyObject *path = item(PyList_GET_ITEM(settings, i), 0),
             *values = item(PyList_GET_ITEM(settings, i), 1);
    const Ref variable = own(PyObject_GetItem(dataset.get(), path));
    Py_ssize_t at = 0;
    for (const char* setter : kSetters)
      call_method(variable, setter, PyList_GET_ITEM(values, at++));
  }
  if (ReopenedFiles::leaves_locks()) {
    rehearsed()[dataset.get()] = Ref::borrow(args[1]);
    Py_INCREF(dataset.get());  // as long as its address means this one
  }
  return dataset;
}
const Rebuilder make_dataset{"netcdf.dataset", guarded<rebuild_dataset>};

// What is left of a dataset that has been closed, and of what was in it: it answers to nothing.
Ref rebuild_closed(Args args) { return call_method(args[0], "__new__", args[0]); }
const Rebuilder make_closed{"netcdf.closed", guarded<rebuild_closed>};

// (Dataset or group, path from there)
Ref rebuild_member(Args args) { return own(PyObject_GetItem(args[0], args[1])); }
const Rebuilder get_member{"netcdf.member", guarded<rebuild_member>};

// (Dataset or group, name)
Ref rebuild_dimension(Args args) {
  return own(PyObject_GetItem(attr(args[0], "dimensions").get(), args[1]));
}
const Rebuilder get_dimension{"netcdf.dimension", guarded<rebuild_dimension>};

Ref root_of(PyObject* group) {
  Ref now = Ref::borrow(group);
  for (Ref parent = attr(now, "parent"); !parent.is(Py_None); parent = attr(now, "parent"))
    now = parent;
  return now;
}

bool is_open(PyObject* group) { return is_true(call_method(root_of(group), "isopen")); }

Ref reduce_member(const Rebuilder& get, PyObject* member, Rule& rule, const char* key) {
  const Ref group = call_method(member, "group");
  if (group.is(Py_None) || !is_open(group.get())) return reduced(make_closed, pack(rule.type));
  return reduced(get, pack(group, attr(member, key)));
}

}  // namespace

Ref reduce_netcdf_dataset(Saver&, PyObject* dataset, Rule& rule) {
  if (!is_open(dataset)) return reduced(make_closed, pack(rule.type));
  return reduced(make_dataset, pack(rule.type, describe(dataset)));
}

Ref reduce_netcdf_group(Saver&, PyObject* group, Rule& rule) {
  if (!is_open(group)) return reduced(make_closed, pack(rule.type));
  return reduced(get_member, pack(root_of(group), attr(group, "path")));
}

Ref reduce_netcdf_variable(Saver&, PyObject* variable, Rule& rule) {
  return reduce_member(get_member, variable, rule, "name");
}

Ref reduce_netcdf_dimension(Saver&, PyObject* dimension, Rule& rule) {
  return reduce_member(get_dimension, dimension, rule, "name");
}

}  // namespace chkpt::heap
