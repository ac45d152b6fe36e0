// SPDX-License-Identifier: BSD-3-Clause
// Extension modules that f2py has made, and what they show of Fortran's memory: objects of its type
// `fortran`, one for each Fortran module and COMMON block, with arrays as attributes and routines,
// and one for each routine.
#pragma once

#include "python/ref.hpp"

#include <string>
#include <vector>

#include "python/heap/saver.hpp"

namespace chkpt::heap {

bool is_made_by_f2py(PyObject* module);
// Every such module in sys.modules. Needs the GIL.
std::vector<Ref> fortran_modules();
std::string library_of(PyObject* module);  // the file it was loaded from; "" if it has none

struct FortranVariable {
  Ref owner;  // the object whose attribute it is
  std::string name;
  Ref array;
  bool is_allocatable;  // then there is a new array for every access
};

// Of one module that f2py has made. An allocatable variable is there while it is allocated. Needs
// the GIL. Throws Raised.
std::vector<FortranVariable> fortran_variables(PyObject* module);

// [(routine, {name: value})]: the attributes that its routines have been given, as scipy gives
// them. Needs the GIL. Throws Raised.
Ref fortran_attributes(PyObject* module);

bool is_fortran_type(PyTypeObject* type);
Ref reduce_fortran_routine(Saver&, PyObject*, Rule&);

// The array that stands for the memory of this one, if that is Fortran's: the array itself, or
// another one; else null.
Ref fortran_array(Saver& saver, PyObject* array);
// One that fortran_array() has given for itself.
Ref reduce_fortran_array(PyObject* array);

// Gives an allocatable variable this shape. Throws Raised.
Ref allocated_array(PyObject* owner, PyObject* name, PyObject* shape);

}  // namespace chkpt::heap
