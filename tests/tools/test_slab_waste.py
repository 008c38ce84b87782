"""tools/slab-waste.py: the sums of known lines, and bad lines by name."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from sample import GOOD, TOOLS, load  # noqa: E402

slab_waste = load("slab-waste.py")
TAIL = " : tunables    0    0    0 : slabdata {:6d} {:6d}      0\n"


def line(name, live, total, size, per_slab, pages, slabs):
    return (f"{name:<17} {live:6d} {total:6d} {size:6d} {per_slab:4d} {pages:4d}"
            + TAIL.format(slabs, slabs))


class SlabWaste(unittest.TestCase):
    def one(self, text):
        caches, problems = slab_waste.parse(text)
        self.assertEqual(problems, [])
        self.assertEqual(len(caches), 1)
        return caches[0]

    def test_buddy_block_is_the_next_power_of_two_of_pages(self):
        for size, block in ((1, 4096), (4096, 4096), (4097, 8192), (8192, 8192), (12288, 16384),
                            (20480, 32768), (4 << 20, 4 << 20)):
            self.assertEqual(slab_waste.buddy_block(size), block)

    def test_task_struct(self):
        # 10 objects of 1744 bytes in two slabs of 16 KiB; 9 * 1744 = 15696 of 16384 bytes of a slab
        name, live, size, slabs, waste, tail, buddy = self.one(
            line("task_struct", 10, 18, 1744, 9, 4, 2))
        self.assertEqual((name, live, size, slabs), ("task_struct", 10, 1744, 32768))
        self.assertEqual(waste, 32768 - 17440)
        self.assertAlmostEqual(tail, 100 * 688 / 16384)
        self.assertEqual(buddy, 10 * (4096 - 1744))

    def test_three_pages_take_four_from_the_buddy_lists(self):
        self.assertEqual(self.one(line("big", 2, 2, 12288, 2, 8, 1))[6], 2 * (16384 - 12288))

    def test_an_empty_cache_wastes_nothing(self):
        self.assertEqual(self.one(line("none", 0, 0, 64, 64, 1, 0))[3:5], (0, 0))

    def test_headers_and_statistics_columns_are_understood(self):
        self.assertEqual(len(slab_waste.parse(GOOD["slabinfo"])[0]), 3)
        with_stats = line("old", 1, 64, 64, 64, 1, 1)[:-1] + " : globalstat 1 2 3 : cpustat 4 5\n"
        self.assertEqual(self.one(with_stats)[0], "old")

    def test_bad_lines_are_named_and_the_rest_is_counted(self):
        good = line("good", 1, 64, 64, 64, 1, 1)
        for bad in ("nonsense\n", good.replace("tunables", "tunable"), good[:40] + "\n",
                    line("toobig", 1, 64, 65, 64, 1, 1), line("zero", 0, 0, 0, 64, 1, 0),
                    line("zero", 0, 0, 64, 0, 1, 0), line("full", 65, 64, 64, 64, 1, 1),
                    good.replace("     64   64", "    -64   64")):
            caches, problems = slab_waste.parse(good + bad)
            self.assertEqual([cache[0] for cache in caches], ["good"], bad)
            self.assertEqual(len(problems), 1, bad)
            self.assertTrue(problems[0].startswith("line 2: "), problems)

    def test_the_table_is_aligned_and_ends_in_the_sums(self):
        rows = slab_waste.table(slab_waste.parse(GOOD["slabinfo"])[0])
        self.assertEqual(len({len(row) for row in rows}), 1)
        self.assertEqual(rows[-1].split(), ["total", "81", "49152", "27040", "309664"])
        self.assertEqual(rows[1].split()[0], "task_struct")

    def test_exit_status(self):
        tool = os.path.join(TOOLS, "slab-waste.py")
        for text, status in ((GOOD["slabinfo"], 0), (GOOD["slabinfo"] + "x\n", 1), ("", 1)):
            run = subprocess.run([sys.executable, tool, "/dev/stdin"], input=text, text=True,
                                 check=False, capture_output=True)
            self.assertEqual(run.returncode, status, run)
        none = subprocess.run([sys.executable, tool, "/no/such/file"], check=False,
                              capture_output=True, text=True)
        self.assertEqual(none.returncode, 2)
        self.assertIn("/no/such/file", none.stderr)


if __name__ == "__main__":
    unittest.main()
