# What has been shown once is not shown again, however often a load itself changes the filters.
import logging
import warnings


class ChangesFilters:
    def __getstate__(self):
        return {"times": 40}

    def __setstate__(self, state):
        for _ in range(state["times"]):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")


def shown_by(step):
    with_hook, shown = warnings.showwarning, []
    warnings.showwarning = lambda *what, **more: shown.append(what)
    try:
        warnings.warn(f"step {step}")
    finally:
        warnings.showwarning = with_hook
    return len(shown)


held = ChangesFilters()
warnings.simplefilter("default")
assert shown_by(1) == 1
logger = logging.getLogger("asked.before")
logger.isEnabledFor(logging.DEBUG)


def check():
    assert shown_by(1) == 0
    assert logger._cache == {logging.DEBUG: False}
