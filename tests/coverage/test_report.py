"""The judge of coverage on made-up reports: what it counts, and what it does not let pass."""

import os
import stat
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import report   # noqa: E402

TEXT = ["int f(int a)", "{", "\tMM_ASSERT(a &&", "\t\t  b);", "\tif (a)", "\t\treturn 1;", "}"]


def line(number, count, *branches, function="f"):
    return {"line_number": number, "count": count, "function_name": function,
            "branches": [{"count": taken} for taken in branches]}


def gcov(*lines, path="mm/a.c"):
    return {"files": [{"file": path, "lines": list(lines)}]}


def look(*reports):
    return report.look_at("mm/a.c", report.merge(reports)["mm/a.c"], TEXT)


class Merging(unittest.TestCase):
    def test_objects_are_added_up(self):
        sums, gaps = look(gcov(line(5, 1, 1, 0), line(6, 1)), gcov(line(5, 2, 0, 2), line(6, 0)))
        self.assertEqual((sums.lines, sums.reached, sums.branches, sums.taken), (2, 2, 2, 2))
        self.assertEqual(gaps, [])

    def test_only_what_is_asked_for(self):
        found = report.merge([gcov(line(1, 1), path="tests/suites/x.c"),
                              gcov(line(1, 1), path="/usr/include/stdio.h"),
                              gcov(line(1, 1), path="include/mm/page.h")])
        self.assertEqual(list(found), ["include/mm/page.h"])


class Gaps(unittest.TestCase):
    def test_a_line_and_a_branch(self):
        sums, gaps = look(gcov(line(5, 3, 3, 0), line(6, 0)))
        self.assertEqual([(gap.line, gap.what) for gap in gaps], [(5, "branch 2"), (6, "line")])
        self.assertEqual((sums.reached, sums.taken), (1, 1))

    def test_branches_of_a_line_that_never_ran_count(self):
        sums, gaps = look(gcov(line(5, 0, 0, 0)))
        self.assertEqual((sums.branches, sums.taken, len(gaps)), (2, 0, 1))

    def test_an_assertion_must_run_and_not_fail(self):
        sums, gaps = look(gcov(line(3, 7, 7, 0), line(4, 7, 0, 7)))
        self.assertEqual((sums.branches, sums.asserted, gaps), (0, 4, []))
        _, gaps = look(gcov(line(3, 0, 0, 0)))
        self.assertEqual(len(gaps), 1)

    def test_what_follows_an_assertion_counts(self):
        self.assertEqual(report.assertion_lines(TEXT), {3, 4})


class Excuses(unittest.TestCase):
    GAP = report.Gap("mm/a.c", 5, "f", "branch 2", "if (a)")

    def judge(self, text):
        excuses, problems = report.parse_excuses(text)
        excused, bare, idle = report.judge([self.GAP], excuses)
        return len(excused), len(bare), len(idle), len(problems)

    def test_one_that_holds(self):
        self.assertEqual(self.judge("# why\nmm/a.c | f | if (a) | never\n"), (1, 0, 0, 0))

    def test_one_that_was_reached(self):
        self.assertEqual(self.judge("mm/a.c | f | return 1 | never"), (0, 1, 1, 0))

    def test_another_function_or_file(self):
        self.assertEqual(self.judge("mm/a.c | g | if (a) | never"), (0, 1, 1, 0))
        self.assertEqual(self.judge("mm/b.c | f | if (a) | never"), (0, 1, 1, 0))

    def test_one_without_a_reason(self):
        self.assertEqual(self.judge("mm/a.c | f | if (a)"), (0, 1, 0, 1))
        self.assertEqual(self.judge("mm/a.c | f | if (a) | "), (0, 1, 0, 1))


class Sources(unittest.TestCase):
    def gcov(self, text, counters=("a.gcda",)):
        """What is made of a gcov that does `text`."""
        with tempfile.TemporaryDirectory() as folder:
            for name in counters:
                with open(os.path.join(folder, name), "w", encoding="ascii"):
                    pass
            path = os.path.join(folder, "gcov")
            with open(path, "w", encoding="ascii") as out:
                out.write("#!/bin/sh\n" + text)
            os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
            words = {"PATH": folder + os.pathsep + os.environ["PATH"]}
            with mock.patch.dict(os.environ, words):
                return report.gcov(folder)

    def test_each_object_is_a_report(self):
        self.assertEqual(self.gcov("echo '{}'; echo; echo '{\"a\": 1}'"), ([{}, {"a": 1}], []))

    def test_a_gcov_that_fails(self):
        reports, problems = self.gcov("echo '{}'; echo bad version >&2; exit 3")
        self.assertEqual(reports, [])
        self.assertIn("bad version", problems)

    def test_no_counters(self):
        self.assertTrue(self.gcov("echo '{}'", ())[1])

    def test_a_source_without_data_is_named(self):
        files = report.merge([gcov(line(1, 0)), gcov(path="mm/b.c")])
        self.assertEqual(report.without_data(["mm/a.c"], files), [])
        for path in ("mm/b.c", "mm/c.c"):
            problem, = report.without_data(["mm/a.c", path], files)
            self.assertIn(path, problem)


class Shares(unittest.TestCase):
    def shortfalls(self, **values):
        sums = report.Sums()
        vars(sums).update(values)
        return len(report.shortfalls(sums))

    def test_what_is_asked_for(self):
        self.assertEqual(self.shortfalls(lines=10, reached=10, branches=100, taken=95), 0)
        self.assertEqual(self.shortfalls(lines=10, reached=9, branches=100, taken=95), 1)
        self.assertEqual(self.shortfalls(lines=10, reached=10, branches=100, taken=94), 1)
        self.assertEqual(self.shortfalls(lines=10, reached=9, branches=100, taken=94), 2)

    def test_nothing_is_not_all(self):
        self.assertGreater(self.shortfalls(), 0)

    def test_lines_without_branches(self):
        self.assertEqual(self.shortfalls(lines=10, reached=10), 0)


if __name__ == "__main__":
    unittest.main()
