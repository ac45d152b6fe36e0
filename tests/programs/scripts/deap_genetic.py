# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Genetic programming with deap: a formula for a curve, then bit strings by eaSimple."""
import math
import operator
import random

from deap import algorithms, base, creator, gp, tools

random.seed(318)


def protected_division(left, right):
    try:
        return left / right
    except ZeroDivisionError:
        return 1.0


primitives = gp.PrimitiveSet("MAIN", 1)
for function, arity in ((operator.add, 2), (operator.sub, 2), (operator.mul, 2),
                        (protected_division, 2), (operator.neg, 1), (math.cos, 1), (math.sin, 1)):
    primitives.addPrimitive(function, arity)
primitives.addEphemeralConstant("rand101", lambda: random.randint(-1, 1))
primitives.renameArguments(ARG0="x")

creator.create("FitnessMin", base.Fitness, weights=(-1.0,))
creator.create("Tree", gp.PrimitiveTree, fitness=creator.FitnessMin)
toolbox = base.Toolbox()
toolbox.register("expr", gp.genHalfAndHalf, pset=primitives, min_=1, max_=2)
toolbox.register("individual", tools.initIterate, creator.Tree, toolbox.expr)
toolbox.register("population", tools.initRepeat, list, toolbox.individual)
toolbox.register("compile", gp.compile, pset=primitives)


def error(individual, points):
    function = toolbox.compile(expr=individual)
    return math.fsum((function(x) - x ** 4 - x ** 3 - x ** 2 - x) ** 2 for x in points) / len(points),


toolbox.register("evaluate", error, points=[x / 10.0 for x in range(-10, 10)])
toolbox.register("select", tools.selTournament, tournsize=3)
toolbox.register("mate", gp.cxOnePoint)
toolbox.register("expr_mut", gp.genFull, min_=0, max_=2)
toolbox.register("mutate", gp.mutUniform, expr=toolbox.expr_mut, pset=primitives)
toolbox.decorate("mate", gp.staticLimit(key=operator.attrgetter("height"), max_value=17))
toolbox.decorate("mutate", gp.staticLimit(key=operator.attrgetter("height"), max_value=17))

statistics = tools.Statistics(lambda individual: individual.fitness.values)
statistics.register("avg", lambda values: sum(v[0] for v in values) / len(values))
statistics.register("min", min)
population = toolbox.population(n=80)
best = tools.HallOfFame(1)
population, log = algorithms.eaSimple(population, toolbox, 0.5, 0.1, 12, stats=statistics,
                                      halloffame=best, verbose=True)
print(best[0], best[0].fitness.values)

creator.create("FitnessMax", base.Fitness, weights=(1.0,))
creator.create("Bits", list, fitness=creator.FitnessMax)
bits = base.Toolbox()
bits.register("bit", random.randint, 0, 1)
bits.register("individual", tools.initRepeat, creator.Bits, bits.bit, 60)
bits.register("population", tools.initRepeat, list, bits.individual)
bits.register("evaluate", lambda individual: (sum(individual),))
bits.register("mate", tools.cxTwoPoint)
bits.register("mutate", tools.mutFlipBit, indpb=0.05)
bits.register("select", tools.selTournament, tournsize=3)
population, _ = algorithms.eaMuPlusLambda(bits.population(n=60), bits, 60, 120, 0.5, 0.2, 25, verbose=False)
print(max(individual.fitness.values for individual in population), sum(map(sum, population)))
