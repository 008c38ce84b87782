"""The boots of the ring. Each one says which machine, which words on the command line, what to see.

What must be seen comes from the specification: from the firmware's map by the rules of maps.py,
from the names that Linux gives things, from the arithmetic of pages; never from what a former boot
printed.
"""

import dataclasses
import os
import re

import edges
import faults
import ktap
import maps
from judge import FAILED, OK, PANIC, UNFIT, judge_answer, judge_text

MIB = 1 << 20
PROMPT = r"quire> \x1b\[K"      # with nothing typed: the editor draws the line anew for each key
MAX_MM_INIT = 2_000_000     # instructions with 1 GiB
SOAK_SECONDS = 15       # of each of four: 60 in all
MIN_SOAKED = 35_000     # allocations of 8 CPUs in 10^9 instructions; 16000 with a drain each time
GIB = 1 << 30
LOW_RAM = 3 * GIB       # of a pc that has more: below its PCI hole
MIN_SPLIT = 7 * GIB // 2    # with less, all of it lies below the hole
MAX_HIGH_RAM = 1 << 40  # bytes above 4 GiB, of which QEMU makes those that are touched
MAX_WORDS = 1200        # characters of memmap=; grub.cfg's sector has 2048 bytes for all
REPLAYED = {"real": None, "qemu": 3, "hostile": 5}     # maps that are booted; None: all that fit
MIN_FITTING = 5         # of each kind
MAX_GROWTH = 1.2            # 1 TiB against 1 GiB


@dataclasses.dataclass
class Boot:
    """One run of a machine. `check` gets the log, `script` the console; both return problems."""
    name: str
    words: tuple
    image: str = "gcc"
    machine: str = "pc"
    memory: str = "512M"
    firmware: str = "bios"
    cpu: str = "max"
    extra: tuple = ()
    want: int = OK
    tests: bool = False
    timeout: int = 60       # seconds; a boot takes about 5, with OVMF 10, and the suites run in 20
    check: object = None
    script: object = None


def zone_lines(log):
    """Return: {zone: (present, managed, free)} of the boot's zone lines."""
    lines = re.findall(r"^zone (\w+) .*?(\d+) present, (\d+) managed, (\d+) free", log, re.M)
    return {name: tuple(int(n) for n in counts) for name, *counts in lines}


def zones_follow(entries, limit=1 << 44):
    """A check: present pages are those of `entries`; managed and free do not exceed them."""
    def check(log):
        given = maps.raw_map(log) if entries is None else entries
        if given is None:
            return ["no raw map was printed"]
        want = maps.present(maps.ram_ranges(given, limit))
        seen = zone_lines(log)
        problems = []
        if set(seen) != set(want):
            problems.append(f"zones {sorted(seen)}, expected {sorted(want)}")
        for name in sorted(set(seen) & set(want)):
            present, managed, free = seen[name]
            if present != want[name]:
                problems.append(f"zone {name}: {present} pages present, expected {want[name]}")
            if not free <= managed <= present:
                problems.append(f"zone {name}: {present} present, {managed} managed, {free} free")
        return problems
    return check


def matrix(image):
    """Machines x sizes x firmwares, all suites in each."""
    cells = [(machine, size, "bios") for size in ("16M", "64M", "512M", "3G", "5G")
             for machine in ("pc", "q35")]
    cells += [("q35", "64G", "bios"), ("q35", "1T", "bios")]
    cells += [(machine, size, "uefi") for size in ("512M", "5G") for machine in ("pc", "q35")]
    for machine, size, firmware in cells:
        yield Boot(f"{image} {machine} {firmware} {size} test", ("test",), image=image,
                   machine=machine, memory=size, firmware=firmware, tests=True, timeout=180,
                   check=zones_follow(None))


def mm_init_cost():
    """Two boots under -icount, where the time stamp counter counts instructions, compared."""
    seen = {}

    def check(size):
        def look(log):
            found = re.search(r"^ +mm_init +[\d.]+ us +(\d+) ticks", log, re.M)
            if not found:
                return ["no count of mm_init's instructions"]
            seen[size] = int(found.group(1))
            if not 0 < seen[size] <= MAX_MM_INIT:
                return [f"mm_init took {seen[size]} instructions, "
                        f"at most {MAX_MM_INIT} are allowed"]
            if len(seen) == 2 and seen["1T"] > MAX_GROWTH * seen["1G"]:
                return [f"mm_init took {seen['1T']} instructions with 1 TiB "
                        f"and {seen['1G']} with 1 GiB"]
            return []
        return look

    for size in ("1G", "1T"):
        yield Boot(f"gcc q35 bios {size} mm_init under icount", ("poweroff",), machine="q35",
                   memory=size, extra=("-icount", "shift=0,sleep=off"), timeout=180,
                   check=check(size))


def words_of_the_line():
    """mem=, memmap=, and what is not understood."""
    def names_unknown(log):
        return judge_text(log, [r'ignored "frobnicate": unknown',
                                r'ignored "mem=banana": expected ',
                                r'ignored "loglevel=x": expected ',
                                r'ignored "memmap=5M%3": expected ',
                                r'ignored "failslab=1,2": expected INTERVAL,PROBABILITY,',
                                r'^fail_page_alloc: times is .*, not "x"',
                                r'ignored "fail_page_alloc=1,2,3,x": expected INTERVAL,',
                                r'ignored "fail-nth=0": expected ',
                                r'ignored "dump=1": expected no value',
                                r'ignored "kmalloc_sizes=1": expected no value',
                                r'ignored "memmap=exactmapfoo": expected ',
                                r'ignored "memmap=16M!32Mfoo": expected '],
                          [r"^==> ", r"^0x0*2000000 0x0*1000000 2"])

    yield Boot("unknown words are named and ignored",
               ("frobnicate", "mem=banana", "loglevel=x", "memmap=5M%3", "failslab=1,2",
                "fail_page_alloc=1,2,3,x", "fail-nth=0", "dump=1", "kmalloc_sizes=1",
                "memmap=exactmapfoo", "memmap=16M!32Mfoo", "poweroff"),
               check=names_unknown)
    yield Boot("kmalloc_sizes", ("kmalloc_sizes", "test=ledger_object"), tests=True)
    yield Boot("mem=64M of 512M", ("mem=64M", "poweroff"), check=zones_follow(None, 64 * MIB))
    yield Boot("mem=8M leaves one zone", ("mem=8M", "poweroff"), check=zones_follow(None, 8 * MIB))
    exact = [(0, 640 << 10, maps.USABLE), (1 * MIB, 100 * MIB, maps.USABLE)]
    # What a lower zone keeps from others shows where two zones have lists, and both are small.
    yield Boot("a little of each zone",
               ("memmap=exactmap", "memmap=640K@0", "memmap=63M@1M", "memmap=128M@4G",
                "test=page_cpu"), machine="q35", memory="3G", tests=True)
    yield Boot("memmap=exactmap",
               ("memmap=exactmap", "memmap=640K@0", "memmap=100M@1M", "poweroff"),
               check=zones_follow(exact))

    def reserves(log):
        seen = zone_lines(log)
        entries = maps.raw_map(log)
        if entries is None or "DMA32" not in seen:
            return ["no map or no zone DMA32"]
        taken = [kind for base, length, kind in entries if (base, length) == (64 * MIB, 8 * MIB)]
        inside = re.search(r"\[mem 0x0*4000000-0x0*47fffff\].*", log)
        problems = [] if taken or inside else ["the range does not show in the map"]
        present, managed, _ = seen["DMA32"]
        shown = inside.group(0) if inside else ""
        if "command line" in shown and managed > present - 8 * MIB // maps.PAGE:
            problems.append(f"DMA32: {managed} of {present} pages managed, 2048 are reserved")
        return problems

    yield Boot("memmap=8M$64M reserves", ("memmap=8M$64M", "poweroff"), check=reserves)


def memory_for(entries):
    """Return: MiB of a pc that has all RAM of this map, and where the kernel lies; None: no pc.

    Up to LOW_RAM lies below 4 GiB; the rest above, if there are MIN_SPLIT in all.
    """
    ram = maps.ram_ranges(entries)
    if any(base + length > 1 << 64 for base, length, _ in entries):
        return None         # memmap= refuses a range that wraps
    if not any(start <= MIB and end >= 16 * MIB for start, end in ram):
        return None
    if any(end > LOW_RAM and start < 4 * GIB or end > 0xa0000 and start < MIB
           for start, end in ram):
        return None
    above = max(0, max(end for _, end in ram) - 4 * GIB)
    if above > MAX_HIGH_RAM:
        return None
    return max(LOW_RAM + -(-above // MIB) * MIB, MIN_SPLIT if above else 0) // MIB


def follows(expected):
    """A check: zones, bytes and stretches of RAM are those that the oracle wrote into the file."""
    def check(log):
        totals, ram = maps.used(log)
        zones = {name: present for name, (present, *_) in zone_lines(log).items()}
        return [f"{what}: {seen}, expected {want}"
                for what, seen, want in (("bytes", totals, expected.totals),
                                         ("pages present", zones, expected.zones),
                                         ("RAM", ram, expected.ram)) if seen != want]
    return check


def spread(names, count):
    """Some of the names, from the first to the last, at equal distances."""
    count = min(count, len(names))
    return [names[i * len(names) // count] for i in range(count)]


def replays(folder):
    """Maps of tests/maps/ that a machine can be told on its command line.

    Of real machines all, and of the others some.
    """
    fitting = {kind: [] for kind in REPLAYED}
    for name in sorted(os.listdir(folder)):
        kind = name.split("-")[0]
        if not name.endswith(".map") or kind not in REPLAYED:
            continue
        entries = maps.read_map(os.path.join(folder, name))
        expected = maps.Expected(os.path.join(folder, name))
        if (len(" ".join(maps.as_words(entries))) <= MAX_WORDS and memory_for(entries)
                and expected.zones and not expected.cpu_bits):
            fitting[kind].append(name)
    for kind, count in REPLAYED.items():
        if len(fitting[kind]) < MIN_FITTING:
            yield Boot(f"replays of {kind}-*.map", ("poweroff",), check=lambda log, kind=kind: [
                f"only {len(fitting[kind])} maps fit: {fitting[kind]}"])
        for name in spread(fitting[kind], count or len(fitting[kind])):
            entries = maps.read_map(os.path.join(folder, name))
            expected = maps.Expected(os.path.join(folder, name))
            limit = (f"mem={expected.mem}",) if expected.mem else ()
            yield Boot(f"replay of {name}", (*maps.as_words(entries), *limit, "poweroff"),
                       memory=f"{memory_for(entries)}M", check=follows(expected))


def session(console):
    """A person at the prompt."""
    problems = []

    def ask(line, *wanted):
        console.type(line + "\r")
        answer = console.expect(PROMPT)
        if answer is None:
            problems.append(f"no prompt after {line!r}")
            return ""
        problems.extend(f"{line!r}: {why}" for why in judge_text(answer, wanted))
        return answer

    if console.expect(PROMPT) is None:
        return ["no prompt"]
    ask("")
    words = ("help", "buddyinfo", "slabinfo", "zoneinfo", "meminfo", "vmstat", "memmap", "ledger",
             "dump", "verify", "fault", "test", "alloc", "free", "kmalloc", "kfree", "caches",
             "reboot", "poweroff")
    ask("help", *(rf"^\s*{word}\b" for word in words))
    ask("buddyinfo", r"^Node 0, zone {6}DMA( +\d+){11} $", r"^Node 0, zone {4}DMA32( +\d+){11} $")
    ask("slabinfo", r"^slabinfo - version: 2\.1$", r"^# name +<active_objs> <num_objs>",
        r"^kmalloc-64 ", r"^task_struct ")
    ask("zoneinfo", r"^Node 0, zone {6}DMA$", r"^ +managed +\d+$", r"^ +protection: \(")
    ask("meminfo", r"^MemTotal: +\d+ kB$", r"^MemFree: +\d+ kB$", r"^Slab: +\d+ kB$")
    ask("vmstat", r"^nr_free_pages \d+$")
    ask("memmap", r"^memmap-v1$", r"^end$")
    ask("ledger", r"^taken: kernel +\d+ +\d+\.\d\d % +\d+\.\d\d %$",
        r"^free: DMA32, order 10 +\d+ ",
        r"^the firmware's total +\d+  equal: every byte is in one row$")
    ask("caches", r"task_struct")
    before = re.findall(r"^Node.*", ask("buddyinfo"), re.M)
    block = re.search(r"0x[0-9a-f]+", ask("alloc 3", r"0x[0-9a-f]+").split("\n", 1)[-1])
    if block:
        ask(f"free {block.group(0)}")
        ask(f"free {block.group(0)}", r"free already")
    if re.findall(r"^Node.*", ask("buddyinfo"), re.M) != before:
        problems.append("alloc and free do not leave the free lists as they were")
    item = re.search(r"0x[0-9a-f]+", ask("kmalloc 100", r"0x[0-9a-f]+", "112").split("\n", 1)[-1])
    if item:
        ask(f"kfree {item.group(0)}")
    ask("alloc eleven", r"eleven")
    ask("alloc 11", r"11")
    ask("free", r"free: expected .*ADDRESS")
    ask("frobnicate", r"frobnicate")
    ask("verify", r"holds")
    problems.extend(f"'test buddy': {why}" for why in judge_answer(ask("test buddy")))
    console.type("buddyinfox\b\r")      # backspace edits the line
    problems.extend(judge_text(console.expect(PROMPT) or "", [r"^Node 0, zone"]))
    console.type("poweroff\r")
    return problems


def many_cpus():
    """All suites on more than one CPU, with both kinds of APIC, and the soak."""
    for image, firmware, cpus in (("gcc", "bios", 2), ("clang", "uefi", 2), ("gcc", "bios", 4),
                                  ("clang", "uefi", 4)):
        yield Boot(f"{image} q35 {firmware} {cpus} CPUs test", ("test",), image=image,
                   machine="q35", firmware=firmware, extra=("-smp", str(cpus)), tests=True,
                   timeout=300, check=runs(cpus))
    yield Boot("xAPIC", ("test=smp*",), cpu="qemu64", extra=("-smp", "2"), tests=True,
               timeout=120, check=runs(2))
    yield Boot("2 CPUs of 4 that could be there", ("poweroff",), extra=("-smp", "2,maxcpus=4"),
               check=runs(2))
    for cpus in (1, 2, 4, 8):
        yield Boot(f"soak of {SOAK_SECONDS} s on {cpus} CPUs",
                   (f"soak={SOAK_SECONDS}", "poweroff"), tests=True, timeout=400,
                   extra=("-smp", str(cpus), "-accel", "tcg,thread=multi"), check=runs(cpus))


def soak_rate():
    """Work done per instruction, on CPUs that are always short: the host has no part in it."""
    def enough(log):
        found = re.search(r"^# CPUs: (\d+) allocated", log, re.M)
        if not found or int(found.group(1)) < MIN_SOAKED:
            return [f"{found.group(1) if found else 'no'} allocations in a second of "
                    f"instructions, expected {MIN_SOAKED}"]
        return []

    yield Boot("soak of 1 s on 8 CPUs under icount", ("soak=1", "poweroff"), tests=True,
               timeout=240, extra=("-smp", "8", "-icount", "shift=0,sleep=off"), check=enough)


def portable_stacks():
    """All suites, and the soak, with the stacks that a port without restartable sequences has."""
    for cpus in (1, 2):
        yield Boot(f"portable stacks, {cpus} CPUs test", ("test",), image="portable",
                   extra=("-smp", str(cpus)), tests=True, timeout=300, check=runs(cpus))
    yield Boot("portable stacks, soak of 10 s on 2 CPUs", ("soak=10", "poweroff"),
               image="portable", tests=True, timeout=240,
               extra=("-smp", "2", "-accel", "tcg,thread=multi"), check=runs(2))


def debug_build():
    """All suites with the checks that cost time, and the mistakes with locks that these find."""
    yield Boot("debug build, 2 CPUs test", ("test",), image="debug", extra=("-smp", "2"),
               tests=True, timeout=300, check=runs(2))
    mistakes = (("order", r"provoke_low \(rank 1\) taken by CPU 0, which holds provoke_high"),
                ("rank", r"provoke_other \(rank 2\) taken by CPU 0, which holds provoke_high"),
                ("unmasked", r"provoke_low \(\S+\) taken by CPU 0 with interrupts enabled"),
                ("interrupt", r"provoke_low \(\S+\) taken by CPU 0 with interrupts enabled"))
    for image, name, text in [("debug", *mistake) for mistake in mistakes] + [
            ("gcc", "interrupt", r"provoke_low \(\S+\) taken by CPU 0, which holds it already"),
            ("gcc", "twice", r"provoke_low \(\S+\) taken by CPU 0, which holds it already"),
            ("gcc", "unheld", r"provoke_low \(\S+\) released by CPU 0, but nobody holds it")]:
        yield Boot(f"{image}: panic by provoke {name}", (), image=image, want=PANIC,
                   script=types(f"provoke {name}"), check=says(rf"panic on CPU 0: spinlock {text}"))
    yield Boot("no ACPI: one CPU of two", ("poweroff",), machine="pc,acpi=off",
               extra=("-smp", "2"), check=says(r"ACPI: .*only one CPU", r"CPUs: 1 of 1 run"))


def without_objects():
    """Suites that need objects and get none: who does not look at what it got passes all the same.

    Their caches can be made: kmem_cache and sheaf have no "-" in their names.
    """
    word = "failslab=1,100,0,-1,ignore-gfp-wait=N,verbose=0,cache="
    yield Boot("smp_alloc fails without a cache", (word + "kmem_cache", "test=smp_alloc"),
               extra=("-smp", "2"), want=FAILED,
               check=fails("handed_over", "drained_while_others_allocate"))
    for glob, names in (("*tail", ("a_slab_with_a_tail",)),
                        ("*class*", ("a_class_bounds_what_it_rounds",
                                     "dma_classes_are_bounded_as_well"))):
        yield Boot(f"ledger_object.{glob} fails without objects",
                   (word + "*-*", f"test=ledger_object.{glob}"), want=FAILED, check=fails(*names))


def types(line):
    """A script: one line at the prompt."""
    def script(console):
        if console.expect(PROMPT) is None:
            return ["no prompt"]
        console.type(line + "\r")
        return []
    return script


def says(*patterns):
    """A check: lines that must be there."""
    return lambda log: judge_text(log, patterns)


def fails(*names):
    """A check: these cases ran, to the end of a whole stream, and failed."""
    def check(log):
        report = ktap.read(log)
        return report.problems + [f"{name} did not fail" for name in names
                                  if name not in report.failures]
    return check


def runs(cpus):
    """A check: that many CPUs run, as the boot says."""
    return lambda log: judge_text(log, [rf"CPUs: {cpus} of \d+ run"])


def all_boots(folder):
    """Longest first where it matters: two run at a time."""
    yield from many_cpus()
    yield from soak_rate()
    yield from portable_stacks()
    yield from debug_build()
    yield from mm_init_cost()
    yield from matrix("gcc")
    yield from matrix("clang")
    yield from words_of_the_line()
    yield from without_objects()
    yield from replays(folder)
    yield from edges.boots(Boot, PROMPT)
    yield Boot("a session at the prompt", (), script=session, timeout=120)
    yield Boot("a session with failslab= and fail_page_alloc=", faults.WORDS, extra=("-smp", "2"),
               script=lambda console: faults.session(console, PROMPT), timeout=120)
    yield Boot("a session at the prompt, UEFI", (), firmware="uefi", machine="q35",
               script=session, timeout=120)
    yield Boot("a CPU without long mode is refused", ("test",), cpu="pentium3", want=UNFIT,
               check=lambda log: judge_text(log, [r"long mode"]))
