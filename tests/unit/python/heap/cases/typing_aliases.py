# Aliases of typing, which would be asked for again while their forward references are unfinished.
import typing

early = typing.ForwardRef("Node")


class Node:
    next: typing.Optional[early]
    both: typing.Union[early, int]
    many: typing.Callable[[early], typing.List[early]]
    limited: typing.Annotated[early, "note", 3]
    kind: typing.Literal["a", 1]


class Box(typing.Generic[typing.TypeVar("T")]):
    pass


hints = typing.get_type_hints(Node)
one, other = typing.Optional[typing.ForwardRef("X")], typing.Optional[typing.ForwardRef("Y")]
by_alias = {typing.List[int]: 1, Box[str]: 2, Node.__annotations__["both"]: 3}


def check():
    found = Node.__annotations__
    assert found["next"].__args__[0] is early and early.__forward_value__ is Node
    assert hints == typing.get_type_hints(Node) and hints["next"] == typing.Optional[Node]
    assert found["many"] == typing.Callable[[early], typing.List[early]]
    assert found["limited"].__metadata__ == ("note", 3) and found["kind"] == typing.Literal["a", 1]
    assert one != other and one == typing.Optional[typing.ForwardRef("X")]
    assert by_alias[typing.List[int]] == 1 and by_alias[Box[str]] == 2 and by_alias[found["both"]] == 3
    assert type(Box[str]()) is Box and repr(typing.Dict[str, one.__args__[0]])
