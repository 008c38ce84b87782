"""Excuses that are whole, and ones that are not."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import excuses  # noqa: E402


class Read(unittest.TestCase):
    def read(self, text):
        return excuses.read("list", text, ("file", "part", "reason"))

    def test_lines_with_their_numbers(self):
        self.assertEqual(self.read("# why\n\nmm/a.c | a || b | never\n"),
                         ([(3, ["mm/a.c", "a || b", "never"])], []))

    def test_too_few_too_many_and_empty_fields(self):
        for line in ("mm/a.c | a", "mm/a.c | a | b | never", "mm/a.c |  | never", "mm/a.c | a | "):
            good, problems = self.read("a | b | c\n" + line)
            self.assertEqual(len(good), 1)
            self.assertEqual(problems, ["list:2: 3 fields: file, part, reason"])


if __name__ == "__main__":
    unittest.main()
