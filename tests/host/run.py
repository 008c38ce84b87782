"""The hosted ring: suites, replayed maps, the user's example, and the tests of the scripts."""

import argparse
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import program  # noqa: E402
from tally import Tally     # noqa: E402

TIMEOUT = 300       # seconds; the slowest program takes a tenth of it


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
    names = os.listdir(folder) if os.path.isdir(folder) else []
    if not any(name.startswith("test_") for name in names):
        return
    done = execute(sys.executable, "-B", os.path.abspath(__file__), "--unit-folder", folder)
    counts = done.out.strip().split("\n")[-1].split()
    if len(counts) != 2 or not all(word.isdigit() for word in counts):
        tally.case(f"unittest {folder}", ["did not run to its end", done.how()] + done.said())
        return
    passed, failed = int(counts[0]), int(counts[1])
    tally.add(passed, failed)
    print(f"  {'FAILED' if failed else 'ok    '}  unittest {folder}: {passed} passed")
    if failed or done.status != 0:
        print(done.out + done.err)


def unit_folder(folder):
    found = unittest.defaultTestLoader.discover(folder, top_level_dir=folder)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=0).run(found)
    bad = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{result.testsRun - bad} {bad}")
    return 1 if bad or not result.testsRun else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tally")
    parser.add_argument("--suites", nargs="*", default=[])
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
