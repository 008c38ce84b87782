"""An independent reading of tests/maps/*.map: what each zone must count (docs/allocators.md).

Nothing here is shared with mm/memmap.c: every page is decided by the most restrictive type of the
entries that touch it, between the sorted edges of all entries.
"""

import re

PAGE = 4096
USABLE, RESERVED, ACPI = 1, 2, 3
IN_A_WORD = 10      # ranges: the kernel's words have 512 characters at most
ZONES = (("DMA", 16 << 20), ("DMA32", 4 << 30), ("Normal", 1 << 64))


def read_map(path):
    """Return: [(base, length, type)] of a block between "memmap-v1" and "end"."""
    entries, inside = [], False
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            words = line.split()
            if words == ["memmap-v1"]:
                inside = True
            elif words == ["end"]:
                return entries
            elif inside and len(words) >= 3 and not line.startswith("#"):
                entries.append(tuple(int(word, 16) for word in words[:3]))
    raise ValueError(f"{path}: no complete memmap-v1 block")


def raw_map(log):
    """Return: the entries of the raw block that the boot printed."""
    found = re.search(r"^memmap-v1\n(.*?)^end$", log, re.M | re.S)
    if not found:
        return None
    return [(int(base, 16), int(length, 16), int(kind))
            for base, length, kind in (line.split() for line in found.group(1).splitlines())]


def ram_ranges(entries, limit=1 << 44):
    """Return: [(start, end)] of RAM in whole pages.

    That is usable and ACPI memory that nothing more restrictive touches.
    """
    spans = []
    for base, length, kind in entries:
        end = base + length
        if length == 0 or base >= limit:
            continue
        if end > 1 << 64:
            if kind in (USABLE, ACPI):
                continue            # an entry that wraps is not believed
            end = 1 << 64
        if kind in (USABLE, ACPI):
            spans.append((base, min(end, limit), True))
        else:
            spans.append((base, min(end, limit), False))
    edges = sorted({0} | {at for start, end, _ in spans for at in (start, end)})
    ranges = []
    for start, end in zip(edges, edges[1:]):
        over = [good for a, b, good in spans if a <= start and b >= end]
        if over and all(over):
            if ranges and ranges[-1][1] == start:
                ranges[-1] = (ranges[-1][0], end)
            else:
                ranges.append((start, end))
    whole = [(-(-start // PAGE) * PAGE, end // PAGE * PAGE) for start, end in ranges]
    return [(start, end) for start, end in whole if start < end]


def named(entries):
    """Return: how many bytes the entries name, each once."""
    spans = sorted((base, min(base + length, 1 << 64)) for base, length, _ in entries)
    total = reach = 0
    for start, end in spans:
        total += max(0, end - max(start, reach))
        reach = max(reach, end)
    return total


def present(ranges):
    """Return: {zone: pages} of the zones that the ranges reach."""
    pages, below = {}, 0
    for name, above in ZONES:
        count = sum(max(0, min(end, above) - max(start, below)) // PAGE for start, end in ranges)
        if count:
            pages[name] = count
        below = above
    return pages


def as_words(entries):
    """The map as words of the kernel's command line: what is no RAM stays none."""
    sign = {USABLE: "@", ACPI: "#"}
    ranges = [f"{length:#x}{sign.get(kind, '!')}{base:#x}"
              for base, length, kind in entries if length]
    return ["memmap=exactmap"] + ["memmap=" + ",".join(ranges[at:at + IN_A_WORD])
                                  for at in range(0, len(ranges), IN_A_WORD)]


class Expected:
    """What oracle.py wrote below the block of a map's file."""

    def __init__(self, path):
        self.mem = self.cpu_bits = None     # what the file asks for besides its block
        self.totals, self.zones, self.ram = {}, {}, []
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                what, *values = line.split() or [""]
                if what == "mem":
                    self.mem = int(values[0])
                elif what == "cpu-bits":
                    self.cpu_bits = int(values[0])
                elif what in ("expect-usable", "expect-acpi", "expect-dropped"):
                    self.totals[what[len("expect-"):]] = int(values[0])
                elif what == "expect-zone" and int(values[1]):
                    self.zones[values[0]] = int(values[1])
                elif what == "expect-range" and int(values[2]) in (USABLE, ACPI):
                    self.ram.append((int(values[0], 16), int(values[1], 16), int(values[2])))


def used(log):
    """Return: ({name: bytes}, [(start, end, type)]) of the map that the boot went on with, RAM."""
    kinds = {"usable": USABLE, "ACPI data": ACPI}
    part = re.search(r"^memory map: .*\n((?:\[mem .*\n)*)(?:.*\n)*?RAM .*; usable bytes left out: "
                     r"(\d+)", log, re.M)
    if not part:
        return None, []
    ram = [(int(start, 16), int(last, 16) + 1, kinds[kind]) for start, last, kind in
           re.findall(r"^\[mem 0x(\w+)-0x(\w+)\] .* kB  (usable|ACPI data)$", part.group(1), re.M)]
    totals = {name: sum(end - start for start, end, own in ram if own == kind)
              for name, kind in (("usable", USABLE), ("acpi", ACPI))}
    return {**totals, "dropped": int(part.group(2))}, ram
