"""A session at the prompt is held against what a machine would have answered."""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from faults import Person     # noqa: E402

PROMPT = "quire> "
SOAK = """soak 1
KTAP version 1
1..6
# soak: 2 CPUs, 1 s, seed 0x2a
ok 1 - every content is what its owner wrote
ok 2 - every allocation is freed
ok 3 - every page is back
ok 4 - the invariants hold
ok 5 - the ledger is closed
ok 6 - enough was done
"""


class Console:
    """A machine that gives one answer to whatever is typed."""

    def __init__(self, answer):
        self.answer = answer

    def type(self, text):
        pass

    def expect(self, pattern):
        return self.answer


class Tests(unittest.TestCase):
    def problems(self, answer):
        person = Person(Console(answer), PROMPT)
        person.run_tests("soak 1")
        return person.problems

    def test_good(self):
        self.assertEqual(self.problems(SOAK + PROMPT), [])

    def test_each_result_counts(self):
        for number in range(1, 7):
            self.assertTrue(self.problems(SOAK.replace(f"\nok {number} ", f"\nnot ok {number} ")))

    def test_cut_anywhere(self):
        lines = SOAK.split("\n")
        for end in range(len(lines) - 1):
            self.assertTrue(self.problems("\n".join(lines[:end]) + "\n" + PROMPT), end)

    def test_no_answer(self):
        self.assertTrue(self.problems(None))

    def test_level_demands_all_of_the_soak(self):
        for answer, good in ((SOAK, True), (SOAK.replace("\nok 5", "\nnot ok 5"), False)):
            person = Person(Console(answer), PROMPT)
            person.level()
            self.assertEqual(not person.problems, good)


if __name__ == "__main__":
    unittest.main()
