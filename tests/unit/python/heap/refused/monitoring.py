# a tool of sys.monitoring is in use: counter
import sys

if not hasattr(sys, "monitoring"):
    raise SystemExit("SKIP: sys.monitoring is new in 3.12")

sys.monitoring.use_tool_id(3, "counter")
sys.monitoring.register_callback(3, sys.monitoring.events.PY_START, lambda code, offset: None)
sys.monitoring.set_events(3, sys.monitoring.events.PY_START)


def check():
    sys.monitoring.free_tool_id(3)
