"""The QEMU ring: boots the scenarios, two at a time, and judges each one."""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import refusals     # noqa: E402
from judge import Skips, judge     # noqa: E402
from machine import Console, command, with_cmdline     # noqa: E402
from scenarios import all_boots     # noqa: E402
from tally import Tally     # noqa: E402

AT_A_TIME = 2
DUMP_TIMEOUT = 120      # seconds
DUMPED = ("memmap", "buddyinfo", "slabinfo", "zoneinfo", "meminfo", "vmstat",
          "ledger", "serial.log")
REFUSALS = "each request of a boot is refused once"
SAID = 25               # lines of a failed boot's log that are shown


class Ring:
    def __init__(self, args):
        self.args = args
        self.tally = Tally()
        self.skips = Skips()
        self.lock = threading.Lock()
        self.isos = {}

    def iso(self, boot):
        """The image with the boot's words; each combination is made once."""
        with self.lock:
            key = (boot.image, boot.words)
            if key not in self.isos:
                made = os.path.join(self.args.logs, f"{boot.image}-{len(self.isos)}.iso")
                with_cmdline(getattr(self.args, boot.image), boot.words, made)
                self.isos[key] = made
            return self.isos[key]

    def run(self, boot):
        started = time.monotonic()
        words = command(self.iso(boot), boot.machine, boot.memory, boot.firmware, boot.cpu,
                        boot.extra)
        console = Console(words, boot.timeout * self.args.patience)
        problems = boot.script(console) if boot.script else []
        outcome = console.finish()
        problems, report = self.verdict(boot, outcome, problems)
        path = os.path.join(self.args.logs, re.sub(r"[^\w.=-]+", "-", boot.name) + ".log")
        with open(path, "w", encoding="utf-8") as log:
            log.write(f"{' '.join(words)}\n\n{outcome.log}")
        with self.lock:
            self.tally.add(report.passed, report.failed)
            self.skips.add(report)
            if problems:
                problems += [f"log: {path}"] + outcome.log.rstrip().split("\n")[-SAID:]
            took = f"{time.monotonic() - started:.0f} s"
            cases = f", {report.passed} cases" if boot.tests else ""
            cases += f", {report.skipped} skipped" if report.skipped else ""
            self.tally.case(f"{boot.name} ({took}{cases})", problems)

    @staticmethod
    def verdict(boot, outcome, problems):
        found, report = judge(outcome, boot.want, boot.tests)
        problems = problems + found
        if boot.check:
            problems += boot.check(outcome.log)
        return problems, report

    def guarded(self, boot):
        """A scenario that cannot even start is a failed case, not a lost one."""
        try:
            self.run(boot)
        except (OSError, RuntimeError, ValueError, subprocess.CalledProcessError) as error:
            with self.lock:
                self.tally.case(boot.name, [str(error)])

    def refuse_once(self, number):
        """Return: the outcome of a boot whose `number`-th request for memory fails."""
        made = os.path.join(self.args.logs, f"refused-{number}.iso")
        with_cmdline(self.args.gcc, (f"fail-nth={number}", "poweroff"), made)
        outcome = Console(command(made, **refusals.MACHINE), refusals.TIMEOUT).finish()
        os.unlink(made)
        with open(made[:-len("iso")] + "log", "w", encoding="utf-8") as log:
            log.write(outcome.log)
        return outcome

    def refuse_each(self):
        """Every request of a boot, one boot each."""
        started = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(max_workers=AT_A_TIME) as pool:
            problems, done = refusals.each_request(self.refuse_once, pool)
        took = f"{time.monotonic() - started:.0f} s"
        self.tally.case(f"{REFUSALS} ({took}, {done} boots)", problems)

    def dump(self):
        """`make dump` as a user calls it, and the check that its files agree."""
        folder = os.path.join("build", "dump")
        shutil.rmtree(folder, ignore_errors=True)
        try:
            done = subprocess.run(["make", "--no-print-directory", "CC=gcc", "dump"],
                                  capture_output=True, text=True, errors="replace",
                                  timeout=DUMP_TIMEOUT, check=False, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            self.tally.case("make dump", ["timeout"])
            return
        problems = []
        if done.returncode != 0:
            problems = [f"status {done.returncode}", *done.stderr.split("\n")[-SAID:]]
        problems += [f"{name} is missing or empty" for name in DUMPED
                     if not os.path.exists(os.path.join(folder, name))
                     or not os.path.getsize(os.path.join(folder, name))]
        self.tally.case("make dump", problems)
        done = subprocess.run([sys.executable, "-B", "tools/check_dump.py", folder],
                              capture_output=True, text=True, check=False)
        self.tally.case("the files of one dump agree",
                        [] if done.returncode == 0 else (done.stdout + done.stderr).split("\n"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tally")
    parser.add_argument("--logs", default="build/check/boots")
    parser.add_argument("--gcc", default="build/gcc/quire.iso")
    parser.add_argument("--clang", default="build/clang/quire.iso")
    parser.add_argument("--portable", default="build/gcc-portable/quire.iso")
    parser.add_argument("--debug", default="build/gcc-debug/quire.iso")
    parser.add_argument("--maps", default="tests/maps")
    parser.add_argument("--patience", type=int, default=1,
                        help="times the seconds that a boot may take")
    parser.add_argument("--list", action="store_true", help="only say which scenarios there are")
    parser.add_argument("--only", default="",
                        help="scenarios whose name matches this regular expression")
    args = parser.parse_args()
    boots = [boot for boot in all_boots(args.maps) if re.search(args.only, boot.name)]
    if args.list:
        print("\n".join(boot.name for boot in boots))
        return 0
    os.makedirs(args.logs, exist_ok=True)
    ring = Ring(args)
    with concurrent.futures.ThreadPoolExecutor(max_workers=AT_A_TIME) as pool:
        list(pool.map(ring.guarded, boots))
    if not args.only:
        ring.tally.case("no case is skipped in all boots", ring.skips.never_run())
    if not args.only or re.search(args.only, REFUSALS):
        ring.refuse_each()
    if not args.only or re.search(args.only, "make dump"):
        ring.dump()
    for iso in ring.isos.values():
        os.unlink(iso)
    return ring.tally.finish(args.tally)


if __name__ == "__main__":
    sys.exit(main())
