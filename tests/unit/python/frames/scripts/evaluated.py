# kinds: 1 6
def spin(n, start=0):
    s = start
    for i in range(n):
        s = (s * 31 + i) % 1000003
    return s


source = """
total = 0
for i in range(4):
    total += spin(200 + i)
class Made:
    size = spin(300)
    both = [size + q for q in range(2)]
    def get(self):
        return self.size
result = Made().get() + total
"""
for turn in range(18):
    space = {"spin": spin}
    exec(source, space)
    log(space["result"], space["Made"].both)
    exec(compile("def f(x):\n  return spin(x)\nlog('in exec', f(300))", "<made>", "exec"))
    log(eval("spin(400) + turn"), eval("[spin(100 + k) for k in range(3)]", {"spin": spin}))
    try:
        exec("spin(300)\nraise OSError(spin(10))")
    except OSError as error:
        log(error, error.__traceback__.tb_next.tb_lineno)
