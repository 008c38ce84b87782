"""What the Makefile says and knows before it builds anything."""

import os
import re
import subprocess
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def make(*words):
    # Not as a part of the make that runs this: its options would be this one's as well.
    clean = {name: value for name, value in os.environ.items()
             if name not in ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "CC", "STACKS")}
    return subprocess.run(["make", "-C", ROOT, *words], env=clean, capture_output=True, text=True,
                          check=False)


class Words(unittest.TestCase):
    def test_compilers(self):
        for name in ("gcc", "clang"):
            self.assertEqual(make("-n", f"CC={name}", "help").returncode, 0)

    def test_other_compilers_are_refused(self):
        for name in ("cc", "gcc-12", "ccache gcc", ""):
            done = make("-n", f"CC={name}", "help")
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"CC={name}: expected gcc or clang", done.stderr)

    def test_other_stacks_are_refused(self):
        self.assertIn("expected restartable or portable", make("-n", "STACKS=x", "help").stderr)

    def test_fuzz_targets_that_there_are_not(self):
        said = make("-n", "FUZZ_ONLY=pages page", "fuzz").stderr
        self.assertIn("FUZZ_ONLY=page: expected some of multiboot2 ", said)
        self.assertIn("FUZZ_ONLY is empty", make("-n", "FUZZ_ONLY=", "fuzz").stderr)
        self.assertRegex(make("-n", "FUZZ_ONLY=pages edit", "fuzz").stdout,
                         r"--seconds 600 pages +edit\n")


class Lists(unittest.TestCase):
    """A list that got shorter leaves no prerequisite that is newer: it has to be one itself."""

    def test_lists_are_prerequisites(self):
        rules = make("-pn", "CC=gcc", "help").stdout
        for target, stamp in (("quire0.elf", "objects"), ("quire.elf", "objects"),
                              ("quire.iso", "modules"), ("dump.iso", "modules")):
            needs = re.search(rf"^build/gcc/{re.escape(target)}: (.*)", rules, re.M)
            self.assertIn(f"build/gcc/{stamp}", needs.group(1).split(), target)


if __name__ == "__main__":
    unittest.main()
