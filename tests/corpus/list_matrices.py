# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Linear algebra in lists: products, elimination with pivots, exact inverses, power iteration, Strassen."""
from fractions import Fraction

from digest import Digest, report


def matrix(n, seed):
    state, rows = seed + 1, []
    for _ in range(n):
        row = []
        for _ in range(n):
            state = state * 1103515245 + 12345 & 0x7FFFFFFF
            row.append(state % 19 - 9)
        rows.append(row)
    return rows


def product(a, b):
    columns = list(zip(*b))
    return [[sum(x * y for x, y in zip(row, column)) for column in columns] for row in a]


def solved(a, right):
    """Gauss with partial pivoting; None for a singular matrix."""
    rows = [list(map(float, row)) + [float(x)] for row, x in zip(a, right)]
    n = len(rows)
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(rows[r][i]))
        if abs(rows[pivot][i]) < 1e-12:
            return None
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(i + 1, n):
            if factor := rows[r][i] / rows[i][i]:
                for c in range(i, n + 1):
                    rows[r][c] -= factor * rows[i][c]
    for i in reversed(range(n)):
        rows[i][n] = (rows[i][n] - sum(rows[i][c] * rows[c][n] for c in range(i + 1, n))) / rows[i][i]
    return [row[n] for row in rows]


def inverse(a):
    n = len(a)
    rows = [[Fraction(x) for x in row] + [Fraction(int(i == j)) for j in range(n)] for i, row in enumerate(a)]
    for i in range(n):
        for r in range(i, n):
            if rows[r][i]:
                break
        else:
            raise ZeroDivisionError("singular")
        rows[i], rows[r] = rows[r], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for r in range(n):
            if r != i and rows[r][i]:
                rows[r] = [x - rows[r][i] * y for x, y in zip(rows[r], rows[i])]
    return [row[n:] for row in rows]


def power(a, steps):
    vector = [1.0] * len(a)
    for _ in range(steps):
        vector = [sum(x * y for x, y in zip(row, vector)) for row in a]
        norm = max(map(abs, vector)) or 1.0
        vector = [x / norm for x in vector]
    return vector


def strassen(a, b):
    n = len(a)
    if n == 1:
        return [[a[0][0] * b[0][0]]]
    h = n // 2

    def part(m, i, j):
        return [row[j * h:(j + 1) * h] for row in m[i * h:(i + 1) * h]]

    def plus(x, y, sign=1):
        return [[p + sign * q for p, q in zip(r, s)] for r, s in zip(x, y)]

    a11, a12, a21, a22 = (part(a, i, j) for i in (0, 1) for j in (0, 1))
    b11, b12, b21, b22 = (part(b, i, j) for i in (0, 1) for j in (0, 1))
    m1, m2 = strassen(plus(a11, a22), plus(b11, b22)), strassen(plus(a21, a22), b11)
    m3, m4 = strassen(a11, plus(b12, b22, -1)), strassen(a22, plus(b21, b11, -1))
    m5, m6 = strassen(plus(a11, a12), b22), strassen(plus(a21, a11, -1), plus(b11, b12))
    m7 = strassen(plus(a12, a22, -1), plus(b21, b22))
    top = zip(plus(plus(m1, m4), plus(m7, m5, -1)), plus(m3, m5))
    bottom = zip(plus(m2, m4), plus(plus(m1, m2, -1), plus(m3, m6)))
    return [x + y for x, y in top] + [x + y for x, y in bottom]


digest = Digest()
for n in range(260):
    a, b = matrix(8, n), matrix(8, n + 500)
    digest.add(product(a, b) == strassen(a, b), solved(a, [row[0] for row in b]), power(a, 12))
    try:
        small = matrix(2 + n % 4, n)
        digest.add(product(small, inverse(small)))
    except ZeroDivisionError as e:
        digest.add(str(e))
report("list_matrices", digest)
