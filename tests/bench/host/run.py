"""The hosted library beside other allocators: cycles, instructions and resident memory."""

import argparse
import glob
import os
import re
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import figures      # noqa: E402

# Of all allocators in turn, so that a change of the machine's speed reaches each of them.
ROUNDS = 7
TIMEOUT = 600           # seconds for one program
LIBRARIES = {
    "jemalloc": "libjemalloc.so.2",
    "mimalloc": "libmimalloc.so.2",
    "tcmalloc": "libtcmalloc_minimal.so.4",
}
ALLOCATORS = ("quire", "glibc", *LIBRARIES)
PEERS = ALLOCATORS[1:]
UNITS = ("cycles", "instructions", "bytes")


class Failed(Exception):
    """A program of the benchmark did not do what it should."""


def command(folder, allocator):
    """Return: (words, environment) that run the workloads over `allocator`."""
    environment = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}
    if allocator == "quire":
        return [os.path.join(folder, "bench-quire")], environment
    if allocator in LIBRARIES:
        found = glob.glob(os.path.join(folder, "root", "usr", "lib", "*", LIBRARIES[allocator]))
        if len(found) != 1:
            raise Failed(f"{LIBRARIES[allocator]} is not under {folder}/root")
        environment["LD_PRELOAD"] = os.path.abspath(found[0])
    return [os.path.join(folder, "bench-malloc")], environment


def run(folder, allocator, what, under=()):
    """One program's lines. Return: {row: (figure, operations)}."""
    words, environment = command(folder, allocator)
    done = subprocess.run([*under, *words, what], env=environment, capture_output=True, text=True,
                          timeout=TIMEOUT, check=False)
    if done.returncode != 0 or "ld.so" in done.stderr:
        said = (done.stdout + done.stderr).rstrip()
        raise Failed(f"{allocator}, {what}: status {done.returncode}\n{said}")
    lines = [line.split() for line in done.stdout.splitlines()]
    return {row: (float(figure), int(operations)) for row, figure, operations in lines}


def cycles_of(folder):
    """Medians over rounds in which allocators take turns. Return: {allocator: {row: cycles}}."""
    samples = {allocator: {} for allocator in ALLOCATORS}
    for _ in range(ROUNDS):
        for allocator in ALLOCATORS:
            for row, (figure, _operations) in run(folder, allocator, "time").items():
                samples[allocator].setdefault(row, []).append(figure)
    return {allocator: {row: statistics.median(found) for row, found in rows.items()}
            for allocator, rows in samples.items()}


def instructions_of(folder, allocator):
    """Callgrind's count inside timed_ROW, its last run. Return: {row: per operation}."""
    out = os.path.join(folder, f"callgrind.{allocator}")
    for old in glob.glob(out + "*"):
        os.unlink(old)
    operations = {row: nr for row, (_, nr) in run(folder, allocator, "count").items()}
    under = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
    # By full names: callgrind 3.19 counts nothing when both options have a wildcard.
    for row in operations:
        under += [f"--zero-before=timed_{row}", f"--dump-after=timed_{row}"]
    run(folder, allocator, "count", under)
    rows = {}
    parts = [name for name in glob.glob(out + ".*") if name.rsplit(".", 1)[1].isdigit()]
    for part in sorted(parts, key=lambda name: int(name.rsplit(".", 1)[1])):
        with open(part, encoding="utf-8") as text:
            said = text.read()
        trigger = re.search(r"^desc: Trigger: --dump-after=timed_(\w+)$", said, re.M)
        total = re.search(r"^(?:summary|totals): (\d+)$", said, re.M)
        if trigger and total:
            rows[trigger.group(1)] = int(total.group(1)) / operations[trigger.group(1)]
    missing = {row for row in operations if not rows.get(row)}
    if missing:
        raise Failed(f"{allocator}: callgrind has no count of {', '.join(sorted(missing))}")
    return rows


def measure(folder):
    """Return: {allocator: {(row, unit): figure}}; units are cycles, instructions and bytes."""
    cycles = cycles_of(folder)
    found = {}
    for allocator in ALLOCATORS:
        rows = {(row, "cycles"): figure for row, figure in cycles[allocator].items()}
        for row, figure in instructions_of(folder, allocator).items():
            rows[row, "instructions"] = figure
        rows["resident", "bytes"] = run(folder, allocator, "resident")["resident"][0]
        found[allocator] = rows
    return found


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(unit, found, goals, recorded):
    """One unit's rows, as lines of text."""
    judged = unit != "instructions"         # the goals are cycles, and bytes per byte
    head = [unit, *ALLOCATORS, "best/quire", "/rec."] + (["goal", "met"] if judged else [])
    lines = [head]
    for goal in goals:
        key = goal["row"], unit
        mine = found["quire"].get(key)
        if mine is None:
            continue
        others = [found[peer][key] for peer in PEERS if key in found[peer]]
        old = recorded.get(key)
        line = [goal["operation"], *(number(found[allocator].get(key)) for allocator in ALLOCATORS),
                f"{min(others) / mine:.2f}" if others and mine else "-",
                f"{mine / old:.2f}" if old else "-"]
        if judged:
            line += [goal["goal"], "yes" if mine <= float(goal["goal"]) else "no"]
        lines.append(line)
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return ["  ".join([line[0].ljust(widths[0])] +
                      [text.rjust(width) for text, width in zip(line[1:], widths[1:])]).rstrip()
            for line in lines]


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        named = [line for line in lines if line.startswith("model name")]
    return named[0].split(":", 1)[1].strip() if named else "?"


def read_recorded(path):
    """Return: (comments, {(row, unit): Quire's figure})."""
    try:
        comments, lines = figures.read_table(path)
    except FileNotFoundError:
        return [], {}
    return comments, {(line["row"], line["unit"]): float(line["quire"]) for line in lines}


def write(path, comments, found):
    keys = list(found["quire"])
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(f"# {comment}\n" for comment in comments)
        out.write("\t".join(("row", "unit", *ALLOCATORS)) + "\n")
        for key in keys:
            values = [found[allocator].get(key) for allocator in ALLOCATORS]
            texts = ["-" if value is None else f"{value:.3f}" for value in values]
            out.write("\t".join([*key, *texts]) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True, help="with the programs and the libraries")
    parser.add_argument("--out", required=True, help="the table for machines")
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--goals", default=os.path.join(HERE, "goals.tsv"))
    parser.add_argument("--recorded", default=os.path.join(HERE, "recorded.tsv"))
    parser.add_argument("--record", action="store_true", help="make this run the recorded one")
    args = parser.parse_args()
    with open(os.path.join(args.folder, "peers"), encoding="utf-8") as lines:
        peers = ", ".join(lines.read().splitlines())
    goals = figures.read_table(args.goals)[1]
    recorded_with, recorded = read_recorded(args.recorded)
    try:
        found = measure(args.folder)
    except (Failed, subprocess.TimeoutExpired) as problem:
        print(problem)
        return 1
    comments = [f"compiler: {args.compiler}", f"processor: {processor()}",
                f"peers: {os.confstr('CS_GNU_LIBC_VERSION')}, {peers}"]
    for unit in UNITS:
        print("\n".join(table(unit, found, goals, recorded)) + "\n")
    print("\n".join(comments))
    clock = found["quire"]["clock", "cycles"]
    print(f"""\
Per operation, loop and calls included. Cycles are ticks of the time stamp counter, the median
of {ROUNDS} rounds; a cycle of this CPU was {clock:.2f} of them. The goals are a Zen 4's.
best/quire: the best peer of this run over Quire; above 1 Quire is better.
/rec.: over what was recorded with""")
    print("\n".join(f"  {comment.lstrip('# ')}" for comment in recorded_with) or "  nothing yet")
    write(args.out, comments, found)
    if args.record:
        write(args.recorded, comments, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
