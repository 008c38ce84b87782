"""The host ring on programs and folders of tests that are made up."""

import contextlib
import io
import os
import stat
import sys
import tempfile
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import run      # noqa: E402
from tally import Tally     # noqa: E402

TESTS = """
import unittest

class Cases(unittest.TestCase):
    def test_a(self):
        pass

    {decorator}
    def test_b(self):
        for i in range(3):
            with self.subTest(i=i):
                {body}
"""


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        return path

    def count(self, function, *args):
        """Return: (passed, failed, what was printed)."""
        tally, said = Tally(), io.StringIO()
        with contextlib.redirect_stdout(said):
            function(tally, *args)
        return tally.passed, tally.failed, said.getvalue()


class Units(Folder):
    def units(self, body, decorator=""):
        self.write("test_made_up.py", TESTS.format(body=body, decorator=decorator))
        return self.count(run.run_units, self.folder.name)

    def test_all_pass(self):
        self.assertEqual(self.units("pass")[:2], (2, 0))

    def test_subtests_that_fail_are_one_test(self):
        passed, failed, said = self.units("self.assertEqual(i, 0)")
        self.assertEqual((passed, failed), (1, 1))
        self.assertIn("AssertionError", said)

    def test_what_is_skipped_has_not_passed_and_is_said(self):
        for body, decorator in (("self.skipTest('no tool')", ""),
                                ("pass", "@unittest.skip('no tool')")):
            passed, failed, said = self.units(body, decorator)
            self.assertEqual((passed, failed), (1, 0))
            self.assertIn("1 skipped", said)
            self.assertRegex(said, r"skipped .*test_b: no tool")

    def test_one_part_is_skipped_and_one_fails(self):
        self.assertEqual(self.units("self.skipTest('x') if i else self.fail()")[:2], (1, 1))

    def test_expected_failures(self):
        self.assertEqual(self.units("self.fail()", "@unittest.expectedFailure")[:2], (2, 0))
        self.assertEqual(self.units("pass", "@unittest.expectedFailure")[:2], (1, 1))

    def test_a_module_that_does_not_load(self):
        self.write("test_made_up.py", "import nothing_of_this_name")
        self.assertEqual(self.count(run.run_units, self.folder.name)[:2], (0, 1))

    def test_a_process_that_ends_early(self):
        self.assertEqual(self.units("import os; os._exit(0)")[:2], (0, 1))

    def test_no_folder_no_file_and_no_test_fail(self):
        nowhere = os.path.join(self.folder.name, "nosuch")
        self.assertEqual(self.count(run.run_units, nowhere)[:2], (0, 1))
        self.assertEqual(self.count(run.run_units, self.folder.name)[:2], (0, 1))
        self.write("test_made_up.py", "import unittest")
        self.assertEqual(self.count(run.run_units, self.folder.name)[:2], (0, 1))


class Replays(Folder):
    def replays(self, text):
        return self.count(run.run_replays, self.write("replay", "#!/bin/sh\n" + text),
                          self.folder.name)[:2]

    def test_each_map_is_a_case(self):
        self.write("a.map", "")
        self.write("b.map", "")
        self.assertEqual(self.replays("exit 0"), (2, 0))
        self.assertEqual(self.replays("case $1 in */b.map) exit 1; esac"), (1, 1))

    def test_no_maps(self):
        self.assertEqual(self.replays("exit 0"), (0, 1))

    def test_a_hang(self):
        self.write("a.map", "")
        with mock.patch.object(run, "TIMEOUT", 0.5):
            self.assertEqual(self.replays("exec sleep 60"), (0, 1))


if __name__ == "__main__":
    unittest.main()
