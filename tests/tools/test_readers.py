"""tests/tools/readers.sh: procps reads a good dump, and a bad one is noticed."""

import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from sample import GOOD  # noqa: E402

SKIPPED = 77


class Readers(unittest.TestCase):
    def read(self, dump):
        with tempfile.TemporaryDirectory() as where:
            for name, text in dump.items():
                with open(os.path.join(where, name), "w", encoding="ascii", newline="") as file:
                    file.write(text)
            run = subprocess.run([os.path.join(HERE, "readers.sh"), where], check=False,
                                 capture_output=True, text=True)
        if run.returncode == SKIPPED:
            self.skipTest(run.stdout.strip())
        return run

    def test_a_good_dump_is_read(self):
        run = self.read(GOOD)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_faults_are_noticed(self):
        for name, old, new in (("slabinfo", "version: 2.1", "version: 3.0"),
                               ("slabinfo", "    10     18", "    ten    18"),
                               ("meminfo", "MemFree:  ", "FreeMem:  ")):
            with self.subTest(file=name, old=old):
                run = self.read(dict(GOOD, **{name: GOOD[name].replace(old, new)}))
                self.assertEqual(run.returncode, 1, run.stdout + run.stderr)


if __name__ == "__main__":
    unittest.main()
