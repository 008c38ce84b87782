"""What run.py concludes of programs that pass, fail, stop early or find something."""

import os
import stat
import sys
import tempfile
import types
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import run      # noqa: E402

STATS = "#9 DONE cov: 12 ft: 34 corp: 5/6Kb\nstat::number_of_executed_units: %d"


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.corpus = os.path.join(self.folder.name, "corpus")
        self.found = os.path.join(self.folder.name, "found")
        os.mkdir(self.corpus)
        os.mkdir(self.found)
        for name in ("a", "b"):
            with open(os.path.join(self.corpus, name), "w", encoding="ascii") as out:
                out.write(name)

    def program(self, text):
        path = os.path.join(self.folder.name, "program")
        with open(path, "w", encoding="ascii") as out:
            out.write("#!/bin/sh\n" + text)
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        return path


class Replay(Folder):
    def replay(self, text):
        return run.replay_one(self.program(text), "edit", self.corpus)

    def test_every_input(self):
        self.assertEqual(self.replay('shift; printf "%s\\n" "$@"'), (2, []))

    def test_a_failure_names_its_input(self):
        first, second = (os.path.join(self.corpus, name) for name in ("a", "b"))
        for text, path in (('echo "$2"; echo "$3"; exit 1', second), ('echo "$2"; exit 1', first),
                           ('echo "$2"; echo "SUMMARY: x" >&2; exit 1', first)):
            self.assertEqual(self.replay(text)[1][0], f"status 1 in {path}")

    def test_a_failure_before_the_first_input(self):
        self.assertEqual(self.replay("echo no target; exit 2")[1][0],
                         "status 2 before the first input")

    def test_a_hang_names_its_input(self):
        with mock.patch.object(run, "REPLAY_SECONDS", 3):
            self.assertEqual(self.replay('echo "$2"; exec sleep 60')[1],
                             [f"timeout in {os.path.join(self.corpus, 'a')}"])

    def test_an_early_end(self):
        self.assertTrue(self.replay('echo "$2"')[1])

    def test_no_inputs(self):
        for name in os.listdir(self.corpus):
            os.remove(os.path.join(self.corpus, name))
        self.assertTrue(self.replay("true")[1])


class Fuzz(Folder):
    def fuzz_one(self, text):
        args = types.SimpleNamespace(program=self.program(text), corpus=self.corpus,
                                     work=self.folder.name, seconds=1)
        return run.fuzz_one(args, "edit")

    def test_nothing_found(self):
        executions, findings, line, shown = self.fuzz_one(f"echo '{STATS % 1234}'")
        self.assertEqual((executions, findings, shown), (1234, 0, []))
        for words in ("edit ", "1234 executions", "12 edges", "5 inputs", "0 findings"):
            self.assertIn(words, line)

    def test_a_finding(self):
        crash = os.path.join(self.found, "edit-crash-1")
        executions, findings, _, shown = self.fuzz_one(f"echo '{STATS % 7}'; >{crash}; exit 77")
        self.assertEqual((executions, findings), (7, 1))
        self.assertTrue(shown)

    def test_an_early_end_counts(self):
        self.assertEqual(self.fuzz_one("exit 1")[:2], (0, 1))
        self.assertEqual(self.fuzz_one("exit 0")[:2], (0, 1))


class Choice(Folder):
    def test_limits(self):
        edges, counts = (os.path.join(self.folder.name, name) for name in ("edges", "counts"))
        for folder, nr in ((edges, 50), (counts, 400)):
            os.mkdir(folder)
            for i in range(nr):
                with open(os.path.join(folder, f"{i:04}"), "wb") as out:
                    out.write(bytes(i * 5))
        os.rename(os.path.join(self.corpus, "a"), os.path.join(self.corpus, "found-a"))
        chosen = run.choose(self.corpus, edges, counts)
        names = {os.path.basename(path) for _, path in chosen}
        self.assertLessEqual(len(chosen), run.MAX_FILES)
        self.assertLessEqual(sum(size for size, _ in chosen), run.MAX_BYTES)
        self.assertLessEqual({f"{i:04}" for i in range(50)} | {"found-a"}, names)
        self.assertNotIn("b", names)
        self.assertGreater(max(size for size, _ in chosen), 1000)


if __name__ == "__main__":
    unittest.main()
