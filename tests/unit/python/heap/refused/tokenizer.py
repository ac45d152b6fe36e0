# tokens of a text that has not been read to its end
import io
import sys
import tokenize

if sys.version_info < (3, 12):
    print("SKIP: tokenize is written in Python")
    raise SystemExit

tokens = tokenize.generate_tokens(io.StringIO("a = 1\nb = 2\n").readline)
next(tokens)


def check():
    assert next(tokens).string == "="
