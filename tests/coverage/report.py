"""Run the hosted tests and tell which lines and branches of mm/ and kernel/ they reached.

What gcov counted in every object is added up by file, line and branch. mm/, with its public
headers, must be reached in full by lines and by MIN_BRANCHES of its branches. What is not reached
stands in tests/coverage/unreached, a line each,

    FILE | FUNCTION | PART OF THE LINE | REASON

and every such line must still be true: what has been reached, or is gone, is no excuse.

One rule leaves branches out: those of an assertion's line. Half of them lead to a panic, which only
a broken invariant can take; the line itself is counted, and what the assertions guard has tests of
its own. The table says how many there are.
"""

import argparse
import collections
import glob
import json
import os
import re
import shlex
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))

import excuses  # noqa: E402
import program  # noqa: E402
from tally import Tally     # noqa: E402

UNREACHED = "tests/coverage/unreached"
GROUPS = {"mm/": ("mm/", "include/mm/"), "kernel/": ("kernel/", "include/kernel/")}
MUST = "mm/"
MIN_LINES = 1.0
MIN_BRANCHES = 0.95
TIMEOUT = 300       # seconds; the slowest program takes a hundredth of it
ASSERTION = re.compile(r"\s*(?:MM_ASSERT|lock_assert_held)\(")

Excuse = collections.namedtuple("Excuse", "number file function part reason")
Gap = collections.namedtuple("Gap", "file line function what text")


class Line:
    """One line of one file: how often it ran, and each of its branches, by function and index."""

    def __init__(self):
        self.count = 0
        self.functions = set()
        self.branches = collections.Counter()

    def add(self, found):
        name = found.get("function_name") or "-"    # gcov names none that was inlined
        self.count += found["count"]
        self.functions.add(name)
        for index, branch in enumerate(found["branches"]):
            self.branches[name, index] += branch["count"]


def merge(reports):
    """Add up what gcov says of all objects. Return: {file: {line: Line}}."""
    files = collections.defaultdict(lambda: collections.defaultdict(Line))
    for report in reports:
        for found in report["files"]:
            path = os.path.normpath(found["file"])
            if path.startswith(sum(GROUPS.values(), ())):
                for line in found["lines"]:
                    files[path][line["line_number"]].add(line)
    return files


def assertion_lines(text):
    """Numbers of the lines that an assertion takes, its continuations included."""
    numbers, inside = set(), False
    for number, line in enumerate(text, 1):
        inside = inside or bool(ASSERTION.match(line))
        if inside:
            numbers.add(number)
            inside = not line.rstrip().endswith(";")
    return numbers


class Sums:
    """What the table says of one file, or of several."""

    def __init__(self):
        self.lines = self.reached = self.branches = self.taken = self.asserted = 0

    def add(self, other):
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def shares(self):
        """Return: (lines, branches) reached, 0 .. 1. Lines without a branch reach all of them."""
        if not self.lines:
            return 0.0, 0.0
        return (self.reached / self.lines, self.taken / self.branches if self.branches else 1.0)


def look_at(path, lines, text):
    """Return: (Sums, [Gap]) of one file; `text` is its lines."""
    sums, gaps = Sums(), []
    asserted = assertion_lines(text)
    for number in sorted(lines):
        line = lines[number]
        said = text[number - 1].strip() if number <= len(text) else ""
        function = " ".join(sorted(line.functions))
        sums.lines += 1
        sums.reached += line.count > 0
        if number in asserted:
            sums.asserted += len(line.branches)
        else:
            sums.branches += len(line.branches)
            sums.taken += sum(count > 0 for count in line.branches.values())
        if line.count == 0:
            gaps.append(Gap(path, number, function, "line", said))
        elif number not in asserted:
            gaps += [Gap(path, number, name, f"branch {index + 1}", said)
                     for (name, index), count in sorted(line.branches.items()) if count == 0]
    return sums, gaps


def parse_excuses(text):
    """Return: ([Excuse], [problem])."""
    good, problems = excuses.read(UNREACHED, text, Excuse._fields[1:])
    return [Excuse(number, *fields) for number, fields in good], problems


def excuse_for(gap, known):
    return next((e for e in known if e.file == gap.file and e.part in gap.text
                 and e.function in gap.function.split()), None)


def judge(gaps, known):
    """Return: ([(Gap, Excuse)], gaps that nothing excuses, excuses that excuse nothing)."""
    pairs = [(gap, excuse_for(gap, known)) for gap in gaps]
    used = {excuse for _, excuse in pairs}
    return ([pair for pair in pairs if pair[1]], [gap for gap, excuse in pairs if not excuse],
            [excuse for excuse in known if excuse not in used])


def shortfalls(sums):
    """What is missing to what is asked of `sums`."""
    lines, branches = sums.shares()
    problems = []
    if not sums.lines:
        problems.append("there are no lines")
    if lines < MIN_LINES:
        problems.append(f"{sums.lines - sums.reached} lines are never reached")
    if branches < MIN_BRANCHES:
        problems.append(f"{branches:.1%} of the branches, {MIN_BRANCHES:.0%} are asked for")
    return problems


def execute(words):
    try:
        return program.execute(*words, timeout=TIMEOUT, cwd=ROOT).problems()
    except OSError as why:
        return [str(why)]


def run_programs(tally, objects, commands):
    """From fresh counters. A word with an asterisk stands for one run with each such file."""
    for path in glob.glob(os.path.join(objects, "**", "*.gcda"), recursive=True):
        os.remove(path)
    for command in commands:
        words = shlex.split(command)
        pattern = next((word for word in words if "*" in word), None)
        names = sorted(glob.glob(pattern, root_dir=ROOT)) if pattern else [None]
        problems = [] if names else [f"no file {pattern}"]
        for name in names:
            said = execute([name if word == pattern else word for word in words])
            problems += [f"{name}: {line}" if name else line for line in said]
        tally.case(f"coverage: {command}", problems)


def gcov(objects):
    """Return: (what gcov counted, one report an object, [problem])."""
    counters = sorted(glob.glob(os.path.join(objects, "**", "*.gcda"), recursive=True))
    if not counters:
        return [], [f"no counters below {objects}"]
    done = program.execute("gcov", "--json-format", "--stdout", "--branch-probabilities",
                           *counters, timeout=TIMEOUT, cwd=ROOT)
    if done.status != 0:
        return [], [f"gcov: {done.how()}"] + done.err.split("\n")[-program.SAID:]
    return [json.loads(line) for line in done.out.split("\n") if line.startswith("{")], []


def without_data(sources, files):
    """The sources of which gcov knows no line: these have no gaps."""
    return [f"{path}: no line of it was counted" for path in sources if not files.get(path)]


def row(name, sums):
    lines, branches = sums.shares()
    print(f"{name:<34}{sums.reached:>6} /{sums.lines:>5}{lines:>8.1%}"
          f"{sums.taken:>7} /{sums.branches:>5}{branches:>8.1%}{sums.asserted:>9}")


def show(files):
    """Print the table. Return: ({group: Sums}, [Gap])."""
    total, gaps = {}, []
    print(f"{'file':<34}{'lines':>13}{'':>8}{'branches':>14}{'':>8}{'asserted':>9}")
    for group, folders in GROUPS.items():
        total[group] = Sums()
        for path in sorted(path for path in files if path.startswith(folders)):
            with open(os.path.join(ROOT, path), encoding="utf-8") as source:
                sums, missing = look_at(path, files[path], source.read().split("\n"))
            total[group].add(sums)
            gaps += missing
            row(path, sums)
        row(group, total[group])
        print()
    return total, gaps


def say(gap):
    return f"{gap.file}:{gap.line}: {gap.function}: {gap.what}: {gap.text}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tally")
    parser.add_argument("--objects", required=True, help="where the instrumented objects are")
    parser.add_argument("--sources", required=True, help="files that must be among those counted")
    parser.add_argument("programs", nargs="+", help="commands, run from the root")
    args = parser.parse_args()
    tally = Tally()
    run_programs(tally, args.objects, args.programs)
    with open(os.path.join(ROOT, UNREACHED), encoding="utf-8") as text:
        known, problems = parse_excuses(text.read())
    reports, failed = gcov(args.objects)
    files = merge(reports)
    sources = args.sources.split()
    tally.case(f"coverage: gcov counted all of {len(sources)} sources",
               failed or without_data(sources, files) or ([] if sources else ["no sources"]))
    total, gaps = show(files)
    excused, bare, idle = judge(gaps, known)
    for gap, excuse in excused:
        print(f"{say(gap)}\n        {excuse.reason}")
    lines, branches = total[MUST].shares()
    tally.case(f"coverage: {MUST}: {lines:.1%} of the lines, {branches:.1%} of the branches",
               shortfalls(total[MUST]))
    tally.case(f"coverage: {len(excused)} gaps are in {UNREACHED}", [say(gap) for gap in bare])
    problems += [f"{UNREACHED}:{e.number}: {e.file}: {e.function}: reached, or gone: {e.part}"
                 for e in idle]
    tally.case(f"coverage: {len(known)} reasons that still hold", problems)
    return tally.finish(args.tally)


if __name__ == "__main__":
    sys.exit(main())
