"""The random ring: lists of random operations under sanitizers, two processes at a time.

Every list is one case; the number of operations that were carried out is one more.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import program  # noqa: E402
from tally import Tally     # noqa: E402

SEED = re.compile(r"# seed (0x[0-9a-f]+): (\d+) operations, (\d+) requests refused, (\d+) misuses")
SAID = 150          # lines of a failed program's output that are shown: the printed test is there

# Program, CPUs, operations of each CPU, runs; and operations that must come of it all.
CHECK = ([("gcc-san", 1, 520000, 5), ("clang-san", 1, 520000, 5), ("gcc-san", 1, 520000, 5),
          ("clang-san", 1, 520000, 5), ("clang-tsan", 2, 100000, 2), ("gcc-tsan", 2, 100000, 1)],
         10000000)
LONG = ([("gcc-san", 1, 2000000, 20), ("clang-san", 1, 2000000, 20), ("clang-tsan", 2, 400000, 10),
         ("gcc-tsan", 4, 200000, 10)], 80000000)


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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tally")
    parser.add_argument("--folder", default="build/host")
    parser.add_argument("--long", action="store_true")
    args = parser.parse_args()
    jobs, wanted = LONG if args.long else CHECK
    timeout = 7200 if args.long else 1800
    prefix = without_aslr()
    tally = Tally()
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
