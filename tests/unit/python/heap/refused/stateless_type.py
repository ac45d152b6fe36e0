# cannot pickle 'instancemethod' object: it is of a C type that shows no state; chkpt.register() may tell
import ctypes

make = ctypes.pythonapi.PyInstanceMethod_New
make.restype, make.argtypes = ctypes.py_object, [ctypes.py_object]
method = make(len)
del make


def check():
    assert method([]) == 0
