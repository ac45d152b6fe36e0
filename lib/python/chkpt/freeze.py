# SPDX-License-Identifier: BSD-3-Clause
"""Build step: the byte code of Python files as C++ arrays, for the frozen package `chkpt`.

Run by the very interpreter whose library is linked, so that the byte code fits it.
"""
import marshal
import os
import sys

*sources, header = sys.argv[1:]
with open(header, "w", encoding="utf-8") as out:
    out.write("// Made by freeze.py.\n#pragma once\n")
    for source in sources:
        stem = os.path.splitext(os.path.basename(source))[0]
        module = "chkpt" if stem == "__init__" else f"chkpt.{stem}"
        with open(source, encoding="utf-8") as file:
            code = compile(file.read(), f"<frozen {module}>", "exec", dont_inherit=True, optimize=0)
        data = marshal.dumps(code)
        rows = [", ".join(map(str, data[i : i + 24])) for i in range(0, len(data), 24)]
        out.write(f"static const unsigned char kFrozen{stem.strip('_').capitalize()}[] = {{\n")
        out.write(",\n".join(rows) + "};\n")
