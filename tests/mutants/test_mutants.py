"""The lists of seeded faults: what is read, what does not fit, and what counts as caught."""

import contextlib
import io
import os
import sys
import tempfile
import types
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import mutants  # noqa: E402
import rings    # noqa: E402
import run      # noqa: E402

ONE = """# a comment
mutant no-merge
file {path}
----
\tif (a)
====
\tif (b)
----

"""
KTAP = """KTAP version 1
1..2
    KTAP version 1
    # Subtest: buddy
    1..2
    ok 1 - one
    not ok 2 - two
not ok 1 - buddy
"""


def watch(*lines):
    watcher = rings.Watcher()
    for line in lines:
        watcher.feed(line)
    return watcher


class Lists(unittest.TestCase):
    def setUp(self):
        source, self.path = tempfile.mkstemp()
        os.write(source, b"{\n\tif (a)\n\t\tb();\n}\n")
        os.close(source)
        self.addCleanup(os.unlink, self.path)
        self.text = ONE.format(path=self.path)

    def problems(self, text, needed=(), least=1):
        return mutants.problems_of(mutants.read(text), ("suites",), needed, least)

    def test_one_that_fits(self):
        self.assertEqual(self.problems(self.text), [])
        self.assertEqual(mutants.read(self.text)[0].apply("\tif (a)\n;"), "\tif (b)\n;")

    def test_old_text_that_is_gone(self):
        self.assertIn("occurs 0 times", self.problems(self.text.replace("(a)", "(c)"))[0])

    def test_old_text_that_is_there_twice(self):
        with open(self.path, "ab") as source:
            source.write(b"\tif (a)\n")
        self.assertIn("occurs 2 times", self.problems(self.text)[0])

    def test_a_name_twice(self):
        self.assertIn("is also at list:2", self.problems(self.text * 2)[0])

    def test_a_file_without_one_and_too_few(self):
        self.assertEqual(len(self.problems(self.text, (self.path, "mm/other.c"), 2)), 2)

    def test_no_such_ring(self):
        self.assertEqual(len(self.problems(self.text.replace("\n----", "\nfirst x\n----", 1))), 1)

    def test_what_is_not_understood(self):
        for text in (self.text.replace("====\n", ""), self.text.replace("(b)", "(a)"),
                     self.text.replace("mutant ", "mutand "), self.text.replace("file", "# file"),
                     self.text.replace("no-merge", "No Merge")):
            with self.assertRaises(mutants.Bad):
                mutants.read(text)


class Watching(unittest.TestCase):
    def test_a_failed_case(self):
        watcher = watch(*KTAP.splitlines())
        self.assertEqual(watcher.verdict(1, False), "buddy.two")

    def test_all_pass(self):
        lines = [line.replace("not ok", "ok") for line in KTAP.splitlines()]
        self.assertIsNone(watch(*lines).verdict(0, False))

    def test_a_crash_names_the_case_before_it_and_what_was_said(self):
        watcher = watch(*KTAP.splitlines()[:6], "panic on CPU 0: assertion failed: x")
        self.assertIn("after buddy.one", watcher.verdict(1, False))
        self.assertIn("assertion failed", watcher.verdict(1, False))

    def test_a_hang(self):
        self.assertIn("hang after buddy.one", watch(*KTAP.splitlines()[:6]).verdict(None, True))

    def test_a_status_without_a_word(self):
        self.assertIn("status 7", watch().verdict(7, False))

    def test_a_boot_that_hangs_and_one_that_fails(self):
        lines = ["  FAILED  one boot (60 s)", " " * 10 + "no prompt", " " * 10 + "timeout"]
        seen = watch(*lines).verdict(1, False)
        self.assertEqual(seen, "one boot: timeout")
        self.assertTrue(rings.is_hang(seen))
        seen = watch(*lines, " " * 10 + "not ok: two").verdict(1, False)
        self.assertEqual(seen, "one boot: not ok: two")
        self.assertFalse(rings.is_hang(seen))


class Hangs(unittest.TestCase):
    """A program that counts in a file how often it was run."""

    def run_ring(self, text, timeout=2):
        with tempfile.TemporaryDirectory() as tree:
            with open(os.path.join(tree, "program"), "w", encoding="ascii") as out:
                out.write("echo run >>runs\n" + text)
            seen = rings.run(rings.Ring("x", "", (), ("sh ./program",), timeout), tree)
            with open(os.path.join(tree, "runs"), encoding="ascii") as runs:
                return seen, len(runs.readlines())

    def test_late_once_is_no_hang(self):
        self.assertEqual(self.run_ring("test $(wc -l <runs) = 2 || exec sleep 60"), (None, 2))

    def test_late_twice_is_one(self):
        seen, runs = self.run_ring("exec sleep 60", 1)
        self.assertTrue(rings.is_hang(seen))
        self.assertEqual(runs, 2)

    def test_the_second_time_has_more_time(self):
        text = "test $(wc -l <runs) = 2 || exec sleep 60; sleep 3; echo ok 1 - one"
        self.assertEqual(self.run_ring(text), (None, 2))

    def test_a_failure_is_not_asked_again(self):
        self.assertEqual(self.run_ring("echo not ok 1 - one"), ("one", 1))

    def test_boots_get_longer_limits_too(self):
        command, = rings.boots("x")
        self.assertIn(f" --patience {rings.PATIENCE} --logs", rings.patient(command))


class Report(unittest.TestCase):
    def report(self, *rows):
        mutant = types.SimpleNamespace(name="no-merge", where="list:2")
        ran = types.SimpleNamespace(rows=[(mutant, *row) for row in rows], errors=[])
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            status = run.report(ran, rows, 61)
        return status, said.getvalue().strip().split("\n")

    def test_hangs_stand_apart(self):
        status, lines = self.report(("suites", "buddy.two"), ("suites", "hang after buddy.one"))
        self.assertEqual(status, 0)
        self.assertEqual(lines[-2:], ["  1 of 2 by a hang", "2 of 2 caught"])
        self.assertIn("  by a hang: no-merge (suites: hang after buddy.one)", lines)

    def test_one_that_survived(self):
        status, lines = self.report(("suites", "buddy.two"), (None, ""))
        self.assertEqual((status, lines[-1]), (1, "1 of 2 caught"))


if __name__ == "__main__":
    unittest.main()
