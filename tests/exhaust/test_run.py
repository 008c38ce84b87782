"""The exhaust ring on programs that are made up."""

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

# One page, out or free: two states.
ZONE = "# zone a page: map=# shift=0 lists=0 exact=1 mirror=0 states=2 operations=3 depth=1\n"
SEARCHES = f"""KTAP version 1
1..2
{ZONE}ok 1 - every state: zone, a page
# cache one: states=5 operations=6 depth=7
ok 2 - every state: cache, one
"""


class Judge(unittest.TestCase):
    def judge(self, status, out):
        """Return: (passed, failed)."""
        tally = Tally()
        with contextlib.redirect_stdout(io.StringIO()):
            run.judge(tally, "exhaust", Done(status, out, "", 1.0))
        return tally.passed, tally.failed

    def test_searches_the_program_and_the_count(self):
        self.assertEqual(self.judge(0, SEARCHES), (4, 0))

    def test_a_program_that_hangs_behind_its_last_search(self):
        self.assertEqual(self.judge(None, SEARCHES), (3, 1))

    def test_a_number_of_states_that_is_not_the_counted_one(self):
        self.assertEqual(self.judge(0, SEARCHES.replace("states=2", "states=3")), (3, 1))

    def test_a_zone_whose_line_cannot_be_read(self):
        for line in ("", ZONE.replace("shift", "unit"), ZONE.replace("states=2", "states=")):
            self.assertEqual(self.judge(0, SEARCHES.replace(ZONE, line)), (3, 1), line)

    def test_another_zones_line_does_not_do(self):
        self.assertEqual(self.judge(0, SEARCHES.replace(ZONE, ZONE.replace("a page", "b"))), (4, 1))

    def test_a_search_that_failed_has_no_number(self):
        failed = SEARCHES.replace(ZONE + "ok 1", "not ok 1")
        self.assertEqual(self.judge(1, failed)[1], 2)

    def test_no_zone_at_all(self):
        failed = SEARCHES.replace("zone, a page", "cache, two").replace(ZONE, "")
        self.assertEqual(self.judge(0, failed), (3, 1))


if __name__ == "__main__":
    unittest.main()
