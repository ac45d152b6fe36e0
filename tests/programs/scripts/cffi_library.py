# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
# refused: _cffi_backend
"""The C library called through cffi, without a compiler: numbers, a structure, memory of its own."""
from cffi import FFI

ffi = FFI()
ffi.cdef("double cbrt(double); typedef struct { int quot; int rem; } div_t; div_t div(int, int);")
libc = ffi.dlopen("libm.so.6")
libstd = ffi.dlopen(None)
total = 0.0
for number in range(200000):
    total += libc.cbrt(number)
    if number % 50000 == 0:
        result = libstd.div(number, 7)
        total += result.rem
        del result
        print(number, repr(total))
print(repr(total))
