# Objects of a library that would be made by looking into a class of the script's, which is not
# complete yet when they are.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "site-packages"))
import mapper  # noqa: E402


@mapper.mapped
class User:
    name: str
    age: int


User.age.loads = 3
User.path["found"] = User.age
held = [User.age, User, User.path]


def check():
    assert [attribute.key for attribute in User.table] == ["name", "age"]
    assert User.table[1] is User.age is held[0] and held[1] is User is User.name.cls
    assert held[2] is User.path and User.path == {"found": User.age} and User.path.classes == (User,)
    assert (User.age.loads, User.name.loads) == (3, 0)
