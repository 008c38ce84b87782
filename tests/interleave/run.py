"""The ring of interleavings: all scenarios, then machines with a fault, which must be seen."""

import argparse
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import ktap     # noqa: E402
from tally import Tally     # noqa: E402

TIMEOUT = 1800      # seconds; all searches take 40 of a CPU that is theirs
LONG_TIMEOUT = 4 * 3600

# A fault of the machine, and the scenario that sees it.
FAULTS = (("no-rewind", "pop-and-push"), ("no-rewind", "drain-pages"), ("no-mask", "barn-empty"),
          ("no-mask", "page-refill"), ("skip-cpu", "drain-idle"))


def execute(limit, *command):
    """Return: (status, output); a status of None is a timeout."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace",
                              stdin=subprocess.DEVNULL, timeout=limit, check=False)
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode(errors="replace")
    return done.returncode, done.stdout + done.stderr


def all_after(mark, output):
    return [line[len(mark):] for line in output.split("\n") if line.startswith(mark)]


def without_addresses(text):
    """Each process has its memory elsewhere: hex numbers, decimal ones of ten digits or more."""
    return re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{16}\b|\b\d{10,}\b", "N", text)


def run_scenarios(tally, program, is_long):
    """Each scenario is a case, and so is that the program ran to its end."""
    limit = LONG_TIMEOUT if is_long else TIMEOUT
    status, output = execute(limit, program, *(["--long"] if is_long else []))
    report = ktap.read(output)
    tally.add(report.passed, report.failed)
    print("\n".join("  " + line for line in output.split("\n") if line.startswith(("#", "not"))))
    problems = list(report.problems)
    if status is None or bool(status) != bool(report.failed):
        problems.append(f"status {status} with {report.failed} failed scenarios")
    tally.case(f"{program}: {report.passed} scenarios", problems)


def run_fault(tally, program, fault, scenario):
    """The fault is seen, the schedule that shows it does so again, and a sound machine passes."""
    faulty = (program, "--fault", fault)
    status, output = execute(TIMEOUT, *faulty, scenario)
    schedules = all_after("# replay: ", output)
    failures = all_after("# FAILED: ", output)
    problems = []
    if status != 1 or not schedules or len(failures) != len(schedules):
        problems = [f"status {status}, {len(schedules)} schedules to replay", output]
    for schedule, failure in zip(schedules, failures):
        status, output = execute(TIMEOUT, *faulty, "--replay", schedule)
        again = all_after("# FAILED: ", output)
        seen = [without_addresses(text) for text in again]
        if status != 1 or seen != [without_addresses(failure)]:
            problems += [f"{schedule} does not replay: {failure}", output]
        status, output = execute(TIMEOUT, program, "--replay", schedule)
        if [without_addresses(text) for text in all_after("# FAILED: ", output)] == seen:
            problems += [f"{schedule} fails without the fault, too", output]
    tally.case(f"{program}: {fault} is seen by {scenario}, and replayed", problems)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tally")
    parser.add_argument("--program", required=True)
    parser.add_argument("--long", action="store_true")
    args = parser.parse_args()
    tally = Tally()
    run_scenarios(tally, args.program, args.long)
    for fault, scenario in FAULTS:
        run_fault(tally, args.program, fault, scenario)
    return tally.finish(args.tally)


if __name__ == "__main__":
    sys.exit(main())
