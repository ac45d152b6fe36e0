# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Text work: regular expressions and their matches kept, json, string building, formatting, bytes."""
import io
import json
import re
import string

from digest import Digest, report

TOKEN = re.compile(r"(?P<word>[a-z]+)|(?P<number>\d+)|(?P<other>[^\sa-z\d])", re.I)
digest = Digest()
template = string.Template("$name has $count")
buffer = io.StringIO()
packed = io.BytesIO()
last_match = None
document = {"title": "x", "rows": []}
counts = {}
for i in range(45000):
    text = f"value{i} = f({i * 7}, 'abc{'q' * (i % 5)}') + {i / 3:.4f}; // note {i % 17}"
    for match in TOKEN.finditer(text):
        kind = match.lastgroup
        counts[kind] = counts.get(kind, 0) + len(match.group())
        last_match = match
    document["rows"].append({"i": i, "text": text[: i % 20], "nested": [i % 3 == 0, None, 1.5]})
    if i % 20 == 0:
        encoded = json.dumps(document, sort_keys=True)
        document = json.loads(encoded)
        digest.add(encoded[-60:], last_match.span(), template.substitute(name=i, count=counts))
        del document["rows"][:-10]
    buffer.write(re.sub(r"\d", lambda m: chr(ord(m.group()) + 17), text)[:10] + "\n")
    packed.write(i.to_bytes(4, "little"))
    if i % 1000 == 0:
        digest.add(buffer.getvalue()[-80:], packed.tell(), f"{i:>10,}|{i:#x}|{i / 7:.3e}")
digest.add(counts, packed.getvalue()[-40:], buffer.getvalue().upper().count("A"))
report("json_regex", digest)
