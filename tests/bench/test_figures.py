"""The readers and the judge of the benchmarks: sound input is read, each kind of bad one is told,
growth is found."""

import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import figures      # noqa: E402
from figures import Row     # noqa: E402

BANNER = "\nQuire 0.1.0, a physical memory manager for x86-64, built with gcc 12.2.0\n"
STEPS = """
Boot steps:
  clock                            4000.043 us       3999438 ticks
  memory map: collect                 3.096 us          3096 ticks
  memory map: seal                    5.773 us          5773 ticks
  page tables                        35.850 us         35845 ticks
  mm_init                           539.299 us        539218 ticks
  release boot memory                 1.129 us          1129 ticks
"""
LINE = ("bench: {} nr=1000 mean={} p50=658.00 p99=659.00 max=660.50 steps=658.20 locked=2.00"
        " irq=4.00\n")
BENCH = ("bench: interrupts off\nbench: descriptor 16\n" + LINE.format("kmalloc_pair", "658.20")
         + "bench: cross_cpu_free none one CPU\n" + LINE.format("all_memory_pages_give", "310.00")
         + "bench: end 3 0\n")


class Log(unittest.TestCase):
    def test_good(self):
        rows, reasons, problems = figures.parse_bench(BANNER + STEPS + BENCH)
        self.assertEqual(problems, [])
        self.assertEqual(reasons, {"cross_cpu_free": "one CPU"})
        self.assertEqual([rows["kmalloc_pair"][key] for key in figures.COLUMNS],
                         [1000, 658.2, 658, 659, 660.5, 658.2, 2, 4])

    def test_derived(self):
        rows = figures.parse_bench(BENCH)[0]
        self.assertEqual(rows["page_free_worst"]["mean"], 660.5)
        self.assertEqual(rows["descriptor_bytes"]["mean"], 16)
        self.assertNotIn("object_free_worst", rows)

    def says(self, reason, log):
        problems = figures.parse_bench(log)[2]
        self.assertTrue(any(reason in line for line in problems), problems)

    def test_no_end(self):
        self.says("did not run to their end", BENCH.replace("bench: end 3 0\n", ""))

    def test_two_ends(self):
        self.says("did not run to their end", BENCH + "bench: end 3 0\n")

    def test_lost_line(self):
        lost = LINE.format("kmalloc_pair", "658.20")
        self.says("3 figures announced, 2 read", BENCH.replace(lost, ""))

    def test_torn_line(self):
        self.says("figures announced", BENCH.replace("p99=659.00 max", "p99=659.00 ma\nx", 1))

    def test_column_missing(self):
        self.says("kmalloc_pair: no locked", BENCH.replace(" locked=2.00", "", 1))

    def test_timed_as_a_whole(self):
        rows, _, problems = figures.parse_bench(
            "bench: cpus2_x nr=20000 mean=64.03\nbench: end 1 0\n")
        self.assertEqual((rows["cpus2_x"]["mean"], rows["cpus2_x"]["p50"]), (64.03, None))
        self.assertEqual(problems, [])
        self.says("no mean", "bench: cpus2_x nr=20000\nbench: end 1 0\n")

    def test_failed(self):
        self.says("kmalloc_pair: no memory",
                  "bench: kmalloc_pair failed no memory\nbench: end 1 1\n")

    def test_twice(self):
        self.says("kmalloc_pair: twice", BENCH.replace("all_memory_pages_give", "kmalloc_pair"))

    def test_nothing_timed(self):
        self.says("nothing was timed", BENCH.replace("nr=1000", "nr=0", 1))

    def test_compiler(self):
        self.assertEqual(figures.parse_compiler(BANNER), "gcc 12.2.0")
        self.assertIsNone(figures.parse_compiler("no banner"))


class Boot(unittest.TestCase):
    def test_sum_and_part(self):
        rows, problems = figures.parse_boot(STEPS, "4G")
        self.assertEqual(problems, [])
        self.assertEqual(rows["boot_memory_4G"]["mean"], 3096 + 5773 + 35845 + 539218 + 1129)
        self.assertEqual(rows["boot_mm_init_4G"]["mean"], 539218)

    def test_missing_step(self):
        rows, problems = figures.parse_boot(STEPS.replace("mm_init", "xx_init"), "1T")
        self.assertEqual((rows, problems), ({}, ["boot with 1T: no ticks of mm_init"]))


class Judge(unittest.TestCase):
    recorded = {"a": 100.0, "b": 40.0, "all_memory_pages_take": 60.0}

    def grown(self, rows, expected=("a", "b")):
        rows = {name: Row.single(mean) for name, mean in rows.items()}
        verdicts = figures.judge(rows, self.recorded, expected)
        return [line for _, problems in verdicts for line in problems]

    def test_same(self):
        self.assertEqual(self.grown({"a": 100, "b": 40}), [])

    def test_five_percent_is_allowed(self):
        self.assertEqual(self.grown({"a": 105, "b": 42}), [])

    def test_more_than_five_percent(self):
        self.assertEqual(self.grown({"a": 105.01, "b": 40}),
                         ["a: 105.01 instructions, recorded 100, +5.0 %"])
        self.assertEqual(self.grown({"a": 100, "b": 43}),
                         ["b: 43 instructions, recorded 40, +7.5 %"])

    def test_less(self):
        self.assertEqual(self.grown({"a": 50, "b": 1}), [])

    def test_recorded_and_gone(self):
        self.assertEqual(self.grown({"a": 100}),
                         ["b: recorded with 40, and this run has no figure"])

    def test_not_expected(self):
        self.assertEqual(self.grown({"a": 100, "b": 40, "all_memory_pages_take": 600}), [])

    def test_new_rows_are_not_judged(self):
        self.assertEqual(self.grown({"a": 100, "b": 40, "c": 1e9}), [])

    def test_each_expected_row_has_a_verdict(self):
        verdicts = figures.judge({}, self.recorded, ("a", "b"))
        self.assertEqual([name for name, _ in verdicts], ["a", "b"])


class ManyCpus(unittest.TestCase):
    def found(self, *changes):
        rows = {f"cpus{cpus}_{pattern}": Row.single(200.0)
                for cpus in (1, 2, 4) for pattern in figures.PATTERNS}
        for name, mean in changes:
            rows[name] = Row.single(mean)
            if mean is None:
                del rows[name]
        return [line for _, problems in figures.judge_cpus(rows) for line in problems]

    def test_same(self):
        self.assertEqual(self.found(("cpus2_kmalloc_64_pair", 180.0),
                                    ("cpus4_kmalloc_64_pair", 220.0)), [])

    def test_dearer(self):
        self.assertEqual(self.found(("cpus4_pages_order0_pair", 220.5)),
                         ["pages_order0_pair: 220.5 instructions on 4 CPUs, 200 on one"])

    def test_cheaper(self):
        self.assertEqual(self.found(("cpus2_pages_order0_pair", 179.5)),
                         ["pages_order0_pair: 179.5 instructions on 2 CPUs, 200 on one"])

    def test_missing(self):
        self.assertEqual(self.found(("cpus2_pages_order0_pair", None)),
                         ["pages_order0_pair: no figure for 1 or for 2 CPUs"])
        self.assertEqual(len(self.found(("cpus1_pages_order0_pair", None))), 2)


class Subset(unittest.TestCase):
    def test_check_leaves_out_what_takes_long(self):
        names = ["kmalloc_pair", "all_memory_pages_take", "page_free_worst", "boot_mm_init_4G",
                 "boot_mm_init_1T"]
        self.assertEqual([name for name in names if figures.in_check(name)],
                         ["kmalloc_pair", "boot_mm_init_4G"])


class Tables(unittest.TestCase):
    def setUp(self):
        self.path = os.path.join(tempfile.mkdtemp(), "t.tsv")

    def tearDown(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        os.rmdir(os.path.dirname(self.path))

    def write(self, text):
        with open(self.path, "w", encoding="utf-8") as out:
            out.write(text)

    def test_recorded_round_trip(self):
        rows = figures.parse_bench(BENCH)[0]
        figures.write_recorded(self.path, "gcc 12.2.0", rows)
        compiler, recorded = figures.read_recorded(self.path)
        self.assertEqual(compiler, "gcc 12.2.0")
        self.assertEqual(recorded, {name: row["mean"] for name, row in rows.items()})

    def test_nothing_recorded(self):
        self.assertEqual(figures.read_recorded(self.path), (None, {}))

    def test_ragged_line(self):
        self.write("row\tmean\na\t1\t2\n")
        with self.assertRaisesRegex(ValueError, "3 fields instead of 2: a"):
            figures.read_table(self.path)

    def test_empty(self):
        self.write("# only a comment\n")
        with self.assertRaisesRegex(ValueError, "empty"):
            figures.read_table(self.path)

    def test_peers_are_sound(self):
        names = [line["row"] for line in figures.read_table(os.path.join(HERE, "linux.tsv"))[1]]
        self.assertEqual(len(names), len(set(names)))
        for line in figures.read_table(os.path.join(HERE, "linux.tsv"))[1]:
            for key in figures.PEERS + ("goal",):
                figures.number(line[key])

    def test_table_for_people(self):
        peers = [{"row": "a", "operation": "the a", "linux_6.1": "240", "linux_6.12": "-",
                  "linux_7.3": "1000000", "goal": "36"}]
        rows = {"a": Row(nr=1.0, mean=33.0, p50=33.0, p99=34.0, max=99.5, locked=0.0, irq=0.0),
                "new": Row.single(7.0)}
        lines = figures.table_lines(peers, rows, {"gone": "why"}, {"a": 66.0})
        self.assertEqual([line.split() for line in lines[1:]], [
            ["the", "a", "240", "-", "1.00M", "36", "33", "0.50", "0", "0", "33", "34", "99.5"],
            ["new", "-", "-", "-", "-", "7", "-", "-", "-", "-", "-", "-"],
            ["gone", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"]])


if __name__ == "__main__":
    unittest.main()
