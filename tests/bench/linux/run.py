"""The same operations in Linux: boots Debian's kernel with quire_bench.ko, and compares."""

import argparse
import concurrent.futures
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH = os.path.dirname(HERE)
TESTS = os.path.dirname(BENCH)
sys.path[:0] = [BENCH, os.path.join(TESTS, "qemu"), TESTS]

import figures      # noqa: E402
from machine import Console     # noqa: E402

CPU = "max,la57=off,erms=off,fsrm=off"
ICOUNT = ("-icount", "shift=0,sleep=off")
WORDS = ("console=ttyS0 mitigations=off init_on_alloc=0 init_on_free=0 cgroup.memory=nokmem "
         "slab_nomerge nokaslr panic=-1")
SECOND_CPU = " maxcpus=1 tsc=reliable"      # quire_bench.c starts it, and says why
TIMEOUT = 600           # seconds
AT_A_TIME = 2
SAID = 25               # lines of a failed boot's log that are shown

# rows= of the module, RAM, CPUs
BOOTS = (("all", "4G", 1), ("remote", "4G", 2), ("none", "512M", 1), ("none", "8G", 1))

FIGURE = re.compile(r"quire_bench: (\w+) (\d+)\r?$", re.M)
VERSION = re.compile(r"Linux version (\S+) .*?(Debian \S+) \(\d")
STAMP = r"^\[ *(\d+)\.(\d+)\] "
DEFERRED = re.compile(STAMP + r".*deferred pages initialised in (\d+)ms", re.M)
MEMORY_SPANS = (("Zone ranges:", "setup_percpu:"), ("mem auto-init:", "Memory:"))
TICKS_PER_US, TICKS_PER_MS = 1000, 1000000      # shift=0: one instruction, one nanosecond

BESIDES = """
Linux does besides, on these paths: a test for memory cgroups and accounting flags, NUMA policies
and cpusets, static keys of tracing, hardened free lists (links XORed with a secret, a double-free
test of the last object), a random order of objects in new slabs, list debugging, and sysfs entries
for each cache. Quire's figures carry the checks of its own default build.
""".strip()


def boot(args, rows, memory, cpus):
    """Return: (log, problems)."""
    words = f"{WORDS} quire_rows={rows}" + (SECOND_CPU if cpus > 1 else "")
    command = ["qemu-system-x86_64", "-machine", "pc", *ICOUNT, "-cpu", CPU, "-m", memory,
               "-smp", str(cpus), "-display", "none", "-monitor", "none", "-nic", "none",
               "-no-reboot", "-serial", "stdio",
               "-kernel", args.kernel, "-initrd", args.initramfs, "-append", words]
    outcome = Console(command, TIMEOUT).finish()
    path = os.path.join(args.out, f"linux-{rows}-{memory}.log")
    with open(path, "w", encoding="utf-8") as log:
        log.write(outcome.log)
    if outcome.status == 0 and "quire_bench: done" in outcome.log:
        return outcome.log, []
    return outcome.log, [f"rows={rows}, {memory}: QEMU left with {outcome.status}; log: {path}",
                         *outcome.log.rstrip().split("\n")[-SAID:]]


def stamp_of(log, text):
    """Microseconds at which the kernel said `text`; None when it did not."""
    found = re.search(STAMP + re.escape(text), log, re.M)
    return int(found.group(1)) * 1000000 + int(found.group(2)) if found else None


def memory_setup(log):
    """Instructions that zones, page array and free lists took at boot; None: not said."""
    total = 0
    for begin, end in MEMORY_SPANS:
        start, stop = stamp_of(log, begin), stamp_of(log, end)
        if start is None or stop is None:
            return None
        total += (stop - start) * TICKS_PER_US
    return float(total + sum(int(found[2]) * TICKS_PER_MS for found in DEFERRED.findall(log)))


def measure(args):
    """Return: ({row: figure}, version, problems)."""
    rows, problems, version = {}, [], "?"
    with concurrent.futures.ThreadPoolExecutor(max_workers=AT_A_TIME) as pool:
        logs = list(pool.map(lambda b: boot(args, *b), BOOTS))
    for (kind, memory, _), (log, found) in zip(BOOTS, logs):
        problems += found
        rows.update((name, int(tenths) / 10) for name, tenths in FIGURE.findall(log))
        named = VERSION.search(log)
        version = " ".join(named.groups()) if named else version
        if kind != "remote":
            setup = memory_setup(log)
            if setup is None:
                problems.append(f"rows={kind}, {memory}: no time stamps of the memory set-up")
            else:
                rows[f"boot_memory_{memory}"] = setup
    return rows, version, problems


def ratio(above, below):
    if above is None or not below:
        return "-"
    return f"{above / below:.2f}" if above < 100 * below else f"{above / below:.0f}"


def table(rows, recorded, quire):
    """Linux, Quire and their ratio, in the order of the checked-in table."""
    head = ["operation", "Linux", "/rec.", "Quire", "Linux/Quire", "goal", "met"]
    lines = [head]
    for line in recorded:
        name = line["row"]
        if name not in rows:
            continue
        mine, goal = quire.get(name), figures.number(line["goal"])
        met = "-" if mine is None or goal is None else "yes" if mine <= goal else "no"
        lines.append([line["operation"].strip(), figures.short(rows[name]),
                      ratio(rows[name], figures.number(line["linux_6.1"])), figures.short(mine),
                      ratio(rows[name], mine), figures.short(goal), met])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("  ".join([line[0].ljust(widths[0])] +
                               [text.rjust(width) for text, width in zip(line[1:], widths[1:])])
                     for line in lines)


def read_quire(path):
    """Return: (compiler, {row: mean})."""
    comments, lines = figures.read_table(path)
    named = [line for line in comments if line.startswith("# compiler:")]
    compiler = named[0].split(":", 1)[1].strip() if named else "?"
    means = {line["row"]: figures.number(line["mean"]) for line in lines}
    return compiler, {name: mean for name, mean in means.items() if mean is not None}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--initramfs", required=True)
    parser.add_argument("--quire", required=True, help="quire.tsv of `make bench`")
    parser.add_argument("--recorded", default=os.path.join(BENCH, "linux.tsv"))
    parser.add_argument("--out", required=True, help="folder for linux.tsv and the logs")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    rows, version, problems = measure(args)
    recorded = figures.read_table(args.recorded)[1]
    compiler, quire = read_quire(args.quire)
    with open(os.path.join(args.out, "linux.tsv"), "w", encoding="utf-8") as out:
        out.write(f"# Linux {version}\nrow\tlinux\n")
        out.writelines(f"{name}\t{figures.field(value)}\n" for name, value in rows.items())
    print(table(rows, recorded, quire))
    print(f"""
Instructions per operation, empty loop off, batches given back in random order.
Linux {version}; Quire of the last `make bench`, built with {compiler}.
/rec.: over the figure of Linux 6.1 in {os.path.relpath(args.recorded)}.
Boot: zones, page array and free lists, deferred pages included.
""")
    print(BESIDES)
    for line in problems:
        print(line)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
