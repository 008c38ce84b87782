"""Maps of real machines: each names its source, and where Linux counted pages we count the same.

Linux printed the counts when it booted on the machine itself, so they are a check of the oracle by
something that has nothing to do with it. Linux leaves ACPI's memory and page 0 out.
"""

import os
import re
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import oracle   # noqa: E402

LEAST = 25          # maps of real machines
LEAST_ALL = 60      # maps
LEAST_COUNTED = 19  # of the real ones, by Linux too
SOURCE = re.compile(r"^# (https://\S+|.*https://\S+:)$")
COUNTED = re.compile(r"^# Linux counted usable pages without page 0: (.+)$")
ZONES = {"DMA": (0, 16 << 20), "DMA32": (16 << 20, 1 << 32), "Normal": (1 << 32, 1 << 64),
         "all": (0, 1 << 64)}


def lines_of(name):
    with open(os.path.join(HERE, name), encoding="ascii") as lines:
        return lines.read().splitlines()


def maps(prefix=""):
    return sorted(name for name in os.listdir(HERE)
                  if name.startswith(prefix) and name.endswith(".map"))


def usable_pages(lines, low, high):
    """From the expectations, as the oracle wrote them."""
    pages = 0
    for line in lines:
        words = line.split()
        if words[:1] == ["expect-range"] and words[3] == "1":
            start, end = max(int(words[1], 16), low), min(int(words[2], 16), high)
            pages += max(0, end - start) // oracle.PAGE
    return pages


class Real(unittest.TestCase):
    def test_there_are_enough(self):
        self.assertGreaterEqual(len(maps()), LEAST_ALL)
        self.assertGreaterEqual(len(maps("real-")), LEAST)

    def test_each_names_its_source(self):
        for name in maps("real-"):
            with self.subTest(name):
                head = lines_of(name)[:4]
                self.assertTrue(any(SOURCE.match(line) for line in head), head)

    def test_as_many_pages_as_linux_counted(self):
        counted = 0
        for name in maps("real-"):
            lines = lines_of(name)
            found = [m.group(1).split() for m in map(COUNTED.match, lines) if m]
            counted += len(found)
            for words in found:
                for zone, pages in zip(words[::2], words[1::2]):
                    low, high = ZONES[zone]
                    page_0 = low == 0 and usable_pages(lines, 0, oracle.PAGE)
                    with self.subTest(f"{name} {zone}"):
                        self.assertEqual(usable_pages(lines, low, high) - page_0, int(pages))
        self.assertGreaterEqual(counted, LEAST_COUNTED)


if __name__ == "__main__":
    unittest.main()
