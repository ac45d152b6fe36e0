# `__main__.held[0] -> <pickle.PickleBuffer>` at pickle_buffer.py: a pickle.PickleBuffer, which comes out of a pickle as
import pickle

held = [pickle.PickleBuffer(bytearray(b"data"))]


def check():
    assert bytes(held[0].raw()) == b"data"
