"""What is concluded of programs that pass, fail, lie, crash or hang."""

import contextlib
import io
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import program  # noqa: E402
from tally import Tally     # noqa: E402

GOOD = "KTAP version 1\n1..2\nok 1 - one\nok 2 - two\n"
BAD = GOOD.replace("ok 2", "not ok 2")
SKIP = GOOD.replace("two", "two # SKIP why")
LIMIT = 20          # seconds, of programs that end at once


def shell(text, timeout=LIMIT):
    return program.execute("/bin/sh", "-c", text, timeout=timeout)


class Execute(unittest.TestCase):
    def test_status_and_both_outputs(self):
        done = shell("echo a; echo b >&2; exit 3")
        self.assertEqual((done.status, done.out, done.err), (3, "a\n", "b\n"))
        self.assertEqual(done.problems(), ["status 3", "b", "a"])

    def test_a_reason_before_a_long_end_is_shown(self):
        long = "\n".join(f"line {i}" for i in range(program.SAID))
        done = program.Done(1, f"first\n    # the reason\nsecond\n{long}\n", "a race\n", 1.0)
        self.assertEqual(done.said(), ["a race", "    # the reason"] + long.split("\n"))

    def test_a_good_end_is_no_problem(self):
        self.assertEqual(shell("echo a").problems(), [])

    def test_a_signal_is_a_status(self):
        self.assertEqual(shell("kill -9 $$").status, -9)

    def test_a_timeout_has_no_status_and_keeps_what_was_said(self):
        done = shell("echo a; echo b >&2; exec sleep 60", timeout=3)
        self.assertIsNone(done.status)
        self.assertEqual((done.out, done.err), ("a\n", "b\n"))
        self.assertIn("timeout", done.problems()[0])

    def test_bytes_that_are_no_text(self):
        self.assertEqual(shell("printf '\\377'").out, "\ufffd")

    def test_the_environment_is_added_to(self):
        done = program.execute("/bin/sh", "-c", 'echo "$A" "${PATH:+path}"', timeout=LIMIT,
                               env={"A": "a"})
        self.assertEqual(done.out, "a path\n")


class Judge(unittest.TestCase):
    def judge(self, status, out):
        """Return: (passed, failed, what was printed)."""
        tally, said = Tally(), io.StringIO()
        with contextlib.redirect_stdout(said):
            program.judge(tally, "x", program.Done(status, out, "", 1.0))
        return tally.passed, tally.failed, said.getvalue()

    def test_a_good_program_is_a_case_itself(self):
        self.assertEqual(self.judge(0, GOOD)[:2], (3, 0))

    def test_a_timeout_fails_although_all_cases_passed(self):
        passed, failed, said = self.judge(None, GOOD)
        self.assertEqual((passed, failed), (2, 1))
        self.assertIn("timeout", said)

    def test_a_timeout_fails_when_a_case_failed_too(self):
        self.assertEqual(self.judge(None, BAD)[:2], (1, 2))

    def test_a_failed_case_counts_once_and_is_named(self):
        passed, failed, said = self.judge(1, BAD)
        self.assertEqual((passed, failed), (1, 1))
        self.assertIn("not ok: two", said)

    def test_a_status_that_contradicts_the_cases(self):
        self.assertEqual(self.judge(0, BAD)[:2], (1, 2))
        self.assertEqual(self.judge(1, GOOD)[:2], (2, 1))
        self.assertEqual(self.judge(-11, GOOD)[:2], (2, 1))

    def test_a_stream_that_is_cut_off(self):
        lines = GOOD.splitlines()
        for nr in range(len(lines)):
            self.assertEqual(self.judge(0, "\n".join(lines[:nr]))[1], 1, nr)

    def test_what_was_skipped_is_said_and_has_not_passed(self):
        passed, failed, said = self.judge(0, SKIP)
        self.assertEqual((passed, failed), (2, 0))
        self.assertIn("1 skipped", said)


if __name__ == "__main__":
    unittest.main()
