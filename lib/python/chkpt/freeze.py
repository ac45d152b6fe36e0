# SPDX-License-Identifier: BSD-3-Clause
"""Build step: the byte code of a Python file as a C++ array, for the frozen module `chkpt`.

Run by the very interpreter whose library is linked, so that the byte code fits it.
"""
import marshal
import sys

source, header = sys.argv[1:3]
with open(source, encoding="utf-8") as file:
    code = compile(file.read(), "<frozen chkpt>", "exec", dont_inherit=True, optimize=0)
data = marshal.dumps(code)
rows = [", ".join(map(str, data[i : i + 24])) for i in range(0, len(data), 24)]
with open(header, "w", encoding="utf-8") as file:
    file.write("// Made by freeze.py.\n#pragma once\nstatic const unsigned char kFrozenModule[] = {\n")
    file.write(",\n".join(rows) + "};\n")
