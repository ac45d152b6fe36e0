# SPDX-License-Identifier: BSD-3-Clause
# cython: language_level=3
"""Objects that work in the memory of arrays, and what their own pickling makes of it."""
from libc.stdlib cimport malloc, free
from libc.string cimport memcpy
import numpy as np

cdef class Viewer:
    """Works on a typed view of an array, which no attribute shows; its pickling copies."""
    cdef double[::1] cells
    cdef int count
    def __init__(self, double[::1] cells, int count=0):
        self.cells = cells
        self.count = count
    def step(self):
        self.count += 1
        cdef double total = 0
        for i in range(self.cells.shape[0]):
            self.cells[i] += self.count
            total += self.cells[i]
        return total
    def __reduce__(self):
        return Viewer, (np.array(self.cells), self.count)

cdef class Strided:
    """The same with every other row of a matrix in Fortran's order, handed over as a state."""
    cdef double[:, :] cells
    def __init__(self, cells=None):
        if cells is not None: self.cells = cells
    def step(self):
        cdef double total = 0
        for i in range(self.cells.shape[0]):
            for k in range(self.cells.shape[1]):
                self.cells[i, k] += 1
                total += self.cells[i, k]
        return total
    def __reduce__(self):
        return Strided, (), {"cells": np.array(self.cells), "unused": np.zeros(3)}
    def __setstate__(self, state):
        self.cells = state["cells"]

cdef class Pointer:
    """Only has the address; another object keeps the array."""
    cdef double* cells
    cdef Py_ssize_t count
    cdef object keeper
    def __init__(self, array):
        cdef double[::1] view = array
        self.cells = &view[0]
        self.count = view.shape[0]
        self.keeper = [array]
    def step(self):
        cdef double total = 0
        for i in range(self.count):
            self.cells[i] += 1
            total += self.cells[i]
        return total
    def __reduce__(self):
        return Pointer, (np.array(<double[:self.count]> self.cells),)

cdef class Copier(Pointer):
    """Its pickling hands over the numbers; what is made of them has memory of its own."""
    def __reduce__(self):
        return make_copier, (np.array(<double[:self.count]> self.cells),)

def make_copier(array):
    return Copier(np.array(array))

cdef class Pair:
    """Has others, and hands over them."""
    cdef object first, second
    def __init__(self, first, second):
        self.first, self.second = first, second
    def step(self):
        return self.first.step() - self.second.step()
    def __reduce__(self):
        return Pair, (self.first, self.second)

cdef class Sharer(Viewer):
    """Hands over the array."""
    def __reduce__(self):
        return Sharer, (np.asarray(self.cells), self.count)

cdef class Owner:
    """Has memory of its own, which it copies."""
    cdef double* cells
    cdef Py_ssize_t count
    def __cinit__(self):
        self.cells = NULL
    def __init__(self, array):
        cdef double[::1] view = array
        self.count = view.shape[0]
        self.cells = <double*> malloc(self.count * sizeof(double))
        memcpy(self.cells, &view[0], self.count * sizeof(double))
    def __dealloc__(self):
        free(self.cells)
    def step(self):
        cdef double total = 0
        for i in range(self.count):
            self.cells[i] += 1
            total += self.cells[i]
        return total
    def __reduce__(self):
        return Owner, (np.array(<double[:self.count]> self.cells),)
