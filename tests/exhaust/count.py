"""How many states a zone has: counted by recursion over blocks, with nothing of the search's.

A block of order k is free, handed out, on a CPU's list of that order, or not one piece: then it is
two halves, in any states but both free, for those would have merged. So

    states(0) = 2 + lists
    states(k) = 2 + lists + states(k-1)^2 - 1

A zone is a row of pieces, the largest aligned blocks that it has whole, and the product of theirs.
Where mirror images count as one, two like halves have n (n + 1) / 2 states instead of n^2, and m
like pieces as many as there are ways to draw m out of n with repetition.

A state may have to be told more about: how many blocks lie on a list. CPUs' lists hold only so
many, and where states differ in the order of lists too, m blocks on one list stand for m! states.
So a block has a polynomial instead of a number: coefficients are numbers of states, exponents say
how many blocks are on each list.
"""

from collections import Counter, defaultdict
from math import factorial

MAX_ORDER = 11      # orders below it exist
ROOM = {0: 30, 1: 16, 2: 8, 3: 4, 9: 2}     # blocks on a CPU's list, by order


def multiply(first, second):
    product = defaultdict(int)
    for a, n in first.items():
        for b, m in second.items():
            product[tuple(x + y for x, y in zip(a, b))] += n * m
    return product


def stretched(poly, times):
    """All exponents are `times` as large: what `times` blocks in the same state have."""
    return {tuple(times * x for x in powers): n for powers, n in poly.items()}


class Zone:
    """`exact`: states differ in the order of lists; `mirror`: images count as one."""

    def __init__(self, text, shift, lists, exact, mirror):
        self.map = text
        self.shift = shift
        self.lists = lists
        self.exact = exact
        self.mirror = mirror
        self.top = min(6, MAX_ORDER - 1 - shift)
        self.names = []     # of the polynomials' variables: ("free", order), (cpu, order)
        for order in range(self.top + 1):
            room = ROOM.get(order + shift)
            if exact:
                self.names.append(("free", order))
            if room and (exact or text.count("#") >> order > room):
                self.names += [(cpu, order) for cpu in range(lists)]
        self.one = {tuple(0 for _ in self.names): 1}

    def variable(self, name):
        return {tuple(int(n == name) for n in self.names): 1}

    def draw(self, poly, count):
        """`count` like blocks; as mirror images, by the cycle index of all permutations."""
        if not self.mirror:
            return multiply(self.draw(poly, count - 1), poly) if count else self.one
        drawn = [self.one]
        for nr in range(1, count + 1):
            total = defaultdict(int)
            for same in range(1, nr + 1):
                part = multiply(drawn[nr - same], stretched(poly, same))
                for powers, n in part.items():
                    total[powers] += n
            drawn.append({powers: n // nr for powers, n in total.items()})
        return drawn[count]

    def block(self, order):
        states = defaultdict(int)
        if order:
            states.update(self.draw(self.block(order - 1), 2))
            for powers in stretched(self.variable(("free", order - 1)), 2):
                states[powers] -= 1
        ways = [("free", order), "out"]
        if order + self.shift in ROOM:
            ways += [(cpu, order) for cpu in range(self.lists)]
        for way in ways:
            for powers in self.variable(way):
                states[powers] += 1
        return states

    def pieces(self):
        """How many of each order."""
        found, start = Counter(), 0
        while start < len(self.map):
            fits = [order for order in range(self.top + 1)
                    if start % (1 << order) == 0 and
                    self.map[start:start + (1 << order)] == "#" * (1 << order)]
            if fits:
                found[fits[-1]] += 1
            start += 1 << fits[-1] if fits else 1
        return found

    def states(self):
        poly, total = self.one, 0
        for order, count in self.pieces().items():
            poly = multiply(poly, self.draw(self.block(order), count))
        for powers, nr in poly.items():
            for (where, order), count in zip(self.names, powers):
                if where != "free" and count > ROOM[order + self.shift]:
                    nr = 0
                nr *= factorial(count) if self.exact else 1
            total += nr
        return total
