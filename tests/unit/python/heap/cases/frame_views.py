# frame.f_locals of a function that has returned: a dict, and from Python 3.13 on a view of the frame.
import sys


def run():
    here = [1]
    view = sys._getframe().f_locals
    return sys._getframe(), view, here


frame, view, here = run()


def check():
    assert view["here"] is here and frame.f_locals["here"] is here
    if sys.version_info < (3, 13):
        return
    assert type(view) is type(frame.f_locals) and view["view"] is view
    view["here"] = view["extra"] = 2
    assert frame.f_locals["here"] == frame.f_locals["extra"] == 2
    frame.f_locals["here"] = here
    assert view["here"] is here
