# Packages of the script: with folders that have no __init__.py, and with an extension module.
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
import userpackage.folder
import userpackage.folder.part
from userpackage.folder import part

# Any module in C will do, if it is not linked into Python.
import _opcode
import opcode

folder = tempfile.mkdtemp(prefix="chkpt_heap_")
os.mkdir(f"{folder}/compiled")
with open(f"{folder}/compiled/__init__.py", "w") as file:
    file.write("NAME = 'compiled'\n")
sys.path.insert(0, folder)
in_c = None
if getattr(_opcode, "__file__", None):
    shutil.copy(_opcode.__file__, f"{folder}/compiled")
    from compiled import _opcode as in_c

part.bump()
folder_path = list(userpackage.folder.__path__)


def check():
    assert part is sys.modules["userpackage.folder.part"] is userpackage.folder.part and part.COUNT == 1
    assert part.bump() == 2
    part.COUNT = 1
    assert list(userpackage.folder.__path__) == folder_path and userpackage.folder.__file__ is None
    if in_c:
        assert in_c is sys.modules["compiled._opcode"] is sys.modules["compiled"]._opcode
        assert in_c.stack_effect(opcode.opmap["NOP"]) == 0
