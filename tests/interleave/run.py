"""The ring of interleavings: all scenarios, then machines with a fault, which must be seen."""

import argparse
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import program  # noqa: E402
from tally import Tally     # noqa: E402

TIMEOUT = 1800      # seconds; all searches take 40 of a CPU that is theirs
LONG_TIMEOUT = 4 * 3600

# A fault of the machine, and the scenario that sees it.
FAULTS = (("no-rewind", "pop-and-push"), ("no-rewind", "drain-pages"), ("no-mask", "barn-empty"),
          ("no-mask", "page-refill"), ("skip-cpu", "drain-idle"))


def all_after(mark, output):
    return [line[len(mark):] for line in output.split("\n") if line.startswith(mark)]


def without_addresses(text):
    """Each process has its memory elsewhere: hex numbers, decimal ones of ten digits or more."""
    return re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{16}\b|\b\d{10,}\b", "N", text)


def run_scenarios(tally, explorer, is_long):
    """Each scenario is a case, and so is that the program ran to its end."""
    done = program.execute(explorer, *(["--long"] if is_long else []),
                           timeout=LONG_TIMEOUT if is_long else TIMEOUT)
    print("\n".join("  " + line for line in done.out.split("\n")
                    if line.startswith(("#", "not"))))
    program.judge(tally, explorer, done, "scenarios")


def is_masked(done, schedule):
    """Did the replay end because an interrupt of the schedule is masked where it is to come?"""
    said = all_after("# FAILED: ", done.out)
    event = re.fullmatch(r"event (\d+): no interrupt can come here", said[0]) if said else None
    return (done.status == 1 and len(said) == 1 and event is not None and
            event.group(1) + "i" in schedule.split(":")[-1].split("."))


def run_fault(tally, explorer, fault, scenario):
    """The fault is seen, the schedule that shows it does so again, and a sound machine passes.

    Or it masks the interrupt without which there is no such schedule.
    """
    faulty = (explorer, "--fault", fault)
    done = program.execute(*faulty, scenario, timeout=TIMEOUT)
    schedules = all_after("# replay: ", done.out)
    failures = all_after("# FAILED: ", done.out)
    problems = []
    if done.status != 1 or not schedules or len(failures) != len(schedules):
        problems = [f"{done.how()}, {len(schedules)} schedules to replay"] + done.said()
    for schedule, failure in zip(schedules, failures):
        done = program.execute(*faulty, "--replay", schedule, timeout=TIMEOUT)
        seen = [without_addresses(text) for text in all_after("# FAILED: ", done.out)]
        if done.status != 1 or seen != [without_addresses(failure)]:
            problems += [f"{schedule} does not replay: {failure}", done.how()] + done.said()
        done = program.execute(explorer, "--replay", schedule, timeout=TIMEOUT)
        if done.status != 0 and not (fault == "no-mask" and is_masked(done, schedule)):
            problems += [f"{schedule} does not pass without the fault"] + done.problems()
    tally.case(f"{explorer}: {fault} is seen by {scenario}, and replayed", problems)


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
