"""The benchmarks: boots the kernel under -icount, reads what it measured, and prints, records or
judges it."""

import argparse
import concurrent.futures
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [HERE, os.path.join(TESTS, "qemu"), TESTS]

import figures      # noqa: E402
from judge import OK, judge as judge_boot   # noqa: E402
from machine import Console, command, with_cmdline      # noqa: E402
from tally import Tally     # noqa: E402

CPU = "max,la57=off,erms=off,fsrm=off"
ICOUNT = ("-icount", "shift=0,sleep=off")
BENCH_MEMORY = "4G"
BOOT_MEMORIES = ("512M", "1G", "8G", "1T")      # besides BENCH_MEMORY
QUICK = "bench=kmalloc*,cache*,pages*,cpus*"    # all that does not take the whole memory
CPUS = 4                # of a second machine, for what one CPU cannot show
MANY_CPUS = "bench=cpus*,*cross_cpu*"
TIMEOUT = 600           # seconds
AT_A_TIME = 2
SAID = 25               # lines of a failed boot's log that are shown


def boot(iso, folder, memory, word, cpus):
    """Return: (log, problems)."""
    name = re.sub(r"\W+", "-", f"{word}-{memory}-{cpus}").strip("-")
    image, path = os.path.join(folder, name + ".iso"), os.path.join(folder, name + ".log")
    with_cmdline(iso, (word,), image)
    extra = (*ICOUNT, "-smp", str(cpus))
    outcome = Console(command(image, memory=memory, cpu=CPU, extra=extra), TIMEOUT).finish()
    os.unlink(image)
    with open(path, "w", encoding="utf-8") as log:
        log.write(outcome.log)
    problems = [f"{word}, {memory}: {problem}" for problem in judge_boot(outcome, OK)[0]]
    if problems:
        problems += [f"log: {path}"] + outcome.log.rstrip().split("\n")[-SAID:]
    return outcome.log, problems


class Run:
    """One or more boots, and what they measured."""

    def __init__(self, iso, folder, quick, glob=None):
        self.rows, self.reasons, self.problems = {}, {}, []
        self.compiler, self.interrupts = None, "?"
        word = f"bench={glob}" if glob else QUICK if quick else "bench"
        boots = [(BENCH_MEMORY, word, 1), (BENCH_MEMORY, MANY_CPUS, CPUS)]
        if not quick and not glob:
            boots += [(memory, "poweroff", 1) for memory in BOOT_MEMORIES]
        with concurrent.futures.ThreadPoolExecutor(max_workers=AT_A_TIME) as pool:
            results = pool.map(lambda b: boot(iso, folder, *b), boots)
            for (memory, asked, cpus), done in zip(boots, results):
                if cpus == 1:
                    self.add(memory, asked, *done)
                else:
                    self.add_missing(*done)

    def add_missing(self, log, problems):
        """What the machine with one CPU had no figure for."""
        rows, reasons, found = figures.parse_bench(log)
        self.problems += problems + found
        self.reasons.update({name: reasons[name] for name in self.reasons if name in reasons})
        for name in [name for name in self.reasons if name in rows]:
            self.rows[name] = rows[name]
            del self.reasons[name]

    def add(self, memory, word, log, problems):
        self.problems += problems
        if word.startswith("bench"):
            self.rows, self.reasons, found = figures.parse_bench(log)
            self.problems += found
            self.compiler = figures.parse_compiler(log)
            state = re.search(r"^bench: interrupts (\w+)$", log, re.M)
            self.interrupts = state.group(1) if state else "?"
        rows, found = figures.parse_boot(log, memory)
        self.rows.update(rows)
        self.problems += found


def show(run, args, recorded_with, recorded):
    peers = figures.read_table(args.linux)[1]
    print("\n".join(figures.table_lines(peers, run.rows, run.reasons, recorded)))
    print(f"\nInstructions per operation, empty loop off; Quire built with {run.compiler}, "
          f"interrupts {run.interrupts}, {BENCH_MEMORY}, 1 CPU; {CPUS} for those of several."
          f"\n/rec.: over the figures recorded with {recorded_with or 'nothing yet'}."
          "\nlocked, irq: locked instructions, and cli sti pushf popf, on the path.")
    for name, why in run.reasons.items():
        print(f"{name}: none: {why}")


def check(run, args, recorded_with, recorded):
    """Return: the exit status. Figures of another compiler are told, not judged."""
    tally = Tally()
    table = os.path.relpath(args.recorded)
    tally.case(f"bench: boots and measures ({len(run.rows)} figures)", run.problems)
    expected = [name for name in recorded if figures.in_check(name)]
    verdicts = figures.judge(run.rows, recorded, expected)
    if not recorded:
        tally.case("bench: recorded figures", [f"{table} has none: make bench-record"])
    elif run.compiler != recorded_with:
        grown = [line for _, problems in verdicts for line in problems]
        print(f"  bench: recorded with {recorded_with}, built with {run.compiler}: not judged")
        print("".join(f"          {line}\n" for line in grown), end="")
    else:
        bad = [(name, problems) for name, problems in verdicts if problems]
        tally.add(len(verdicts) - len(bad), 0)
        for name, problems in bad:
            tally.case(f"bench: {name} within 5 %", problems)
        print(f"  {'FAILED' if bad else 'ok    '}  bench: {len(verdicts) - len(bad)} of "
              f"{len(verdicts)} operations within 5 % of {table}")
    for name, problems in figures.judge_cpus(run.rows):
        tally.case(f"bench: {name} costs the same on 1, 2 and 4 CPUs", problems)
    return tally.finish(args.tally)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--iso", default="build/gcc/quire.iso")
    parser.add_argument("--out", default="build/bench", help="folder for quire.tsv and the logs")
    parser.add_argument("--linux", default=os.path.join(HERE, "linux.tsv"))
    parser.add_argument("--recorded", default=os.path.join(HERE, "recorded.tsv"))
    parser.add_argument("--bench", help="only the cases that match this list of globs")
    parser.add_argument("--record", action="store_true", help="make this run the recorded one")
    parser.add_argument("--check", action="store_true",
                        help="the short cases only; fail when one has grown")
    parser.add_argument("--tally")
    args = parser.parse_args()
    if args.record and (args.check or args.bench):
        parser.error("only a whole run is recorded")
    os.makedirs(args.out, exist_ok=True)
    run = Run(args.iso, args.out, args.check, args.bench)
    recorded_with, recorded = figures.read_recorded(args.recorded)
    if args.check:
        return check(run, args, recorded_with, recorded)
    for line in run.problems + [line for _, found in figures.judge_cpus(run.rows) for line in found
                                if not args.bench]:
        print(line)
    if not args.bench:
        figures.write_rows(os.path.join(args.out, "quire.tsv"), run.compiler, run.rows,
                           run.reasons, recorded)
    show(run, args, recorded_with, recorded)
    if run.problems:
        return 1
    if args.record:
        figures.write_recorded(args.recorded, run.compiler, run.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
