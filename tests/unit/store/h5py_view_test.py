# SPDX-License-Identifier: BSD-3-Clause
"""Rank files and checkpoint.h5 as people see them with h5py: right types, shapes and values.

Usage: h5py_view_test.py SAMPLE_SNAPSHOT_PROGRAM. Exit code 77 when h5py is not installed.
"""
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
except ImportError:
    sys.exit(77)

COUNT = 32 * 1024 * 4
VALUES = np.arange(COUNT) % 100
GRID = (32, 1024, 4)

# Buffer number -> dtype of its dataset.
TYPES = {0: "i1", 1: "u1", 2: "<i2", 3: "<i4", 4: "<u8", 5: "<i8", 6: ">i4", 7: "<f2", 8: "<f4",
         9: "<f8", 10: "<c8", 11: "<c16", 12: "?"}


def expected(number, dtype):
    if dtype in ("?", "<f2"):
        return (np.arange(COUNT) % 2).astype(dtype)
    if dtype.startswith("<c"):
        return (VALUES - 1j * VALUES).astype(dtype)
    return VALUES.astype(dtype)


def check_rank(file, rank):
    assert file.attrs["chkpt_format"] == b"chkpt-mpi", file.attrs["chkpt_format"]
    assert file.attrs["run_id"] == b"sample"
    assert (file.attrs["epoch"], file.attrs["rank"], file.attrs["nranks"]) == (7, rank, 2)
    for number, dtype in TYPES.items():
        data = file[f"buffers/{number:06d}"]
        assert data.dtype == np.dtype(dtype), (number, data.dtype)
        assert data.shape == GRID, (number, data.shape)
        assert np.array_equal(data[...].ravel(), expected(number, dtype)), number
        assert data.chunks is None and data.compression is None
    for number in (13, 14):  # a structure and raw bytes
        data = file[f"buffers/{number:06d}"]
        assert data.dtype == np.uint8 and data.shape == (COUNT,), (number, data)
        assert np.array_equal(data[...], VALUES.astype("u1"))
    assert "000015" not in file["buffers"]  # too small for a dataset of its own
    nine = file["buffers/000016"]  # more dimensions than the index holds: raw bytes
    assert nine.dtype == np.uint8
    assert np.array_equal(nine[...].view("<f8"), VALUES.astype("<f8"))
    assert file["pickle"][...].tobytes() == b"\x80\x05N."
    assert file["meta"][...].tobytes() == b'{"format": 1}'
    assert file["mpi"].shape == (0,)


def check_index(file):
    index = file["index"][...]
    assert len(index) == 17
    assert index["format"][6] == b">i" and index["format"][13] == b"T{d:x:i:y:}"
    assert list(index["where"]) == [1] * 15 + [0, 1]
    assert list(index["ndim"]) == [3] * 13 + [1, 0, 1, 255]
    assert tuple(index["shape"][0][:3]) == GRID
    for number in TYPES:
        data = file[f"buffers/{number:06d}"]
        assert data.id.get_offset() == index["offset"][number], number
        assert data.nbytes == index["length"][number]
        assert index["offset"][number] % 4096 == 0


def main():
    with tempfile.TemporaryDirectory() as place:
        path = subprocess.check_output([sys.argv[1], place + "/run"], text=True).strip()
        for rank in range(2):
            with h5py.File(f"{path}/rank-0000{rank}.h5", "r") as file:
                check_rank(file, rank)
                check_index(file)
        with h5py.File(path + "/checkpoint.h5", "r") as master:
            assert list(master["rank"]) == ["00000", "00001"]
            assert master.attrs["nranks"] == 2
            check_rank(master["rank/00001"], 1)
    print("ok")


main()
