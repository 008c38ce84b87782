"""Run the searches, and compare the number of states of each zone with the one that is counted."""

import argparse
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from count import Zone     # noqa: E402
import program  # noqa: E402
from tally import Tally     # noqa: E402

# Seconds, without and with --long: 60 and 150 of a CPU that is theirs; they may run beside others.
TIMEOUT = {False: 1800, True: 7200}
ZONE = re.compile(r"^# zone (?P<name>.*): map=(?P<map>\S+) shift=(?P<shift>\d+) "
                  r"lists=(?P<lists>\d+) exact=(?P<exact>\d) mirror=(?P<mirror>\d) "
                  r"states=(?P<states>\d+) ")
PASSED = re.compile(r"^ok \d+ - every state: zone, (.*)$", re.MULTILINE)


def check_count(tally, line):
    """`line` tells what zone was searched; count its states, too."""
    zone = Zone(line["map"], int(line["shift"]), int(line["lists"]), line["exact"] == "1",
                line["mirror"] == "1")
    found, counted = int(line["states"]), zone.states()
    problems = [] if found == counted else [f"the search found {found} states, there are {counted}"]
    tally.case(f"states of a zone, {line['name']}: {found}, counted {counted}", problems)


def judge(tally, name, done):
    """Count the searches, and the states of each zone that was searched to its end."""
    compared = []
    for text in done.out.split("\n"):
        line = ZONE.match(text)
        if line:
            check_count(tally, line)
            compared.append(line["name"])
        elif text.startswith("# cache"):
            print("  " + text[2:])
    program.judge(tally, name, done, "searches")
    searched = PASSED.findall(done.out)
    missing = [zone for zone in searched if zone not in compared]
    if missing or not searched:
        tally.case("each zone's states are counted",
                   [f"no such line for {zone}" for zone in missing] or ["no zone was searched"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tally")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("program")
    args = parser.parse_args()
    tally = Tally()
    done = program.execute(args.program, *(["--long"] if args.long else []),
                           timeout=TIMEOUT[args.long])
    judge(tally, args.program, done)
    return tally.finish(args.tally)


if __name__ == "__main__":
    sys.exit(main())
