// SPDX-License-Identifier: BSD-3-Clause
// The one door to CPython's internals: frame layout, opcode numbers, hidden functions. Everything
// that differs between 3.11, 3.12 and 3.13 is in shim_3xx.hpp behind the same names; no other file
// tests the Python version. Included only by the sources of this folder (opcode.h is all macros).
#pragma once

#define PY_SSIZE_T_CLEAN
#ifndef Py_BUILD_CORE
#define Py_BUILD_CORE 1
#endif
#include <Python.h>

#include <cstdint>

// C11 <stdatomic.h> does not exist in C++17: take CPython's compiler-builtin branch instead.
#ifdef HAVE_STD_ATOMIC
#undef HAVE_STD_ATOMIC
#ifndef HAVE_BUILTIN_ATOMIC
#define HAVE_BUILTIN_ATOMIC 1
#endif
#endif

#ifdef Py_GIL_DISABLED
#error "chkpt needs a Python with a global interpreter lock"
#endif

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000
#include "python/frames/shim_311.hpp"
#elif PY_VERSION_HEX >= 0x030C0000 && PY_VERSION_HEX < 0x030D0000
#include "python/frames/shim_312.hpp"
#elif PY_VERSION_HEX >= 0x030D0000 && PY_VERSION_HEX < 0x030E0000
#include "python/frames/shim_313.hpp"
#else
#error "chkpt knows the frames of CPython 3.11, 3.12 and 3.13"
#endif

#include "python/frames/shim_any.hpp"
