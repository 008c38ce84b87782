"""The random ring's judge on programs that are made up."""

import contextlib
import io
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from program import Done    # noqa: E402
import run      # noqa: E402
from tally import Tally     # noqa: E402

LISTS = """KTAP version 1
1..2
    # seed 0x2a: 100 operations, 3 requests refused, 4 misuses reported
ok 1 - random.seed_2a_cpus_1
    # seed 0x2b: 200 operations, 0 requests refused, 0 misuses reported
ok 2 - random.seed_2b_cpus_1
"""


class Judge(unittest.TestCase):
    def judge(self, status, out):
        """Return: (operations, passed, failed)."""
        tally = Tally()
        with contextlib.redirect_stdout(io.StringIO()):
            executed = run.judge(tally, "random", Done(status, out, "", 1.0))
        return executed, tally.passed, tally.failed

    def test_lists_and_their_operations_are_counted(self):
        self.assertEqual(self.judge(0, LISTS), (300, 3, 0))

    def test_a_list_that_failed(self):
        self.assertEqual(self.judge(1, LISTS.replace("ok 2", "not ok 2")), (300, 1, 1))

    def test_a_program_that_hangs_behind_its_last_list(self):
        self.assertEqual(self.judge(None, LISTS), (300, 2, 1))


class Planted(unittest.TestCase):
    def judge(self, text="int x;\n", nr=2, status=1, most=2):
        out = ("KTAP version 1\n1..1\n    # seed 0x1: 9 operations\n"
               f"    # 400 operations were shrunk to {nr} in 31 runs\n"
               f"---- tests/suites/found_test.c ----\n{text}---- end ----\n"
               "not ok 1 - random.seed_1_cpus_1\n")
        return run.judge_planted(Done(status, out, "", 1.0), most, ["-std=gnu11"])

    def test_a_short_list_whose_test_compiles(self):
        self.assertEqual(self.judge(), [])
        self.assertEqual(self.judge(nr=400, most=None), [])

    def test_a_list_that_stays_long(self):
        self.assertTrue(self.judge(nr=3))

    def test_a_test_that_does_not_compile(self):
        self.assertTrue(self.judge(text="int x = held[0];\n"))

    def test_a_fault_that_nobody_sees(self):
        self.assertTrue(run.judge_planted(Done(0, LISTS, "", 1.0), 2, []))

    def test_a_crash_or_a_hang_of_the_program_itself(self):
        self.assertTrue(self.judge(status=-11))
        self.assertTrue(self.judge(status=None))

    def test_kinds_are_those_of_the_header(self):
        self.assertEqual(run.kinds()[:2], ["PAGES", "PAGES_EXACT"])
        self.assertLessEqual({row[0] for row in run.PLANTED}, set(run.kinds()))


if __name__ == "__main__":
    unittest.main()
