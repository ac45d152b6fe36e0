# `__main__.builder -> <__main__.Builder>` at builder_of_script.py: an XML parser
# A C type that is built into the interpreter, and so perhaps into this program, is no package's.
import xml.etree.ElementTree


class Builder(xml.etree.ElementTree.TreeBuilder):
    pass


builder = Builder()


def check():
    builder.start("a", {})
    assert builder.end("a").tag == "a"
