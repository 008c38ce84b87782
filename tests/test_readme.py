"""What README says of the tree, where counting takes no build."""

import glob
import os
import re
import subprocess
import sys
import unittest

from test_build import ROOT, make


class Readme(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as text:
            self.text = text.read()

    def figure(self, pattern):
        found = re.search(pattern, self.text)
        self.assertIsNotNone(found, pattern)
        return int(found.group(1))

    def lines_of(self, *words):
        done = subprocess.run([sys.executable, "-B", *words], cwd=ROOT, capture_output=True,
                              text=True, check=True)
        return done.stdout.split("\n")[:-1]

    def test_targets(self):
        block = re.search(r"    \$ make help\n((?:      .*\n)+)", self.text)
        self.assertIsNotNone(block)
        self.assertEqual(re.sub(r"^    ", "", block.group(1), flags=re.M),
                         make("--no-print-directory", "help").stdout)

    def test_scenarios(self):
        self.assertEqual(self.figure(r"(\d+) scenarios"),
                         len(self.lines_of("tests/qemu/run.py", "--list")))

    def test_faults(self):
        said = "\n".join(self.lines_of("tests/mutants/run.py", "--check"))
        self.assertIn(f" {self.figure(r'([0-9]+) faults')} mutants apply", said)

    def test_maps(self):
        self.assertEqual(self.figure(r"(\d+) maps \|"),
                         len(glob.glob(os.path.join(ROOT, "tests", "maps", "*.map"))))

    def test_rules(self):
        seeded = os.path.join(ROOT, "tests", "lint", "seeded")      # a rule without a seed fails
        self.assertEqual(self.figure(r"(\d+) rules \|"), len(os.listdir(seeded)))


if __name__ == "__main__":
    unittest.main()
