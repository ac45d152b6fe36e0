# a trace function is active
import sys


def tracer(*args):
    return None


sys.settrace(tracer)


def check():
    sys.settrace(None)
