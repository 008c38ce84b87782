"""The rings that a mutant has to pass, from fast to slow, and what their output says."""

import collections
import dataclasses
import os
import re
import selectors
import signal
import subprocess
import time

MAPS = "tests/maps/*.map"
SAID = 400          # characters of a reason
PATIENCE = 3        # times the limit that a program gets when it is asked again after a hang
BOOTS = "/usr/bin/python3 -B tests/qemu/run.py"
HANG, TIMEOUT = "hang", "timeout"       # TIMEOUT: as tests/qemu/judge.py says it
SANITIZERS = {"ASAN_OPTIONS": "detect_stack_use_after_return=1"}


@dataclasses.dataclass
class Ring:
    """`objects`: where its objects lie; `goals`: words for make; `runs`: shell commands.

    `timeout`, seconds, for each run: ten times what it takes when it has a CPU to itself. A hang
    counts after PATIENCE times as much.
    """
    name: str
    objects: str
    goals: tuple
    runs: tuple
    timeout: int


def boots(names):
    return (f"{BOOTS} --logs build/boots --only '{names}'",)


HOST = "build/host/"
RINGS = (
    Ring("suites", HOST + "gcc-san", (HOST + "gcc-san/suites",), (HOST + "gcc-san/suites",), 60),
    Ring("noted", HOST + "gcc-san", (HOST + "gcc-san/suites",),
         tuple(HOST + f"gcc-san/suites --kmalloc-sizes {name}"
               for name in ("kmalloc", "ledger_object")), 60),
    Ring("replay", HOST + "gcc-san", (HOST + "gcc-san/replay",),
         (HOST + f"gcc-san/replay {MAPS}",), 60),
    Ring("boot_faults", HOST + "gcc-san", (HOST + "gcc-san/boot_faults",),
         (HOST + "gcc-san/boot_faults",), 60),
    Ring("random", HOST + "gcc-san", (HOST + "gcc-san/random",),
         (HOST + "gcc-san/random --ops 100000 --runs 2 --seed 0x71c3 --shrink 0",), 120),
    Ring("threads", HOST + "gcc-tsan", (HOST + "gcc-tsan/random",),
         ("setarch -R " + HOST + "gcc-tsan/random --cpus 2 --ops 20000 --runs 1 --seed 0x71c3 "
          "--shrink 0",), 180),
    Ring("exhaust", HOST + "exhaust", (HOST + "exhaust/exhaust",), (HOST + "exhaust/exhaust",),
         300),
    Ring("interleave", "build/interleave/gcc", ("build/interleave/gcc/interleave",),
         ("build/interleave/gcc/interleave --preemptions 1 --interrupts 1",), 450),
    Ring("qemu", "build/gcc", ("iso",),
         boots("^gcc pc bios 64M test$") + boots("^gcc q35 bios 2 CPUs test$"), 240),
    Ring("boot", "build/gcc", ("iso",), boots("^boot:"), 240),
    Ring("portable", "build/gcc-portable", ("STACKS=portable", "iso"),
         boots("^portable stacks, . CPUs test$"), 240),
    Ring("soak", "build/gcc", ("iso",),
         boots("^soak of 15 s on 2 CPUs$|^soak of 1 s on 8 CPUs under icount$"), 240),
    Ring("debug", "build/gcc-debug", ("DEBUG=1", "iso"), boots("^debug"), 300),
)
NAMES = tuple(ring.name for ring in RINGS)


def holds(ring, tree, path):
    """Do the ring's objects in `tree` depend on the file `path`?"""
    for folder, _, names in os.walk(os.path.join(tree, ring.objects)):
        for name in names:
            if name.endswith(".d"):
                with open(os.path.join(folder, name), encoding="utf-8") as source:
                    if path in source.read().split():
                        return True
    return False


class Watcher:
    """Reads what a program prints, and knows the first sign of a failure."""

    SUBTEST = re.compile(r"^\s*# Subtest: (\S+)")
    RESULT = re.compile(r"^\s*(not ok|ok)(?: \d+)?(?: -)? (.+)$")
    RUN_FAILED = re.compile(r"^  FAILED  (.+)$")
    CRASH = re.compile(r"panic|SUMMARY: |runtime error: |[Aa]ssert|FAILED: |is broken|CRASH")

    def __init__(self):
        self.suite = self.last = self.failed = self.crash = self.boot = None
        self.problems = []      # of the first boot that failed
        self.tail = collections.deque(maxlen=30)

    def feed(self, line):
        line = line.rstrip()
        self.tail.append(line)
        found = self.SUBTEST.match(line)
        if found:
            self.suite = found.group(1)
            return
        if self.boot and line.startswith(" " * 10):
            self.problems.append(line.strip())
        found = self.RUN_FAILED.match(line)
        if found:
            self.boot = self.boot or re.sub(r" \(\d+ s.*", "", found.group(1))
            return
        found = self.RESULT.match(line)
        if not found:
            if self.CRASH.search(line):
                self.crash = self.crash or line.strip()
            return
        name = found.group(2)
        full = f"{self.suite}.{name}" if self.suite and line[0] == " " else name
        if found.group(1) == "ok":
            self.last = full
        else:
            self.failed = self.failed or full

    def verdict(self, status, late):
        """Return: which case saw what; None when all passed. `late`: the clock ran out."""
        if self.problems:
            failed = [text for text in self.problems if text.startswith("not ok")]
            late_boot = [text for text in self.problems if text == TIMEOUT]
            return f"{self.boot}: {(failed + late_boot + self.problems)[0]}"[:SAID]
        if self.failed:
            return self.failed[:SAID]
        where = f" after {self.last}" if self.last else ""
        if late:
            return f"{HANG}{where}"
        if status == 0:
            return None
        return f"status {status}{where}: {self.crash or ' '.join(list(self.tail)[-1:])}"[:SAID]


def stop(process):
    """The process and what it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def watch(tree, command, timeout):
    """Run `command` in `tree` until it ends or has failed. Return: as Watcher.verdict()."""
    watcher, end, rest = Watcher(), time.monotonic() + timeout, b""
    # The program writes to a pipe, which it may fill only as fast as this reads.
    with subprocess.Popen(["/bin/sh", "-c", "exec " + command], cwd=tree, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0,
                          env={**os.environ, **SANITIZERS}, start_new_session=True) as process:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not watcher.failed:
                left = end - time.monotonic()
                if left <= 0 or not selector.select(left):
                    stop(process)
                    return watcher.verdict(None, True)
                data = os.read(process.stdout.fileno(), 1 << 16)
                if not data:
                    return watcher.verdict(process.wait(), False)
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    watcher.feed(line.decode("utf-8", "replace"))
        stop(process)
        return watcher.verdict(1, False)


def is_hang(seen):
    """Did only the clock find what Watcher.verdict() says?"""
    return seen.split(" ")[0] == HANG or seen.endswith(f": {TIMEOUT}")


def patient(command):
    """`command`, whose boots have longer limits, too."""
    return command.replace(BOOTS, f"{BOOTS} --patience {PATIENCE}")


def run(ring, tree):
    """All runs of a ring. Return: the first failure, or None.

    A host that others load may make a program late. What hangs is asked once more, with more time.
    """
    for command in ring.runs:
        seen = watch(tree, command, ring.timeout)
        if seen and is_hang(seen):
            seen = watch(tree, patient(command), PATIENCE * ring.timeout)
        if seen:
            return seen
    return None
