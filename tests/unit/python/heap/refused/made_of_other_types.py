# the type _csv.Error of another import of the module _csv
import sys

import csv

c_code = sys.modules["_csv"]
del sys.modules["csv"], sys.modules["_csv"]
import csv as second

sys.modules["_csv"] = c_code


def check():
    assert sys.modules["csv"] is second and second.Error is not csv.Error
