"""tools/check_dump.py: a good dump passes, and each seeded fault is found."""

import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from sample import GOOD, QUIRE, TOOLS, load  # noqa: E402

check_dump = load("check_dump.py")

DENTRY = "     {}    192   21    1 : tunables    0    0    0 : slabdata      1      {}"

# (file, what stands there, what it becomes, what a problem must mention)
FAULTS = (
    ("buddyinfo", "      1 \n", "      1\n", "buddyinfo:1"),            # the blank at the end
    ("buddyinfo", "DMA      1", "DMA       1", "buddyinfo:1"),          # a column too wide
    ("buddyinfo", "     2 \n", " \n", "buddyinfo:2"),                   # ten orders
    ("buddyinfo", "Node 0, zone    DMA32", "Node 1, zone    DMA32", "buddyinfo:2"),
    ("buddyinfo", "   DMA32 ", "  DMA32 ", "buddyinfo:2"),
    ("buddyinfo", "DMA      1      2", "DMA      1      3", "1031 and 1029"),
    ("buddyinfo", "      DMA ", "   Normal ", "zones of buddyinfo"),
    ("slabinfo", "version: 2.1", "version: 2.0", "slabinfo:1"),
    ("slabinfo", "<sharedavail>\n", "<sharedavail> \n", "slabinfo:2"),
    ("slabinfo", "dentry                 1", "dentry                1", "slabinfo:5"),
    ("slabinfo", "dentry   ", "dentry x ", "slabinfo:5"),
    ("slabinfo", "    10     18", "    19     18", "active <= total"),
    ("slabinfo", "1744    9    4", "2744    9    4", "fit their slab"),
    ("slabinfo", "1744    9    4", "1744    9    5", "power of two"),
    ("slabinfo", "     2      3      0", "     4      3      0", "active <= total"),
    ("slabinfo", "    70    192", "    70    191", "objects = slabs"),
    ("slabinfo", "tunables    0    0    0", "tunables    1    0    0", "tunables"),
    ("slabinfo", DENTRY.format(21, 1), DENTRY.format(42, 2), "and Slab"),
    ("zoneinfo", "        boost    0\n", "", "zoneinfo:"),
    ("zoneinfo", "  pages free     1029", "  pages free    1029", "zoneinfo:"),
    ("zoneinfo", "protection: (0, 0, 0)", "protection: (0, 0)", "zoneinfo:"),
    ("zoneinfo", "  pagesets\n", "", "zoneinfo:"),
    ("zoneinfo", "    cpu: 0", "    cpu: 1", "CPU 1"),
    ("zoneinfo", "nr_free_pages 1029", "nr_free_pages 1028", "1029 and 1028"),
    ("zoneinfo", "managed  3840", "managed  3999", "exceeds"),
    ("zoneinfo", "min      0", "min      9", "min 9 exceeds low 0"),
    ("zoneinfo", "zone   Normal", "zone    Other", "zoneinfo: has zones"),
    ("zoneinfo", "start_pfn:           1\n", "start_pfn: 1\n", "zoneinfo:"),
    ("zoneinfo", "nr_slab_reclaimable 1", "nr_slab_reclaimable 2", "nr_slab_reclaimable"),
    ("meminfo", "MemFree:           12308 kB", "MemFree:          12308 kB", "meminfo:2"),
    ("meminfo", " kB\nMemFree", " KB\nMemFree", "meminfo:1"),
    ("meminfo", "12308", "12312", "12308 and 12312"),
    ("meminfo", "24160", "24164", "MemTotal"),
    ("meminfo", "Slab:                 48", "Slab:                 52", "48 and 52"),
    ("meminfo", "Shmem:                 0 kB\n", "", "lacks Shmem"),
    ("meminfo", "Buffers:               0 kB\nCached:                0 kB\n",
     "Cached:                0 kB\nBuffers:               0 kB\n", "order"),
    ("meminfo", "12310", "99999", "MemAvailable"),
    ("vmstat", "nr_free_pages 3077", "nr_free_pages 3078", "3077 and 3078"),
    ("vmstat", "pgfree 7", "pgfree  7", "vmstat:7"),
    ("vmstat", "pgfree 7", "pgfree 07", "vmstat:7"),
    ("vmstat", "pgalloc_dma 5\n", "", "lacks pgalloc_dma"),
    ("vmstat", "pgfree 7\n", "pgfree 7", "newline"),
    ("memmap", "0x0000000000f9ec00 1", "0x0000000000f9ebff 1", "bytes of memmap's entries"),
    ("memmap", "0x0000000000001000 9", "0x0000000000001800 9", "firmware: reserved"),
    ("memmap", "0x0000000000002000 4", "0x0000000000002000 5", "firmware: ACPI NVS"),
    ("memmap", "limit 0x40000000", "limit 0x40000800", "at or above memmap's limit"),
    ("memmap", "19dfff]        632 kB  kernel", "19dfff]        632 kB  module", "taken: kernel"),
    ("memmap", "of 8 entries", "of 9 entries", "not as many"),
    ("memmap", "taken: 4 ranges", "taken: 5 ranges", "not as many"),
    ("zoneinfo", "present  2300", "present  2299", "not in zones"),
    ("zoneinfo", "count: 16", "count: 15", "CPUs' pages of zone DMA32"),
    ("ledger", "bytes    of all", "bytes   of all", "ledger:1"),
    ("ledger", "tails                                       1440",
     "tails                                       1441", "tails of slabs: 1440 and 1441"),
    ("ledger", "live objects                               22072",
     "live objects                               22071", "bytes of objects"),
    ("ledger", "asked for                  140000", "asked for                  140001",
     "bytes that are in use"),
    ("ledger", "free: DMA, order 1                                16384    0.06 %    0.06 %\n", "",
     "zone DMA, order 1: 16384 and 0"),
    ("ledger", "free: DMA, order 1 ", "free: DMA, order 11", "ledger:11"),
    ("ledger", "taken: module", "taken: moduel", "ledger:7"),
    ("ledger", "firmware: bad      ", "firmware: reserved ", "ledger:4"),
    ("ledger", "rows                                25817088",
     "rows                                25817087", "the ledger's rows and their sum"),
    ("ledger", "total                           25817088",
     "total                           25817089", "the ledger's sum and its total"),
    ("ledger", "equal: every", "UNEQUAL: every", "every byte is in one row'"),
    ("ledger", "a row)\n", "a row)\nledger: DMA: free pages: the counter says 1\n", "ledger:23"),
    ("ledger", "up to 1050 bytes", "up to 0 bytes", "ledger:23"),
    ("ledger", "slabs: rounding of objects ", "slabs: rounding to classes ", "no bound"),
)


class CheckDump(unittest.TestCase):
    def test_a_good_dump_has_no_problem(self):
        self.assertEqual(check_dump.check(GOOD), [])
        self.assertEqual(check_dump.check(QUIRE), [])

    def test_a_ledger_needs_no_bound_of_the_rounding(self):
        bound = QUIRE["ledger"].split("\n")[-2] + "\n"
        self.assertIn("kmalloc's rounding", bound)
        exact = QUIRE["ledger"].replace(bound, "")
        self.assertEqual(check_dump.check(dict(QUIRE, ledger=exact)), [])
        noted = exact.replace("slabs: rounding of objects ", "slabs: rounding to classes ")
        self.assertEqual(check_dump.check(dict(QUIRE, ledger=noted)), [])

    def test_each_fault_is_found(self):
        for name, old, new, mention in FAULTS:
            with self.subTest(file=name, old=old, new=new):
                self.assertIn(old, QUIRE[name])
                broken = dict(QUIRE, **{name: QUIRE[name].replace(old, new, 1)})
                problems = check_dump.check(broken)
                self.assertTrue(any(mention in problem for problem in problems), problems)

    def test_a_missing_and_an_empty_file_are_named(self):
        for name in GOOD:
            with self.subTest(file=name):
                rest = {key: text for key, text in GOOD.items() if key != name}
                self.assertIn(f"{name}: is missing", check_dump.check(rest))
                problems = check_dump.check(dict(GOOD, **{name: ""}))
                self.assertTrue(any(p.startswith(f"{name}: is empty") for p in problems), problems)

    def test_cut_anywhere_it_complains_and_does_not_stop(self):
        for name, text in QUIRE.items():
            step = 1 if name in GOOD else 7     # the others have a line for each 80 characters
            for length in range(len(text) - 1, 0, -step):
                problems = check_dump.check(dict(QUIRE, **{name: text[:length]}))
                self.assertTrue(problems, (name, length))

    def test_a_ledger_needs_its_map(self):
        rest = {key: text for key, text in QUIRE.items() if key != "memmap"}
        self.assertEqual(check_dump.check(rest), ["memmap: is missing, and there is a ledger"])

    def test_exit_status(self):
        tool = os.path.join(TOOLS, "check_dump.py")
        with tempfile.TemporaryDirectory() as where:
            for name, text in GOOD.items():
                with open(os.path.join(where, name), "w", encoding="ascii", newline="") as file:
                    file.write(text)
            run = [sys.executable, tool, where]
            self.assertEqual(subprocess.run(run, check=False).returncode, 0)
            os.remove(os.path.join(where, "vmstat"))
            bad = subprocess.run(run, check=False, capture_output=True, text=True)
            self.assertEqual((bad.returncode, bad.stdout), (1, "vmstat: is missing\n"))
            none = subprocess.run(run + ["more"], check=False, capture_output=True)
            self.assertEqual(none.returncode, 2)


if __name__ == "__main__":
    unittest.main()
