# What a case keeps over a save: functions named in the case build objects and return what to do with
# them; those that went through the save must do what new ones do.


class Held:
    def __init__(self, namespace):
        builders = [f for f in list(namespace.values()) if getattr(f, "__module__", None) == "__main__"]
        self.expected = {build.__name__: repr(build()()) for build in builders}
        self.kept = {build.__name__: build() for build in builders}
        self.ran = 0

    def check(self):
        self.ran += 1
        if self.ran < 2:  # what can be done once only: after saving, and after loading
            return
        for name, behave in self.kept.items():
            got = repr(behave())
            assert got == self.expected[name], f"{name}:\n{got}\nexpected\n{self.expected[name]}"
