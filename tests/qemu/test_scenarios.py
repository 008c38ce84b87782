"""What the scenarios check is itself held against figures worked out by hand."""

import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import maps     # noqa: E402
import tally    # noqa: E402
from scenarios import (fails, follows, memory_for, replays, runs, spread,     # noqa: E402
                       zones_follow)

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

LOG = """memmap-v1
0x0000000000000000 0x000000000009fc00 1
0x000000000009fc00 0x0000000000000400 2
0x0000000000100000 0x0000000003f00000 1
end
zone DMA    [0x00000000000-0x00000ffffff] pages: 3999 present, 3700 managed, 3600 free, \
watermarks 1/2/3
zone DMA32  [0x00001000000-0x00003ffffff] pages: 12288 present, 12288 managed, 12000 free, \
watermarks 1/2/3
"""


class Maps(unittest.TestCase):
    def ranges(self, *entries):
        return maps.ram_ranges(entries)

    def test_restrictive_type_wins(self):
        self.assertEqual(self.ranges((0, 16 * KIB, 1), (4 * KIB, 4 * KIB, 2)),
                         [(0, 4 * KIB), (8 * KIB, 16 * KIB)])

    def test_partly_reserved_page_is_lost(self):
        self.assertEqual(self.ranges((0, 16 * KIB, 1), (5 * KIB, KIB, 2)),
                         [(0, 4 * KIB), (8 * KIB, 16 * KIB)])

    def test_neighbours_share_a_page(self):
        self.assertEqual(self.ranges((0, 5 * KIB, 1), (5 * KIB, 3 * KIB, 3)), [(0, 8 * KIB)])

    def test_zero_wrap_and_unknown(self):
        self.assertEqual(self.ranges((0, 0, 1), ((1 << 64) - 4096, 8192, 1), (0, 4096, 77)), [])

    def test_zones(self):
        ranges = self.ranges((15 * MIB, 2 * MIB, 1), (4 * GIB - MIB, 3 * MIB, 1))
        self.assertEqual(maps.present(ranges), {"DMA": 256, "DMA32": 512, "Normal": 512})

    def test_each_byte_is_named_once(self):
        self.assertEqual(maps.named([(8192, 4096, 2), (0, 4096, 1), (1000, 4096, 2), (0, 0, 1),
                                     (2000, 100, 1)]), 5096 + 4096)
        self.assertEqual(maps.named([((1 << 64) - 4096, 8192, 1)]), 4096)

    def test_limit(self):
        self.assertEqual(maps.ram_ranges([(0, 64 * MIB, 1)], 8 * MIB), [(0, 8 * MIB)])

    def test_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".map") as out:
            out.write("# a machine\nmemmap-v1\n0x0 0x1000 1\n0xf0000000 0x10000 2\nend\n")
            out.flush()
            self.assertEqual(maps.read_map(out.name), [(0, 4096, 1), (0xf0000000, 65536, 2)])

    def test_cut_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".map") as out:
            out.write("memmap-v1\n0x0 0x1000 1\n")
            out.flush()
            self.assertRaises(ValueError, maps.read_map, out.name)

    def test_words(self):
        entries = [(0, 4096, 1), (8192, 4096, 2), (12288, 4096, 3), (0, 0, 1)]
        self.assertEqual(maps.as_words(entries),
                         ["memmap=exactmap", "memmap=0x1000@0x0,0x1000!0x2000,0x1000#0x3000"])

    def test_words_are_short(self):
        entries = [((1 << 63) + (i << 20), (1 << 63) - (i << 20), 2) for i in range(35)]
        words = maps.as_words(entries)
        self.assertTrue(all(len(word) <= 511 for word in words))
        self.assertEqual(sum(word.count("!") for word in words), 35)

    def test_memory(self):
        low = [(0, 640 * KIB, 1), (MIB, 31 * MIB, 1)]
        self.assertEqual(memory_for(low), 3 * 1024)
        self.assertEqual(memory_for(low + [(4 * GIB, 3 * GIB, 1)]), 6 * 1024)
        self.assertEqual(memory_for(low + [(4 * GIB, 14 * MIB, 1)]), 3584)   # else all is below
        self.assertIsNone(memory_for(low + [(3 * GIB, MIB, 1)]))    # the PCI hole
        self.assertIsNone(memory_for(low + [(4 * GIB, 2 << 40, 1)]))
        self.assertIsNone(memory_for([(0, 16 * MIB, 1)]))           # RAM where the VGA is
        self.assertIsNone(memory_for([(32 * MIB, MIB, 1)]))         # no room for the kernel
        self.assertIsNone(memory_for(low + [((1 << 64) - 1, 2, 2)]))


MAP = """# a machine
mem 67108864
memmap-v1
0x0 0x9fc00 1
end
expect-usable 66707456
expect-acpi 4096
expect-dropped 3072
expect-zone DMA 3999
expect-zone DMA32 12288
expect-zone Normal 0
expect-ranges 4 0x1
expect-range 0x0 0x9f000 1
expect-range 0x9f000 0xa0000 2
expect-range 0x100000 0x3fff000 1
expect-range 0x3fff000 0x4000000 3
"""
REPLAYED = LOG + """memory map: 4 ranges of 5 entries, limit 0x4000000
[mem 0x0000000000000000-0x000000000009efff]        636 kB  usable
[mem 0x000000000009f000-0x000000000009ffff]          4 kB  reserved
[mem 0x0000000000100000-0x0000000003ffefff]      64508 kB  usable
[mem 0x0000000003fff000-0x0000000003ffffff]          4 kB  ACPI data
taken: 1 ranges
[mem 0x0000000000100000-0x0000000000277fff]       1504 kB  kernel
RAM 65148 kB, free 63644 kB, taken 1504 kB; usable bytes left out: 3072; refused: 0
"""


class Replays(unittest.TestCase):
    def setUp(self):
        with tempfile.NamedTemporaryFile("w", suffix=".map") as out:
            out.write(MAP)
            out.flush()
            self.expected = maps.Expected(out.name)

    def test_good(self):
        self.assertEqual((self.expected.mem, self.expected.cpu_bits), (64 * MIB, None))
        self.assertEqual(follows(self.expected)(REPLAYED), [])

    def test_each_figure_counts(self):
        for old, new, why in (("3999 present", "3998 present", "pages present: "),
                              ("zone DMA32 ", "area DMA32 ", "pages present: "),
                              ("0003ffefff", "0003ffdfff", "bytes: "),
                              ("ACPI data", "reserved", "bytes: "),
                              ("left out: 3072", "left out: 0", "bytes: "),
                              ("0000000000-0x000000000009efff", "0000001000-0x000000000009ffff",
                               "RAM: "),
                              ("memory map: ", "map: ", "bytes: ")):
            found = follows(self.expected)(REPLAYED.replace(old, new))
            self.assertTrue(any(line.startswith(why) for line in found), (old, found))

    def test_spread(self):
        self.assertEqual(spread(list("abcdefgh"), 3), ["a", "c", "f"])
        self.assertEqual(spread(["a", "b"], 3), ["a", "b"])

    def test_each_kind_is_booted(self):
        folder = os.path.join(os.path.dirname(HERE), "maps")
        names = [boot.name for boot in replays(folder)]
        for kind, least in (("real", 20), ("qemu", 3), ("hostile", 5)):
            booted = [name for name in names if name.startswith(f"replay of {kind}-")]
            self.assertGreaterEqual(len(booted), least, names)

    def test_no_map_fits(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertTrue(all(boot.check("") for boot in replays(folder)))


class Zones(unittest.TestCase):
    def test_good(self):
        self.assertEqual(len(maps.raw_map(LOG)), 3)
        self.assertEqual(zones_follow(None)(LOG), [])

    def says(self, reason, log):
        found = zones_follow(None)(log)
        self.assertTrue(any(reason in line for line in found), found)

    def test_lost_page(self):
        self.says("3998 pages present, expected 3999", LOG.replace("3999 present", "3998 present"))

    def test_more_free_than_there_is(self):
        self.says("zone DMA32: ", LOG.replace("12000 free", "12289 free"))

    def test_missing_zone(self):
        self.says("expected ['DMA', 'DMA32']", LOG.replace("zone DMA32", "area DMA32"))

    def test_invented_zone(self):
        self.says("expected ['DMA', 'DMA32']",
                  LOG + LOG.split("\n")[-2].replace("DMA32 ", "Normal"))

    def test_silence(self):
        self.says("no raw map", "")


class Cpus(unittest.TestCase):
    def test_all_run(self):
        self.assertEqual(runs(2)("boot\nCPUs: 2 of 4 run\n"), [])

    def test_some_are_missing(self):
        self.assertTrue(runs(4)("CPUs: 2 of 4 run\n"))
        self.assertTrue(runs(4)("CPUs: 40 of 40 run\n"))
        self.assertTrue(runs(2)(""))


class Failing(unittest.TestCase):
    LOG = "KTAP version 1\n1..3\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no memory\n"

    def test_failed(self):
        self.assertEqual(fails("b")(self.LOG), [])

    def test_passed_skipped_or_missing(self):
        for name in ("a", "c", "d"):
            self.assertTrue(fails(name)(self.LOG))
        self.assertTrue(fails("b")(self.LOG[:-len("ok 3 - c # SKIP no memory\n")]))


class Sum(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name, text=None):
        path = os.path.join(self.folder.name, name)
        if text is not None:
            with open(path, "w", encoding="ascii") as out:
                out.write(text)
        return path

    def test_all_good(self):
        self.assertEqual(tally.sum_up([self.path("a", "3 0\n"), self.path("b", "4 0\n")]), 0)

    def test_one_failed(self):
        self.assertEqual(tally.sum_up([self.path("a", "3 0\n"), self.path("b", "4 1\n")]), 1)

    def test_ring_that_died(self):
        self.assertEqual(tally.sum_up([self.path("a", "3 0\n"), self.path("b")]), 1)
        self.assertEqual(tally.sum_up([self.path("a", "3 0\n"), self.path("c", "3\n")]), 1)

    def test_nothing_ran(self):
        self.assertEqual(tally.sum_up([self.path("a", "0 0\n")]), 1)


if __name__ == "__main__":
    unittest.main(buffer=True)
