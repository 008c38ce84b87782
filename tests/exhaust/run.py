"""Run the searches, and compare the number of states of each zone with the one that is counted."""

import argparse
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import ktap     # noqa: E402
from count import Zone     # noqa: E402
from tally import Tally     # noqa: E402

TIMEOUT = {False: 300, True: 7200}      # seconds, without and with --long; a tenth of it is used
SAID = 60           # lines of a failed program's output that are shown
ZONE = re.compile(r"^# zone (?P<name>.*): map=(?P<map>\S+) shift=(?P<shift>\d+) "
                  r"lists=(?P<lists>\d+) exact=(?P<exact>\d) mirror=(?P<mirror>\d) "
                  r"states=(?P<states>\d+) ")


def execute(program, is_long):
    """Return: (status, output); a status of None is a timeout."""
    command = [program] + (["--long"] if is_long else [])
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace",
                              stdin=subprocess.DEVNULL, timeout=TIMEOUT[is_long], check=False)
    except subprocess.TimeoutExpired as late:
        return None, (late.stdout or b"").decode(errors="replace")
    return done.returncode, done.stdout + done.stderr


def check_count(tally, line):
    """`line` tells what zone was searched; count its states, too."""
    zone = Zone(line["map"], int(line["shift"]), int(line["lists"]), line["exact"] == "1",
                line["mirror"] == "1")
    found, counted = int(line["states"]), zone.states()
    problems = [] if found == counted else [f"the search found {found} states, there are {counted}"]
    tally.case(f"states of a zone, {line['name']}: {found}, counted {counted}", problems)


def judge(tally, program, status, output):
    report = ktap.read(output)
    tally.add(report.passed, report.failed)
    problems = report.problems + [f"not ok: {name}" for name in report.failures]
    if status is None or bool(status) != bool(report.failed):
        problems.append(f"status {status} with {report.failed} failed cases")
    if problems:
        problems += [line for line in output.split("\n") if line.strip()][-SAID:]
    tally.case(f"{program}: {report.passed} searches", problems)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tally")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("program")
    args = parser.parse_args()
    tally = Tally()
    status, output = execute(args.program, args.long)
    for text in output.split("\n"):
        line = ZONE.match(text)
        if line:
            check_count(tally, line)
        elif text.startswith("# cache"):
            print("  " + text[2:])
    judge(tally, args.program, status, output)
    return tally.finish(args.tally)


if __name__ == "__main__":
    sys.exit(main())
