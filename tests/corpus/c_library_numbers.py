# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Random numbers of the C library, of each kind of state, and another direction of rounding."""
import ctypes

from digest import Digest, report

libc, libm = ctypes.CDLL("libc.so.6"), ctypes.CDLL("libm.so.6")
libc.drand48.restype = ctypes.c_double
libc.lrand48.restype = ctypes.c_long
libc.initstate.restype = ctypes.c_void_p
digest, states = Digest(), []
UPWARD = 0x800
libm.fesetround(UPWARD)
third = 1.0
for size in (128, 8, 32, 64, 256):
    state = ctypes.create_string_buffer(size)
    if size == 128:
        libc.srand(7)
    else:
        states.append(state)
        libc.initstate(ctypes.c_uint(size), state, ctypes.c_size_t(size))
    libc.srand48(size)
    if size == 64:
        libc.lcong48((ctypes.c_ushort * 7)(1, 2, 3, 0xE66D, 0xDEEC, 0x5, 13))
    for i in range(60000):
        third = third / 3 + 1
        digest.add(libc.rand(), libc.drand48(), libc.lrand48(), third)
digest.add(libm.fegetround() == UPWARD)
report("numbers of the C library", digest)
