# SPDX-License-Identifier: BSD-3-Clause
"""Every datatype constructor, nested: the same size, extent and packed bytes afterwards."""
import numpy
from case_requests import refused


def derived():
    from mpi4py import MPI
    double, integer = MPI.DOUBLE, MPI.INT
    vector = double.Create_vector(3, 2, 4)
    record = MPI.Datatype.Create_struct([1, 2, 3], [0, 8, 16], [MPI.CHAR, integer, MPI.SHORT])
    inner = integer.Create_contiguous(2)
    outer = inner.Create_vector(2, 1, 3)
    nested = outer.Create_resized(0, 64)
    types = {
        "contiguous": double.Create_contiguous(5), "vector": vector,
        "hvector": double.Create_hvector(3, 1, 24), "indexed": double.Create_indexed([2, 1], [0, 5]),
        "hindexed": double.Create_hindexed([1, 2], [8, 40]),
        "indexed_block": double.Create_indexed_block(2, [0, 4, 8]),
        "hindexed_block": double.Create_hindexed_block(2, [0, 48]), "struct": record,
        "resized": record.Create_resized(-8, 96), "dup": vector.Dup(),
        "subarray": integer.Create_subarray([4, 6], [2, 3], [1, 2]),
        "subarray_f": integer.Create_subarray([4, 6], [2, 3], [1, 2], MPI.ORDER_F),
        "darray": double.Create_darray(2, 1, [8], [MPI.DISTRIBUTE_CYCLIC], [2], [2]),
        "nested": nested, "f90 real": MPI.Datatype.Create_f90_real(15, MPI.UNDEFINED),
        "f90 integer": MPI.Datatype.Create_f90_integer(9), "empty": double.Create_contiguous(0),
        "struct of types": MPI.Datatype.Create_struct([2, 1], [0, 256], [nested, record]),
    }
    for key, made in types.items():
        if not made.is_predefined:
            made.Commit()
            if key != "empty":
                made.Set_name("my " + key)
    inner.Free()
    outer.Free()
    return types


def facts(made):
    lower, extent = made.Get_extent()
    packed = bytearray(made.Pack_size(1, _self()))
    first, span = made.Get_true_extent()
    if lower == 0 and 0 < first + span <= extent:
        made.Pack((bytes(range(256)) * 2)[:extent], packed, 0, _self())
    return (made.Get_size(), (lower, extent), made.Get_true_extent(), made.Get_name(),
            made.Get_envelope()[-1], bytes(packed))


def _self():
    from mpi4py import MPI
    return MPI.COMM_SELF


def check_refusals():
    """Addresses mean nothing in another process; differences of addresses do."""
    from mpi4py import MPI
    small, large = bytearray(24), numpy.zeros(1 << 20)
    base = MPI.Get_address(small)
    within = [MPI.Aint_diff(MPI.Get_address(memoryview(small)[8 * i:]), base) for i in range(3)]
    assert within == [0, 8, 16]
    fine = MPI.DOUBLE.Create_hindexed([1, 1, 1], within).Commit()
    import phase
    phase.dump({"fine": fine})
    absolute = [MPI.Datatype.Create_struct([1], [MPI.Aint_add(base, 8)], [MPI.DOUBLE]),
                MPI.DOUBLE.Create_hindexed([1], [large.ctypes.data + 80])]
    absolute.append(absolute[0].Create_contiguous(2))
    for made in absolute:
        assert "made of addresses, for MPI.BOTTOM" in refused({"type": made})
    for made in absolute + [fine]:
        made.Free()


def build():
    from mpi4py import MPI
    check_refusals()
    types = derived()
    named = {name: getattr(MPI, name) for name in dir(MPI)
             if isinstance(getattr(MPI, name), MPI.Datatype)}
    freed = MPI.INT.Create_contiguous(2)
    freed.Free()
    return {"types": types, "facts": {key: facts(made) for key, made in types.items()},
            "named": named, "alias": types["vector"], "twin": MPI.Datatype(types["vector"]),
            "of name": MPI.Datatype(MPI.DOUBLE), "freed": freed,
            "packed twin": types["vector"].Get_contents()[2][0]}


def check(state):
    from mpi4py import MPI
    for key, made in state["types"].items():
        assert facts(made) == state["facts"][key], (key, facts(made), state["facts"][key])
    assert len(state["named"]) > 60
    for name, made in state["named"].items():
        assert made is getattr(MPI, name), name
    vector = state["types"]["vector"]
    assert state["alias"] is vector and state["twin"] == vector and state["twin"] is not vector
    assert state["of name"] == MPI.DOUBLE and state["packed twin"] == MPI.DOUBLE
    assert state["freed"] == MPI.DATATYPE_NULL and state["freed"] is not MPI.DATATYPE_NULL
    world = MPI.COMM_WORLD
    left, right = (world.rank - 1) % world.size, (world.rank + 1) % world.size
    source, target = bytes(range(128)), bytearray(128)
    world.Sendrecv([source, 1, vector], right, 1, [target, 1, vector], left, 1)
    assert target[:16] == source[:16] and target[16:32] == bytes(16)
    for made in state["types"].values():
        if not made.is_predefined:
            made.Free()
