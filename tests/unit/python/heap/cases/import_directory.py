# A new import of a library reads the files that the first one read by relative names, and relative entries of
# sys.path lead to the same folders, also after an os.chdir().
import os
import sys
import tempfile

start = os.getcwd()
folder = os.path.join(tempfile.mkdtemp(prefix="chkpt_heap_"), "site-packages")
os.makedirs(os.path.join(folder, "inner"))
for name, text in (("level.txt", "outer"), ("inner/level.txt", "inner")):
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)
for name in ("reads_here.py", "inner/reads_there.py"):
    with open(os.path.join(folder, name), "w") as file:
        file.write("with open('level.txt') as file:\n    level = file.read()\n")

sys.path.insert(0, folder)
os.chdir(folder)
import reads_here  # noqa: E402

os.chdir("inner")
sys.path.insert(0, ".")
import reads_there  # noqa: E402

os.chdir(start)


def check():
    assert (reads_here.level, reads_there.level) == ("outer", "inner")
    assert os.getcwd() == start
