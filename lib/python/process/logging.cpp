// SPDX-License-Identifier: BSD-3-Clause
// The logging tree: loggers of the library are found again by name and given their saved settings;
// handlers are ordinary objects.
#include <Python.h>

#include "python/heap/call.hpp"
#include "python/heap/foreign.hpp"
#include "python/process/register.hpp"

namespace chkpt::process {
namespace {

using namespace heap;  // NOLINT

constexpr const char* kGlobals[] = {"raiseExceptions", "_loggerClass", "_logRecordFactory",
                                    "lastResort"};
// The cache too (of isEnabledFor): a load must neither empty it nor leave in it what an import has.
constexpr const char* kSettings[] = {"level",    "propagate", "disabled",
                                     "handlers", "filters",   "_cache"};

Ref manager() { return attr(attr(import("logging"), "root"), "manager"); }

Ref save_logger(const Ref& logger) {
  const Ref settings = new_dict();
  for (const char* name : kSettings) put(settings, name, attr(logger, name));
  return pack(logger, settings);
}

// (globals, level names both ways, manager.disable, root, [(name, (logger, settings))], [name of
// each logger and of each place for one])
Ref save_logging() {
  if (!loaded_module("logging")) return none();
  const Ref logging = import("logging");
  const Ref globals = new_dict(), loggers = new_list();
  for (const char* name : kGlobals) put(globals, name, attr(logging, name));
  const Ref known = own(PyDict_Items(attr(manager(), "loggerDict").get()));
  const Ref logger_type = attr(logging, "Logger");
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(known.get()); ++i) {
    PyObject* pair = PyList_GET_ITEM(known.get(), i);
    if (ok(PyObject_IsInstance(item(pair, 1), logger_type.get())))
      append(loggers, pack(item(pair, 0), save_logger(Ref::borrow(item(pair, 1)))));
  }
  const Ref names = pack(own(PyDict_Copy(attr(logging, "_levelToName").get())),
                         own(PyDict_Copy(attr(logging, "_nameToLevel").get())));
  return pack(globals, names, attr(manager(), "disable"), save_logger(attr(logging, "root")),
              loggers, own(PyDict_Keys(attr(manager(), "loggerDict").get())));
}

void restore_logger(PyObject* saved) {
  PyObject* logger = item(saved, 0);
  for (const char* name : kSettings)
    if (PyObject* value = find(item(saved, 1), name)) set_attr(logger, name, value);
  const Ref handlers = attr(logger, "handlers");
  const Ref add = attr(import("logging"), "_addHandlerRef");
  const Ref references = attr(import("logging"), "_handlerList");
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(handlers.get()); ++i) {
    PyObject* handler = PyList_GET_ITEM(handlers.get(), i);
    bool known = false;
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(references.get()); ++k)
      known = known || call(PyList_GET_ITEM(references.get(), k)).is(handler);
    if (!known) call(add, handler);
  }
}

void replace_items(const Ref& dict, PyObject* saved) {
  PyDict_Clear(dict.get());
  ok(PyDict_Update(dict.get(), saved));
}

// A load makes loggers as it meets them.
void put_in_order(const Ref& loggers, PyObject* names) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(names); ++i) {
    PyObject* name = PyList_GET_ITEM(names, i);
    const Ref logger = Ref::borrow(PyDict_GetItemWithError(loggers.get(), name));
    if (!logger) continue;
    ok(PyDict_DelItem(loggers.get(), name));
    ok(PyDict_SetItem(loggers.get(), name, logger.get()));
  }
}

void restore_logging(PyObject* saved) {
  const Ref logging = import("logging");
  for (const char* name : kGlobals)
    if (PyObject* value = find(item(saved, 0), name)) set_attr(logging.get(), name, value);
  replace_items(attr(logging, "_levelToName"), item(item(saved, 1), 0));
  replace_items(attr(logging, "_nameToLevel"), item(item(saved, 1), 1));
  set_attr(manager().get(), "disable", item(saved, 2));
  restore_logger(item(saved, 3));
  PyObject* loggers = item(saved, 4);
  const Ref known = attr(manager(), "loggerDict");
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(loggers); ++i) {
    PyObject* entry = PyList_GET_ITEM(loggers, i);
    PyObject* logger = item(item(entry, 1), 0);
    ok(PyDict_SetItem(known.get(), item(entry, 0), logger));
    restore_logger(item(entry, 1));
  }
  put_in_order(known, item(saved, 5));
}

}  // namespace

void register_logging_part() {
  register_process_part({"logging", save_logging, restore_logging, 70, {"logging"}});
}

}  // namespace chkpt::process
