# Arrays that a Cython function made and returned through a typed memoryview: they are views of one
# that nothing else leads to.
try:
    from scipy.spatial.transform import Rotation
except ImportError:
    raise SystemExit("SKIP: scipy is not installed")

matrices = Rotation.from_euler("z", [1, 2]).as_matrix()
assert "memoryview" in type(getattr(matrices.base, "obj", None)).__name__, matrices.base
second, numbers = matrices[1], matrices.tolist()


def check():
    assert matrices.tolist() == numbers and second.tolist() == numbers[1]
    matrices[1, 2, 2] = 5
    assert second[2, 2] == 5 and matrices.flags.writeable and not matrices.flags.owndata
    matrices[1, 2, 2] = numbers[1][2][2]
