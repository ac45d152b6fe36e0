# Instances: plain, slots, hooks that must not run, shared and special __dict__s.
log = []


class Plain:
    pass


class WithInit:
    def __init__(self, n):
        log.append("init")
        self.n = n


class Slots:
    __slots__ = ("x", "y", "unset")


class SlotsAndDict(Slots):
    pass


class Private:
    __slots__ = ("__hidden", "_Private__other", "__dict__")

    def put(self, v):
        self.__hidden = v

    def get(self):
        return self.__hidden


class HookNew:
    def __new__(cls, *args):
        log.append("new")
        return super().__new__(cls)


class HookState:
    def __getstate__(self):
        log.append("getstate")
        return {}

    def __setstate__(self, state):
        log.append("setstate")

    def __reduce__(self):
        log.append("reduce")
        return (str, ("wrong",))


class HookAttributes:
    def __init__(self):
        object.__setattr__(self, "v", 5)

    def __setattr__(self, name, value):
        log.append("setattr")

    def __getattr__(self, name):
        log.append("getattr " + name)
        raise AttributeError(name)

    def __getattribute__(self, name):
        return object.__getattribute__(self, name)


class SlotHooks:
    __slots__ = ("a", "b")

    def __setattr__(self, name, value):
        raise AssertionError


class Shadow(Slots):
    x = property(lambda self: "property")
    __slots__ = ("y",)


class SameSlot(Slots):
    __slots__ = ("x",)


class Bunch(dict):
    def __init__(self):
        self.__dict__ = self


class Linked:
    def __init__(self, next=None):
        self.next = next


class Callback:
    def __init__(self):
        self.handler = self.method

    def method(self):
        return self


class FakeClass:
    __class__ = property(lambda self: int)


class Copied:
    def __copy__(self):
        raise AssertionError

    def __deepcopy__(self, memo):
        raise AssertionError

    def __del__(self):
        pass


plain = Plain()
plain.a, plain.b = 1, [plain]
inited = WithInit(3)
slots = Slots()
slots.x = [slots]
slots_dict = SlotsAndDict()
slots_dict.x, slots_dict.other = 1, 2
private = Private()
private.put(7)
private.free = 8
hook_new = HookNew(1, 2)
hook_new.z = 1
hook_state = HookState()
hook_state.z = 2
hook_attributes = HookAttributes()
slot_hooks = SlotHooks()
SlotHooks.a.__set__(slot_hooks, 1)
shadow = Shadow()
Slots.x.__set__(shadow, "cell")
shadow.y = "own"
Slots.y.__set__(shadow, "base")
same = SameSlot()
same.x = 1
Slots.x.__set__(same, 2)
bunch = Bunch()
bunch.key = "value"
bunch["other"] = 2
ring = Linked()
ring.next = Linked(Linked(ring))
callback = Callback()
handler = callback.handler
shared_dict = Plain()
shared_dict.a = 1
its_dict = shared_dict.__dict__
no_state = Plain()
odd_keys = Plain()
odd_keys.__dict__[1] = "one"
odd_keys.__dict__[(1, 2)] = "two"
fake = FakeClass()
fake.v = 1
copied = Copied()
copied.v = [1]
object_itself = object()
objects = [object_itself, object_itself]
two_dicts = [Plain(), Plain()]
two_dicts[1].__dict__ = two_dicts[0].__dict__
two_dicts[0].shared = True
many = [WithInit(i) for i in range(500)]
log.clear()


def check():
    assert log == [], log
    assert plain.b[0] is plain and plain.a == 1 and list(vars(plain)) == ["a", "b"]
    assert type(inited) is WithInit and inited.n == 3
    assert slots.x[0] is slots and not hasattr(slots, "y") and not hasattr(slots, "__dict__")
    assert slots_dict.x == 1 and slots_dict.other == 2 and vars(slots_dict) == {"other": 2}
    assert private.get() == 7 and private.free == 8
    assert hook_new.z == 1 and type(hook_new) is HookNew
    assert hook_state.z == 2 and type(hook_state) is HookState
    assert vars(hook_attributes) == {"v": 5}
    assert slot_hooks.a == 1 and not hasattr(slot_hooks, "b")
    assert shadow.x == "property" and Slots.x.__get__(shadow) == "cell"
    assert shadow.y == "own" and Slots.y.__get__(shadow) == "base"
    assert same.x == 1 and Slots.x.__get__(same) == 2
    assert bunch["key"] == "value" and bunch.other == 2
    bunch.late = 1
    assert bunch["late"] == 1
    del bunch["late"]
    assert ring.next.next.next is ring
    assert callback.handler() is callback and handler is callback.handler
    its_dict["b"] = 9
    assert shared_dict.b == 9
    del its_dict["b"]
    assert vars(no_state) == {}
    assert odd_keys.__dict__[1] == "one" and odd_keys.__dict__[(1, 2)] == "two"
    assert type(fake) is FakeClass and fake.v == 1
    assert copied.v == [1]
    assert type(object_itself) is object and objects[0] is objects[1] is object_itself
    assert two_dicts[1].shared and two_dicts[0].__dict__ is two_dicts[1].__dict__
    assert [m.n for m in many] == list(range(500))
    log.clear()
