# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""A simulation of machines and jobs: generators as processes on a heap of events, with interrupts."""
import heapq
import itertools
import random

from digest import Digest, report


class Interrupted(Exception):
    pass


class Simulation:
    def __init__(self, seed):
        self.now, self.events, self.numbers = 0, [], itertools.count()
        self.random = random.Random(seed)
        self.log = []

    def start(self, process, after=0):
        heapq.heappush(self.events, (self.now + after, next(self.numbers), process))

    def interrupt(self, process):
        self.events = [event for event in self.events if event[2] is not process]
        heapq.heapify(self.events)
        self.step(process, process.throw, Interrupted(self.now))

    def step(self, process, resume, *args):
        try:
            wish = resume(*args)
        except StopIteration as end:
            self.log.append((self.now, "ended", end.value))
        else:
            self.start(process, wish)

    def run(self, until):
        while self.events and self.events[0][0] <= until:
            self.now, _, process = heapq.heappop(self.events)
            self.step(process, process.send, None)


class Machine:
    def __init__(self, simulation, name):
        self.simulation, self.name = simulation, name
        self.queue, self.made, self.broken = [], 0, 0

    def work(self):
        draw = self.simulation.random
        while True:
            while not self.queue:
                try:
                    yield 1
                except Interrupted:
                    yield from self.repair()
            weight, job = heapq.heappop(self.queue)
            left = weight + draw.randrange(5)
            while left > 0:
                begun = self.simulation.now
                try:
                    yield left
                    left = 0
                except Interrupted as e:
                    self.broken += 1
                    left -= self.simulation.now - begun
                    self.simulation.log.append((self.name, job, left, e.args))
                    yield from self.repair()
                finally:
                    self.made += left == 0

    def repair(self):
        for tool in range(self.simulation.random.randrange(1, 4)):
            yield tool + 1
        return "repaired"


def arrivals(simulation, machines, count):
    for job in range(count):
        machine = min(machines, key=lambda m: (len(m.queue), m.name))
        heapq.heappush(machine.queue, (simulation.random.randrange(1, 9), job))
        yield simulation.random.randrange(4)
    return count


def breakdowns(simulation, workers):
    while True:
        yield simulation.random.randrange(15, 40)
        simulation.interrupt(simulation.random.choice(workers))


digest = Digest()
for seed in range(350):
    simulation = Simulation(seed)
    machines = [Machine(simulation, f"m{i}") for i in range(3)]
    workers = [machine.work() for machine in machines]
    for worker in workers:
        simulation.start(worker)
    simulation.start(arrivals(simulation, machines, 180))
    simulation.start(breakdowns(simulation, workers))
    simulation.run(700)
    digest.add([(m.made, m.broken, len(m.queue)) for m in machines], simulation.log[-20:])
report("event_simulation", digest)
