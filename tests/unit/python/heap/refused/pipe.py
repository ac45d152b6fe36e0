# cannot be reopened
import os

reading, writing = os.pipe()
pipe = os.fdopen(writing, "w")


def check():
    pipe.write("x")
