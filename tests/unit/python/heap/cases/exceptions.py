# Exceptions with everything that hangs on them.
import sys
import traceback


class Custom(Exception):
    def __init__(self, code, *, detail):
        super().__init__(code)
        self.code, self.detail = code, detail


class Slotted(ValueError):
    __slots__ = ("x",)

    def __str__(self):
        return "slotted"


def fail(n):
    here = n * 2
    if n:
        return fail(n - 1)
    raise Custom(3, detail=[1])


def catch(f, *args):
    try:
        f(*args)
    except BaseException as e:
        return e


def chained():
    try:
        1 / 0
    except ZeroDivisionError as e:
        raise KeyError("k") from e


def context():
    try:
        {}["missing"]
    except KeyError:
        raise ValueError("second")


class Dropped:
    def __del__(self):
        raise KeyError("dropped")


unraisable = []
sys.unraisablehook = unraisable.append
Dropped()
sys.unraisablehook = sys.__unraisablehook__
custom = catch(fail, 2)
chain, ctx = catch(chained), catch(context)
kinds = [catch(open, "/nonexistent/file"), catch(int, "x"), catch(b"\xff".decode, "utf-8"),
         catch("\udc80".encode, "utf-8"), catch(compile, "a b", "<f>", "exec"), catch(__import__, "nope_nope"),
         StopIteration(5), SystemExit(3), KeyboardInterrupt(), MemoryError(), catch(getattr, 1, "zz"),
         catch(eval, "undefined_name"), AssertionError("a", 1), OSError(2, "No such", "f1", None, "f2"),
         BlockingIOError(1, "b", 5), UnicodeTranslateError("abc", 0, 1, "why")]
slotted = Slotted(1)
slotted.x = 5
noted = ValueError("n")
noted.add_note("a note")
loop = ValueError("loop")
loop.__context__ = KeyError(loop)
group = ExceptionGroup("eg", [ValueError(1), ExceptionGroup("in", [TypeError(2)])])
caught_group = catch(lambda: (_ for _ in ()).throw(group))
shown = "".join(traceback.format_exception(custom))
texts = [repr(k) + str(k) for k in kinds]
suppressed = ValueError()
suppressed.__suppress_context__ = True


def check():
    assert type(custom) is Custom and custom.code == 3 and custom.detail == [1] and custom.args == (3,)
    assert "".join(traceback.format_exception(custom)) == shown
    tb, names = custom.__traceback__, []
    while tb:
        names.append((tb.tb_frame.f_code.co_name, dict(tb.tb_frame.f_locals).get("here")))
        tb = tb.tb_next
    assert [n for n, _ in names] == ["catch", "fail", "fail", "fail"] and names[1][1] == 4, names
    [told] = unraisable
    assert told.exc_type is KeyError and told.exc_value.args == ("dropped",) and told.object is Dropped.__del__
    assert isinstance(chain.__cause__, ZeroDivisionError) and chain.__suppress_context__
    assert isinstance(ctx.__context__, KeyError) and not ctx.__suppress_context__
    assert [repr(k) + str(k) for k in kinds] == texts
    assert kinds[0].errno == 2 and kinds[0].filename == "/nonexistent/file"
    assert kinds[2].object == b"\xff" and kinds[2].start == 0 and kinds[2].end == 1 and kinds[2].encoding == "utf-8"
    assert kinds[4].lineno == 1 and kinds[4].text == "a b\n" and kinds[5].name == "nope_nope"
    assert kinds[6].value == 5 and kinds[7].code == 3 and kinds[10].name == "zz" and kinds[11].name == "undefined_name"
    assert kinds[13].filename2 == "f2" and kinds[14].characters_written == 5
    assert slotted.x == 5 and str(slotted) == "slotted" and noted.__notes__ == ["a note"]
    assert loop.__context__.args[0] is loop and suppressed.__suppress_context__
    assert group.message == "eg" and len(group.exceptions) == 2 and caught_group is group
    try:
        raise custom
    except Custom as e:
        assert e is custom
        custom.__traceback__ = custom.__traceback__.tb_next
