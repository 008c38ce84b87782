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


if __name__ == "__main__":
    unittest.main()
