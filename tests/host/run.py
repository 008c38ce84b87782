"""The hosted ring: suites, replayed maps, the user's example, and the tests of the scripts."""

import argparse
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import ktap     # noqa: E402
from tally import Tally     # noqa: E402

TIMEOUT = 300       # seconds; the slowest program takes a tenth of it
SANITIZERS = {"ASAN_OPTIONS": "detect_stack_use_after_return=1",
              "UBSAN_OPTIONS": "print_stacktrace=1"}
SAID = 40           # lines of a failed program's output that are shown


def execute(*command):
    """Return: (status, output); a status of None is a timeout."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace",
                              stdin=subprocess.DEVNULL, timeout=TIMEOUT, check=False,
                              env={**os.environ, **SANITIZERS})
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode(errors="replace")
    return done.returncode, done.stdout + done.stderr


def verdict(status, output):
    if status == 0:
        return []
    how = "timeout" if status is None else f"status {status}"
    return [how] + output.split("\n")[-SAID:]


def run_suites(tally, program):
    """The program itself is a case: its stream must be sound and its status must agree."""
    status, output = execute(program)
    report = ktap.read(output)
    tally.add(report.passed, report.failed)
    problems = report.problems + [f"not ok: {name}" for name in report.failures]
    if bool(status) != bool(report.failed):
        problems.append(f"status {status} with {report.failed} failed cases")
    if problems:
        problems += [line for line in output.split("\n") if line.strip()][-SAID:]
    if report.failures and not report.problems and bool(status):
        print(f"  FAILED  {program}")     # its cases are counted one by one
        print("\n".join("          " + line for line in problems))
    else:
        tally.case(f"{program}: {report.passed} cases, {report.skipped} skipped", problems)


def run_replays(tally, program, folder):
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    maps = [os.path.join(folder, name) for name in names if name.endswith(".map")]
    if not maps:
        tally.case(f"{program}: maps", [f"no .map file in {folder}"])
    for path in maps:
        tally.case(f"{program} {path}", verdict(*execute(program, path)))
    return maps


def check_expectations(tally, folder, maps):
    """What the maps expect is what the oracle, which shares no code with the kernel, computes."""
    oracle = os.path.join(folder, "oracle.py")
    if maps:
        tally.case(f"{oracle} --check: {len(maps)} maps",
                   verdict(*execute(sys.executable, "-B", oracle, "--check", *maps)))


def run_units(tally, folder):
    """unittest in a process per folder, so that modules of the same name do not meet."""
    names = os.listdir(folder) if os.path.isdir(folder) else []
    if not any(name.startswith("test_") for name in names):
        return
    status, output = execute(sys.executable, "-B", os.path.abspath(__file__), "--unit-folder",
                             folder)
    counts = output.strip().split("\n")[-1].split()
    if len(counts) != 2 or not all(word.isdigit() for word in counts):
        tally.case(f"unittest {folder}", ["did not run to its end"] + verdict(1, output))
        return
    passed, failed = int(counts[0]), int(counts[1])
    tally.add(passed, failed)
    print(f"  {'FAILED' if failed else 'ok    '}  unittest {folder}: {passed} passed")
    if failed or status:
        print(output)


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
    for program in args.suites:
        run_suites(tally, program)
    maps = []
    for program in args.replay:
        maps = run_replays(tally, program, args.maps)
    check_expectations(tally, args.maps, maps)
    if args.example:
        tally.case(f"{args.example}: as a user builds it", verdict(*execute(args.example)))
    for folder in args.units:
        run_units(tally, folder)
    return tally.finish(args.tally)


if __name__ == "__main__":
    sys.exit(main())
