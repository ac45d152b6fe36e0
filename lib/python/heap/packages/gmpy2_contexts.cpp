// SPDX-License-Identifier: BSD-3-Clause
// gmpy2's contexts: precision, rounding and flags of its arithmetic. Which of them is the current
// one is a part of the process (process/library.cpp).
#include <Python.h>

#include <string>

#include "python/heap/call.hpp"
#include "python/heap/reducers.hpp"

namespace chkpt::heap {
namespace {

// Those of complex numbers follow the others until they are set, which only the text shows.
constexpr const char* kFields[] = {"precision",
                                   "round",
                                   "emax",
                                   "emin",
                                   "subnormalize",
                                   "trap_underflow",
                                   "trap_overflow",
                                   "trap_inexact",
                                   "trap_invalid",
                                   "trap_erange",
                                   "trap_divzero",
                                   "underflow",
                                   "overflow",
                                   "inexact",
                                   "invalid",
                                   "erange",
                                   "divzero",
                                   "allow_complex",
                                   "rational_division",
                                   "allow_release_gil"};
constexpr const char* kFollowing[] = {"real_prec", "imag_prec", "real_round", "imag_round"};

// [(name, value)]
Ref describe_context(PyObject* context) {
  const std::string shown = utf8(own(PyObject_Repr(context)).get());
  const Ref fields = new_list();
  const auto add = [&](const char* name) {
    if (const Ref value = attr_or_null(context, name)) append(fields, pack(text(name), value));
  };
  for (const char* name : kFields) add(name);
  for (const char* name : kFollowing)
    if (shown.find(std::string(name) + "=Default") == std::string::npos) add(name);
  return fields;
}

Ref rebuild_context(Args args) {
  Ref context = call_method(import("gmpy2"), "context");
  for (Py_ssize_t i = 0; i < PyList_Size(args[0]); ++i) {
    PyObject* field = PyList_GET_ITEM(args[0], i);
    ok(PyObject_SetAttr(context.get(), item(field, 0), item(field, 1)));
  }
  return context;
}
const Rebuilder make_context{"gmpy2.context", guarded<rebuild_context>};

}  // namespace

Ref reduce_gmpy2_context(Saver&, PyObject* context, Rule&) {
  return reduced(make_context, pack(describe_context(context)));
}

}  // namespace chkpt::heap
