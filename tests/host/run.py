"""The hosted ring: suites, replayed maps, the user's example, and the tests of the scripts."""

import argparse
import os
import re
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import program  # noqa: E402
from tally import Tally     # noqa: E402

TIMEOUT = 300       # seconds; the slowest program takes a tenth of it
COUNTS = re.compile(r"(\d+) passed, (\d+) failed, (\d+) skipped$")    # the last line of a folder
SKIPPED = "skipped"
NOTED = ("kmalloc", "ledger_object")    # suites that run again where kmalloc() notes sizes


def execute(*command):
    return program.execute(*command, timeout=TIMEOUT, env=program.SANITIZERS)


def run_replays(tally, replay, folder):
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    maps = [os.path.join(folder, name) for name in names if name.endswith(".map")]
    if not maps:
        tally.case(f"{replay}: maps", [f"no .map file in {folder}"])
    for path in maps:
        tally.case(f"{replay} {path}", execute(replay, path).problems())
    return maps


def check_expectations(tally, folder, maps):
    """What the maps expect is what the oracle, which shares no code with the kernel, computes."""
    oracle = os.path.join(folder, "oracle.py")
    if maps:
        tally.case(f"{oracle} --check: {len(maps)} maps",
                   execute(sys.executable, "-B", oracle, "--check", *maps).problems())


def run_units(tally, folder):
    """unittest in a process per folder, so that modules of the same name do not meet."""
    done = execute(sys.executable, "-B", os.path.abspath(__file__), "--unit-folder", folder)
    lines = done.out.strip().split("\n")
    found = COUNTS.match(lines[-1])
    if not found:
        tally.case(f"unittest {folder}", ["did not run to its end", done.how()] + done.said())
        return
    passed, failed, skipped = (int(word) for word in found.groups())
    if passed + failed + skipped == 0 or bool(done.status) != bool(failed):
        tally.case(f"unittest {folder}", [f"{done.how()}, {lines[-1]}"] + done.said())
        return
    tally.add(passed, failed)
    print(f"  {'FAILED' if failed else 'ok    '}  unittest {folder}: {lines[-1]}")
    for line in lines:
        if line.startswith(SKIPPED):
            print(f"  {line}")
    if failed:
        print(done.out + done.err)


class Result(unittest.TextTestResult):
    """Counts tests, not their parts: one with subtests has passed, failed or was skipped, once."""

    def __init__(self, *args, **words):
        super().__init__(*args, **words)
        self.passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.passed += 1

    def outcome(self):
        """Return: (number passed, {name: reason} of the failed, the same of the skipped)."""
        def by_test(pairs):
            return {getattr(test, "test_case", test).id(): why for test, why in pairs}

        failed = by_test(self.failures + self.errors +
                         [(test, "passed") for test in self.unexpectedSuccesses])
        skipped = by_test(self.skipped)
        return self.passed, failed, {name: skipped[name] for name in skipped.keys() - failed.keys()}


def unit_folder(folder):
    """Run the tests in `folder`. The last line counts them; before it, each one skipped is said."""
    found = []
    if os.path.isdir(folder):
        found = unittest.defaultTestLoader.discover(folder, top_level_dir=folder)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=0, resultclass=Result).run(
        unittest.TestSuite(found))
    passed, failed, skipped = result.outcome()
    for name, why in sorted(skipped.items()):
        print(f"{SKIPPED} {name}: {why}")
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tally")
    parser.add_argument("--suites", nargs="*", default=[])
    parser.add_argument("--noted", nargs="*", default=[])
    parser.add_argument("--replay", nargs="*", default=[])
    parser.add_argument("--maps", default="tests/maps")
    parser.add_argument("--example")
    parser.add_argument("--units", nargs="*", default=[])
    parser.add_argument("--unit-folder")
    args = parser.parse_args()
    if args.unit_folder:
        return unit_folder(args.unit_folder)
    tally = Tally()
    for suites in args.suites:
        program.judge(tally, suites, execute(suites))
    for suites in args.noted:
        for name in NOTED:
            words = (suites, "--kmalloc-sizes", name)
            program.judge(tally, " ".join(words), execute(*words))
    maps = []
    for replay in args.replay:
        maps = run_replays(tally, replay, args.maps)
    check_expectations(tally, args.maps, maps)
    if args.example:
        tally.case(f"{args.example}: as a user builds it", execute(args.example).problems())
    for folder in args.units:
        run_units(tally, folder)
    return tally.finish(args.tally)


if __name__ == "__main__":
    sys.exit(main())
