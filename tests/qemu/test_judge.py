"""The judges are judged: good logs pass, each kind of bad one fails, for its own reason."""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import ktap     # noqa: E402
from judge import OK, PANIC, UNFIT, Outcome, Skips, judge, judge_text     # noqa: E402

GOOD = """Quire 1.0, gcc 12
boot: zones
KTAP version 1
1..2
    KTAP version 1
    # Subtest: buddy
    1..2
    ok 1 - split
a line of the log
    ok 2 - panic on CPU is only a name # SKIP no memory
ok 1 - buddy
    KTAP version 1
    # Subtest: slab
    1..1
    # slab.c:1: a note
    ok 1 - free
ok 2 - slab
# Totals: pass:2 fail:0 skip:1 total:3
"""


def problems(log, status=OK, **how):
    return judge(Outcome(status, log), **{"tests": True, **how})[0]


class Good(unittest.TestCase):
    def test_good_log(self):
        found, report = judge(Outcome(OK, GOOD), tests=True)
        self.assertEqual((found, report.passed, report.failed, report.skipped), ([], 2, 0, 1))

    def test_serial_line_ends(self):
        self.assertEqual(problems(GOOD.replace("\n", "\r\n")), [])

    def test_flat_stream(self):
        report = ktap.read("KTAP version 1\n1..2\nok 1 a\nok 2 b\n")
        self.assertEqual((report.problems, report.passed), ([], 2))

    def test_wanted_panic(self):
        self.assertEqual(problems("Quire 1.0\npanic on CPU 0: x\n", PANIC, want=PANIC,
                                  tests=False), [])

    def test_unfit_machine_has_no_banner(self):
        self.assertEqual(problems("no long mode\n", UNFIT, want=UNFIT, tests=False), [])


class Skipped(unittest.TestCase):
    NAME = "buddy.panic on CPU is only a name"

    def never_run(self, *logs):
        skips = Skips()
        for log in logs:
            skips.add(judge(Outcome(OK, log), tests=True)[1])
        return skips.never_run()

    def test_names_and_reasons(self):
        report = ktap.read(GOOD.replace("    # slab.c:1: a note", "    # Subtest: of-a-case"))
        self.assertEqual(report.skips, {self.NAME: "no memory"})
        self.assertEqual(report.ran, {"buddy.split", "slab.free"})

    def test_in_all_boots(self):
        found = self.never_run(GOOD, GOOD)
        self.assertEqual(len(found), 1)
        self.assertIn(self.NAME, found[0])
        self.assertIn("no memory", found[0])

    def test_in_one_boot_of_two(self):
        ran = GOOD.replace(" # SKIP no memory", "")
        self.assertEqual(self.never_run(GOOD, ran), [])
        self.assertEqual(self.never_run(ran, GOOD), [])

    def test_the_same_name_in_another_suite(self):
        other = GOOD.replace(" # SKIP no memory", "").replace("buddy", "pages")
        self.assertEqual(len(self.never_run(GOOD, other)), 1)


class Bad(unittest.TestCase):
    def says(self, reason, log, status=OK, **how):
        found = problems(log, status, **how)
        self.assertTrue(any(reason in line for line in found), found)

    def test_silence(self):
        self.says("no KTAP version line", "")
        self.says("no banner", "")

    def test_missing_version(self):
        self.says("no KTAP version line", GOOD.replace("KTAP version 1", "nothing"))

    def test_other_version(self):
        self.says("KTAP version 2", GOOD.replace("KTAP version 1", "KTAP version 2"))

    def test_missing_outer_plan(self):
        self.says("results without a plan", GOOD.replace("\n1..2\n", "\n", 1))

    def test_missing_inner_plan(self):
        self.says("results without a plan", GOOD.replace("    1..1\n", ""))

    def test_truncated_anywhere(self):
        lines = GOOD.split("\n")
        last = next(i for i, line in enumerate(lines) if line == "ok 2 - slab")
        for end in range(last):
            with self.subTest(lines=end):
                self.assertTrue(problems("\n".join(lines[:end]) + "\n"))

    def test_missing_case(self):
        self.says("a plan of 2 has 1 results", GOOD.replace("    ok 1 - split\n", ""))

    def test_extra_case(self):
        self.says("a plan of 1 has 2 results",
                  GOOD.replace("    ok 1 - free\n", "    ok 1 - free\n    ok 2 - x\n"))

    def test_repeated_number(self):
        self.says("stands in place", GOOD.replace("ok 2 - panic", "ok 1 - panic"))

    def test_failed_case(self):
        log = GOOD.replace("    ok 1 - free", "    not ok 1 - free")
        log = log.replace("ok 2 - slab", "not ok 2 - slab")
        report = judge(Outcome(35, log), tests=True)[1]
        self.assertEqual((report.passed, report.failed), (1, 1))
        self.says("not ok: free", log, 35)

    def test_failed_case_in_good_suite(self):
        self.says("contradicts", GOOD.replace("    ok 1 - free", "    not ok 1 - free"))

    def test_failed_suite_without_failed_case(self):
        self.says("contradicts", GOOD.replace("ok 2 - slab", "not ok 2 - slab"))

    def test_second_stream(self):
        self.says("a second KTAP stream", GOOD + GOOD[GOOD.index("KTAP"):])

    def test_empty_plan(self):
        self.says("no case ran", "Quire 1.0\nKTAP version 1\n1..0\n")

    def test_bail_out(self):
        self.says("Bail out!", GOOD + "Bail out! panic on CPU 0: list broken\n")

    def test_panic_text(self):
        self.says("crash: panic on CPU 0: x", GOOD + "panic on CPU 0: x\n")

    def test_trap_text(self):
        self.says("crash: ", "Quire 1.0\nexception 14 (page fault) at ffffffff80100000\n" + GOOD,
                  tests=False)

    def test_wrong_status(self):
        for status in (0, 1, 35, 37, 39, 41, -9):
            with self.subTest(status=status):
                self.says(f"exit status {status}, expected 33", GOOD, status)

    def test_triple_fault_under_no_reboot(self):
        self.says("exit status 0", "Quire 1.0\nboot: zones\n", 0, tests=False)

    def test_timeout(self):
        self.says("timeout", GOOD, None)

    def test_reboot(self):
        self.says("rebooted", "Quire 1.0\nboot\n" + GOOD)

    def test_text(self):
        self.assertEqual(judge_text("a\nb 1\n", [r"^b \d$"], [r"^c"]), [])
        self.assertEqual(len(judge_text("a\nb 1\n", [r"^c"], [r"^a$"])), 2)


if __name__ == "__main__":
    unittest.main()
