# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Discrete events with simpy: customers who wait for a counter, lose patience, machines that break."""
import random

import simpy

random.seed(42)
log = []
broken = {}


def customer(env, name, counters):
    arrived = env.now
    with counters.request() as request:
        patience = random.uniform(1, 3)
        results = yield request | env.timeout(patience)
        if request in results:
            yield env.timeout(random.expovariate(1.0 / 12.0))
            log.append((env.now, name, "served", env.now - arrived))
        else:
            log.append((env.now, name, "left", env.now - arrived))


def source(env, count, counters):
    for number in range(count):
        env.process(customer(env, f"customer{number:04d}", counters))
        yield env.timeout(random.expovariate(1.0 / 4.0))


def machine(env, name, repairman):
    made = 0
    while True:
        left = random.normalvariate(10, 2)
        while left > 0:
            start = env.now
            try:
                yield env.timeout(abs(left))
                left = 0
                made += 1
            except simpy.Interrupt:
                left -= env.now - start
                broken[name] = True
                with repairman.request(priority=1) as request:
                    yield request
                    yield env.timeout(30)
                broken[name] = False
        if made % 50 == 0:
            log.append((env.now, name, "made", made))


def breaker(env, name, process):
    while True:
        yield env.timeout(random.expovariate(1.0 / 300))
        if not broken.get(name):
            process.interrupt("worn out")


env = simpy.Environment()
counters = simpy.Resource(env, capacity=2)
env.process(source(env, 8000, counters))
repairman = simpy.PriorityResource(env, capacity=1)
for number in range(4):
    process = env.process(machine(env, f"machine{number}", repairman))
    env.process(breaker(env, f"machine{number}", process))
env.run(until=30000)
print(len(log), sum(entry[3] for entry in log))
for entry in log[::200]:
    print(entry)
