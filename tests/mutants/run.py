"""Tests of the tests: each seeded fault is built and run against the rings until one sees it.

A copy of the tree is kept for each worker under build/mutants/, objects included, so that a fault
costs the objects that depend on its file. A ring is asked only if its objects do, and only after
it has passed on the sound tree. What no ring sees has survived: a test is missing.
"""

import argparse
import fnmatch
import itertools
import os
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import mutants  # noqa: E402
import rings    # noqa: E402
from tally import Tally     # noqa: E402

WORKERS = 2         # as many as the smallest machine that this is meant for has cores
LEAST = 60
SOURCES = ("Makefile", "linker.ld", "grub.cfg", "boot", "include", "kernel", "mm", "tests", "tools")
BUILD_TIMEOUT = 600     # seconds
INHERITED = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CC", "DEBUG", "STACKS", "CMDLINE", "V")


def make(tree, goals):
    """Return: what make said when it failed, or None."""
    env = {name: value for name, value in os.environ.items() if name not in INHERITED}
    done = subprocess.run(["make", "--no-print-directory", "CC=gcc", *goals], cwd=tree, env=env,
                          capture_output=True, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, timeout=BUILD_TIMEOUT, check=False)
    if done.returncode == 0:
        return None
    said = [line for line in done.stderr.split("\n") if "error" in line]
    return (said or [f"make {' '.join(goals)} failed"])[0]


class Sound:
    """Whether a ring passes without a fault, found out once. One that does not is left out."""

    def __init__(self, names):
        self.names = names
        self.locks = {name: threading.Lock() for name in rings.NAMES}
        self.results = {}

    def passes(self, ring):
        if ring.name not in self.names:
            return False
        with self.locks[ring.name]:
            if ring.name not in self.results:
                self.results[ring.name] = make(".", ring.goals) or rings.run(ring, ".")
        return not self.results[ring.name]

    def problems(self):
        return [f"ring {name} fails on the sound tree, and was not asked: {seen}"
                for name, seen in self.results.items() if seen]


class Worker:
    def __init__(self, number, sound):
        self.tree = os.path.join("build", "mutants", f"tree{number}")
        self.sound = sound

    def prepare(self):
        """A copy of sources and objects; cp keeps the times that make goes by."""
        shutil.rmtree(self.tree, ignore_errors=True)
        os.makedirs(os.path.join(self.tree, "build"))
        subprocess.run(["cp", "-a", *SOURCES, self.tree], check=True)
        for folder in sorted({ring.objects for ring in rings.RINGS}):
            if os.path.isdir(folder):
                target = os.path.join(self.tree, os.path.dirname(folder))
                os.makedirs(target, exist_ok=True)
                subprocess.run(["cp", "-a", folder, target], check=True)

    def ask(self, mutant):
        """Return: (ring, what it saw), or None when all rings pass."""
        asked = 0
        for ring in sorted(rings.RINGS, key=lambda ring: ring.name != mutant.first):
            if not rings.holds(ring, self.tree, mutant.path) or not self.sound.passes(ring):
                continue
            said = make(self.tree, ring.goals)
            if said:
                raise mutants.Bad(f"{mutant.where}: {mutant.name} does not build: {said}")
            asked += 1
            seen = rings.run(ring, self.tree)
            if seen:
                return ring.name, seen
        if not asked:
            raise mutants.Bad(f"{mutant.where}: no ring is built from {mutant.path}")
        return None

    def try_one(self, mutant):
        path = os.path.join(self.tree, mutant.path)
        with open(path, encoding="utf-8") as source:
            text = source.read()
        with open(path, "w", encoding="utf-8") as target:
            target.write(mutant.apply(text))
        try:
            return self.ask(mutant)
        finally:
            with open(path, "w", encoding="utf-8") as target:
                target.write(text)


class Run:
    """All mutants, file by file, so that a file's objects are rebuilt in one worker."""

    def __init__(self, chosen, names):
        def where(mutant):
            return mutant.path

        self.groups = [list(group) for _, group in itertools.groupby(sorted(chosen, key=where),
                                                                     where)]
        self.groups.sort(key=len)
        self.lock = threading.Lock()
        self.sound = Sound(names)
        self.rows = []          # (mutant, ring or None, text)
        self.errors = []

    def note(self, mutant, seen, seconds):
        ring, text = seen if seen else ("survived", "")
        with self.lock:
            self.rows.append((mutant, seen and ring, text))
            print(f"  {ring:11} {mutant.name:32} {mutant.path:26} {seconds:4.0f} s  {text}",
                  flush=True)

    def work(self, number):
        worker = Worker(number, self.sound)
        try:
            worker.prepare()
            while True:
                with self.lock:
                    if not self.groups:
                        return
                    group = self.groups.pop()
                for mutant in group:
                    self.one(worker, mutant)
        except (OSError, subprocess.SubprocessError) as error:
            with self.lock:
                self.errors.append(f"worker {number}: {error}")

    def one(self, worker, mutant):
        begin = time.monotonic()
        try:
            self.note(mutant, worker.try_one(mutant), time.monotonic() - begin)
        except (mutants.Bad, subprocess.TimeoutExpired) as error:
            with self.lock:
                self.errors.append(str(error))
                print(f"  ERROR       {error}", flush=True)

    def execute(self):
        threads = [threading.Thread(target=self.work, args=(number,)) for number in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.errors += self.sound.problems()


def report(run, chosen, seconds):
    """The table, by ring, and the last line. Return: the exit status."""
    caught = [row for row in run.rows if row[1]]
    for name in rings.NAMES:
        number = sum(1 for row in caught if row[1] == name)
        if number:
            print(f"  {number:3} by {name}")
    for mutant, ring, _ in run.rows:
        if not ring:
            print(f"  survived: {mutant.name} ({mutant.where})")
    hangs = [row for row in caught if rings.is_hang(row[2])]
    for mutant, ring, text in hangs:
        print(f"  by a hang: {mutant.name} ({ring}: {text})")
    for error in run.errors:
        print(f"  error: {error}")
    print(f"  {seconds / 60:.0f} min {seconds % 60:.0f} s")
    print(f"  {len(hangs)} of {len(caught)} by a hang")
    print(f"{len(caught)} of {len(chosen)} caught")
    return 0 if len(caught) == len(chosen) and not run.errors else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="*", help="names of mutants: globs with commas between")
    parser.add_argument("--rings", default=",".join(rings.NAMES), help="ask only these")
    parser.add_argument("--check", action="store_true", help="only see that each one applies")
    parser.add_argument("--tally")
    parser.add_argument("--files", nargs="*", default=[], help="each must have a mutant")
    args = parser.parse_args()
    every = mutants.read_folder(HERE)
    problems = mutants.problems_of(every, rings.NAMES, args.files, LEAST)
    if args.check or problems:
        tally = Tally()
        tally.case(f"{len(every)} mutants apply to the sources", problems)
        return tally.finish(args.tally)
    chosen = [mutant for mutant in every
              if any(fnmatch.fnmatch(mutant.name, glob) for glob in args.only.split(","))]
    begin = time.monotonic()
    run = Run(chosen, args.rings.split(","))
    run.execute()
    return report(run, chosen, time.monotonic() - begin) if chosen else 1


if __name__ == "__main__":
    sys.exit(main())
