"""The random ring: lists of random operations under sanitizers, two processes at a time.

Every list is one case; the number of operations that were carried out is one more. Before that the
program is given faults of its own, so that lists are shrunk and printed as tests.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import ktap     # noqa: E402
import program  # noqa: E402
from tally import Tally     # noqa: E402

SEED = re.compile(r"# seed (0x[0-9a-f]+): (\d+) operations, (\d+) requests refused, (\d+) misuses")
SAID = 150          # lines of a failed program's output that are shown: the printed test is there

# Program, CPUs, operations of each CPU, runs; and operations that must come of it all. With threads
# lists are short: some races are only to be had while nothing has been used yet.
CHECK = ([("gcc-san", 1, 520000, 5), ("clang-san", 1, 520000, 5), ("gcc-san", 1, 520000, 5),
          ("clang-san", 1, 520000, 5), ("clang-tsan", 2, 20000, 6), ("gcc-tsan", 2, 20000, 3)],
         10000000)
LONG = ([("gcc-san", 1, 2000000, 20), ("clang-san", 1, 2000000, 20), ("clang-tsan", 2, 40000, 100),
         ("gcc-tsan", 4, 200000, 10)], 80000000)

# A fault of the program's own in a kind of operation (enum op_kind); CPUs, operations, seed; and to
# how few operations the list must be shrunk. None: it is printed as it is, which shows how most
# kinds are printed.
PLANTED = (("KREALLOC", 1, 400, 1, 2), ("FREE_BULK", 1, 400, 1, 2), ("BUG_TWICE", 1, 400, 1, 2),
           ("DESTROY", 1, 8000, 0x2a, None), ("BUG_LIVE", 1, 8000, 0x2b, None),
           ("DRAIN_ALL", 1, 8000, 0x2b, None), ("POST", 2, 400, 1, None))
PLANTED_SECONDS = 120       # a hundred times what one takes
AGAIN = "KREALLOC"          # is run twice: its seed must lead to the same
SHRUNK = re.compile(r"# \d+ operations were shrunk to (\d+) in \d+ runs")
PRINTED = re.compile(r"^---- (\S+) ----\n(.*)^---- end ----$", re.MULTILINE | re.DOTALL)
FLAGS = "-std=gnu11 -Wall -Wextra -Werror -I. -Iinclude -Iinclude/hosted"


def without_aslr():
    """ThreadSanitizer's shadow has fixed places; some kernels load programs into them."""
    probe = subprocess.run(["setarch", "-R", "true"], capture_output=True, check=False)
    return ["setarch", "-R"] if probe.returncode == 0 else []


def execute(folder, job, timeout, prefix):
    """Return: (name, what became of the program)."""
    kind, cpus, ops, runs = job
    command = [os.path.join(folder, kind, "random"), "--cpus", str(cpus), "--ops", str(ops),
               "--runs", str(runs)]
    return " ".join(command), program.execute(*(prefix if "tsan" in kind else []), *command,
                                              timeout=timeout)


def judge(tally, name, done):
    """Count one program's lists. Return: the operations that it carried out."""
    executed = 0
    for seed, ops, refused, misuses in SEED.findall(done.out):
        executed += int(ops)
        print(f"          seed {seed}: {ops} operations, {refused} refused, {misuses} misuses")
    program.judge(tally, name, done, "lists", SAID)
    return executed


def kinds():
    """Names of enum op_kind, in its order."""
    with open(os.path.join(HERE, "random.h"), encoding="ascii") as header:
        return re.findall(r"^\tOP_(\w+),", header.read(), re.MULTILINE)


def compile_test(text, flags):
    """Does `text` compile as a file of tests/suites/? Return: what does not."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "found_test.c")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return program.execute("gcc", "-fsyntax-only", *flags, "-Itests/suites", path,
                               timeout=PLANTED_SECONDS).problems()


def judge_planted(done, most, flags):
    """What is wrong with a failed list's end: it is shrunk to @most, and its test compiles."""
    report = ktap.read(done.out)
    shrunk, printed = SHRUNK.search(done.out), PRINTED.search(done.out)
    problems = list(report.problems)
    if done.status != 1 or report.failed != 1:
        problems.append(f"{done.how()} with {report.failed} failed lists")
    if not shrunk or not printed:
        return problems + ["nothing was shrunk and printed"] + done.said()
    if most is not None and int(shrunk.group(1)) > most:
        problems.append(f"{shrunk.group(1)} operations are left, {most} were expected")
    problems += compile_test(printed.group(2), flags)
    return problems and problems + printed.group(2).split("\n")[:SAID]


def run_planted(tally, folder, flags):
    path = os.path.join(folder, "gcc-san", "random")
    for kind, cpus, ops, seed, most in PLANTED:
        command = [path, "--plant", str(kinds().index(kind)), "--cpus", str(cpus), "--ops",
                   str(ops), "--seed", str(seed), "--runs", "1", "--shrink",
                   str(PLANTED_SECONDS // 2 if most else 0)]
        done = program.execute(*command, timeout=PLANTED_SECONDS)
        problems = judge_planted(done, most, flags)
        if kind == AGAIN:
            again = program.execute(*command, timeout=PLANTED_SECONDS)
            if again.out != done.out:
                problems += ["the same seed leads elsewhere"] + again.said()
        tally.case(f"a fault in {kind}: " + (f"shrunk to {most} operations, and printed" if most
                                             else "printed"), problems)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tally")
    parser.add_argument("--folder", default="build/host")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--flags", default=FLAGS, help="that compile a file of tests/suites/")
    args = parser.parse_args()
    jobs, wanted = LONG if args.long else CHECK
    timeout = 7200 if args.long else 1800
    prefix = without_aslr()
    tally = Tally()
    run_planted(tally, args.folder, args.flags.split())
    executed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        running = [pool.submit(execute, args.folder, job, timeout, prefix) for job in jobs]
        for done in running:
            executed += judge(tally, *done.result())
    tally.case(f"{executed} random operations", [] if executed >= wanted else
               [f"at least {wanted} were to be carried out"])
    return tally.finish(args.tally)


if __name__ == "__main__":
    sys.exit(main())
