"""Boots at the edges of boot/: tables that fill up, devices that fall silent, faults of the CPU."""

import os
import re
import select
import socket
import tempfile
import time

from judge import TRAP, judge_text

MCE = "1 0xb200000000000000 0x5 0 0"    # bank; valid, uncorrected, enabled, context lost; MCG
STALL = 8               # seconds without a reader: the kernel waits for one 10^6 polls, about 1 s
DUMPS = 60              # of about 3 KB each: far more than the 64 KB that a pipe holds


def ranges(spec, count):
    """Words with that many ranges; `spec` makes one of a number."""
    parts = [spec(i) for i in range(count)]
    return tuple("memmap=" + ",".join(parts[i:i + 40]) for i in range(0, count, 40))


def says(*patterns, never=()):
    """A check: lines that must be there, and some that must not."""
    return lambda log: judge_text(log, patterns, never)


def full_tables(boot):
    """More ranges than the static tables hold."""
    yield boot("boot: a large map's table avoids what memmap= takes",
               ("memmap=16M!2M", *ranges(lambda i: f"1!{40000 + 2 * i}K", 506), "poweroff"),
               check=says(r"^RAM \d+ kB, free", never=(r"only the first", r"ignored")))
    yield boot("boot: memmap=1$... more often than there are reservations",
               (*ranges(lambda i: f"1${128 * 1024 + 16 * i}K", 256), "poweroff"),
               check=says(r"^memmap=: reservation .* refused", r"refused: \d\d+$",
                          never=(r"^memmap: reservation .* refused",)))


def stalled_reader(prompt):
    """A script: what the console says is not read for a while, and then again."""
    def script(console):
        if console.expect(prompt) is None:
            return ["no prompt"]
        for _ in range(DUMPS):
            console.type("dump\r")
            time.sleep(0.1)
        time.sleep(STALL)
        while select.select([console.process.stdout], [], [], 1)[0] and console.read_some():
            pass
        console.type("\rfrobnicate\r")      # no dump has that word
        if console.expect(r"frobnicate") is None:
            return ["no answer after a pause of the reader"]
        console.type("\rpoweroff\r")
        return []
    return script


def monitor(name):
    """Return: words of QEMU's for a monitor on a socket, and the socket's path."""
    path = os.path.join(tempfile.gettempdir(), f"quire-{os.getpid()}-{name}")
    return ("-monitor", f"unix:{path},server,nowait"), path


def tells_monitor(prompt, path, line):
    """A script: one line for QEMU's monitor, when the prompt is there."""
    def script(console):
        ready = console.expect(prompt)
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(path)
            os.unlink(path)
            if ready is None:
                return ["no prompt"]
            link.sendall(line.encode() + b"\n")
            console.expect(r"^Call trace:")
        return []
    return script


def faults_of_the_cpu(boot, prompt):
    """What the board reports is told, whatever the log level."""
    machine_check = r"^exception 18: machine check, error code 0x0, CPU "
    for name, word, line, told, caller in (
            ("an NMI with loglevel=0", "loglevel=0", "nmi", r"^exception 2: NMI", ""),
            ("a machine check of CPU 0", "loglevel=7", f"mce 0 {MCE}", machine_check + "0",
             "kernel_main"),
            ("a machine check of CPU 1", "loglevel=7", f"mce 1 {MCE}", machine_check + "1",
             "smp_main")):
        words, path = monitor(name.replace(" ", "-").replace("=", "-"))
        yield boot(f"boot: {name}", (word,), extra=("-smp", "2", *words), want=TRAP,
                   script=tells_monitor(prompt, path, line),
                   check=says(told, r"^ +r15 .* rip ",
                              rf"^Call trace:(\n  \[<.*)*\] {caller}"))


def small_machine_of_many(boot):
    """CPUs for which there is not enough memory: some run, and the rest of the boot goes on."""
    def some(log):
        found = re.search(r"^CPUs: (\d+) of 160 run", log, re.M)
        left = re.search(r"^smp: no memory for (\d+) CPUs, they are left out", log, re.M)
        if not found or not left:
            return ["no count of CPUs, or none of those left out"]
        run, out = int(found.group(1)), int(left.group(1))
        return [] if run > 1 and run + out == 160 else [f"{run} CPUs run, {out} are left out"]

    yield boot("boot: 160 CPUs and 16 MiB", ("poweroff",), memory="16M", extra=("-smp", "160"),
               timeout=180, check=some)


def boots(boot, prompt):
    """`boot`: scenarios.Boot."""
    yield from full_tables(boot)
    yield from small_machine_of_many(boot)
    yield from faults_of_the_cpu(boot, prompt)
    yield boot("boot: a CPU without APIC", ("test",), cpu="max,-apic", extra=("-smp", "2"),
               tests=True, timeout=180,
               check=says(r"^APIC: the CPU has none", r"^CPUs: 1 of 2 run",
                          r"ok \d+ - each_cpu_ticks # SKIP"))
    yield boot("boot: the console's reader pauses", (), script=stalled_reader(prompt), timeout=90)
