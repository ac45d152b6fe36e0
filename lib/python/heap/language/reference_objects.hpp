// SPDX-License-Identifier: BSD-3-Clause
// Objects of libraries' C types that are nothing but references to other objects, and cannot be
// pickled: wrapt's proxies, what zope.interface makes of interfaces and classes. Every word of such
// an object is null, one that its type's traversal shows to the collector, or a hash that the type
// computes when somebody asks, so it can be made again without knowing the type. Needs the GIL.
#pragma once

#include "python/heap/saver.hpp"

namespace chkpt::heap {

// What is left of the object's class when Python classes are taken away is such a type, and this
// object such a one now.
bool is_made_of_references(PyObject* object, PyTypeObject* native_base);
Ref reduce_references(Saver& saver, PyObject* object, Rule& rule);  // needs rule.layout

}  // namespace chkpt::heap
