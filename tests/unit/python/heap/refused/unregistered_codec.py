# `__main__.log -> <_io.TextIOWrapper>` at unregistered_codec.py: a file in an encoding that has been unregistered: plain
import codecs
import os


def search(name):
    return codecs.CodecInfo(*codecs.lookup("latin-1")[:2], name="plain",
                            incrementalencoder=codecs.getincrementalencoder("latin-1"),
                            incrementaldecoder=codecs.getincrementaldecoder("latin-1")) if name == "plain" else None


codecs.register(search)
log = open(os.devnull, "w", encoding="plain")
codecs.unregister(search)


def check():
    log.close()
