# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""A small stack machine: dispatch through dicts of methods, lambdas and bound built-ins."""
import operator

from digest import Digest, report


class Halt(Exception):
    pass


class Machine:
    arithmetic = {"add": operator.add, "mul": operator.mul, "xor": operator.xor,
                  "mod": lambda a, b: a % b if b else a}

    def __init__(self, program):
        self.program, self.stack, self.memory = program, [], [0] * 16
        self.counter = self.steps = 0
        self.table = {name[3:]: getattr(self, name) for name in dir(self) if name.startswith("op_")}

    def op_push(self, value):
        self.stack.append(value)

    def op_load(self, cell):
        self.stack.append(self.memory[cell])

    def op_store(self, cell):
        self.memory[cell] = self.stack.pop()

    def op_jump_if(self, target):
        if self.stack.pop():
            self.counter = target

    def op_math(self, name):
        b, a = self.stack.pop(), self.stack.pop()
        self.stack.append(self.arithmetic[name](a, b))

    def op_halt(self, code):
        raise Halt(code)

    def run(self):
        while True:
            operation, argument = self.program[self.counter]
            self.counter += 1
            self.steps += 1
            self.table[operation](argument)


PROGRAM = [("push", 120000), ("store", 0), ("push", 1), ("store", 1),
           ("load", 1), ("push", 48271), ("math", "mul"), ("push", 2147483647), ("math", "mod"),
           ("store", 1), ("load", 2), ("load", 1), ("math", "xor"), ("store", 2),
           ("load", 0), ("push", -1), ("math", "add"), ("store", 0), ("load", 0),
           ("jump_if", 4), ("halt", 7)]
digest = Digest()
for start in (3, 5, 8):
    machine = Machine([("push", start), ("store", 3)] + [
        (op, arg + 2 if op == "jump_if" else arg) for op, arg in PROGRAM])
    try:
        machine.run()
    except Halt as halt:
        digest.add(halt.args, machine.memory, machine.steps, machine.stack)
report("virtual_machine", digest)
