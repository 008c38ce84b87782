#!/usr/bin/python3
"""Check a dump: are its files what Linux would print, and do they agree with each other?

usage: check_dump.py DIRECTORY

DIRECTORY holds buddyinfo, slabinfo, zoneinfo, meminfo and vmstat, as `make dump` leaves them in
build/dump/. Each line is held against the format string that Linux prints it with, column widths
included, and then against the other files. Quire leaves memmap and ledger beside them: where there
is a ledger, its rows are held against all others. One line for each problem; the exit status is 1
when there is one, 2 when the directory cannot be read.
"""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ledger  # noqa: E402

PAGE_KIB = 4
NR_ORDERS = 11
ZONES = ("DMA", "DMA32", "Normal")
FILES = ("buddyinfo", "slabinfo", "zoneinfo", "meminfo", "vmstat")
QUIRES = ("memmap", "ledger")       # both or none: Linux has none

SLABINFO_HEADER = (
    "slabinfo - version: 2.1",
    "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
    " : tunables <limit> <batchcount> <sharedfactor>"
    " : slabdata <active_slabs> <num_slabs> <sharedavail>",
)
# What every zone of zoneinfo has, those without pages too.
ZONE_LINES = (
    "  pages free     %lu", "        boost    %lu", "        min      %lu", "        low      %lu",
    "        high     %lu", "        spanned  %lu", "        present  %lu", "        managed  %lu",
    "        cma      %lu",
)
MEMINFO_ORDER = (
    "MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "SwapCached", "Active", "Inactive",
    "SwapTotal", "SwapFree", "Shmem", "KReclaimable", "Slab", "SReclaimable", "SUnreclaim",
)
MEMINFO_NEEDED = (
    "MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "Active", "Inactive", "Shmem",
    "Slab", "SReclaimable", "SUnreclaim",
)
VMSTAT_NEEDED = (
    "nr_free_pages", "nr_slab_reclaimable", "nr_slab_unreclaimable", "pgalloc_dma", "pgalloc_dma32",
    "pgalloc_normal", "pgfree",
)


def fields(formats, line):
    """Match @line with a printf format of %lu, %6lu, %-17s and such.

    Formatting the values again must give the same characters, so the widths are checked too.
    Return: the values, numbers as numbers; None: @line is no such line.
    """
    pattern = re.escape(formats).replace(r"\ ", " ")
    pattern = re.sub(r"%\\?-?\d*s", r" *(\\S+) *", pattern)
    pattern = re.sub(r"%\d*l?[ud]", r" *(\\d+)", pattern)
    match = re.fullmatch(pattern, line)
    if not match:
        return None
    values = match.groups()
    kinds = re.findall(r"%(-?\d*)(s|l?[ud])", formats)
    typed = tuple(v if kind == "s" else int(v) for v, (_, kind) in zip(values, kinds))
    again = re.sub(r"%(-?\d*)l?[ud]", r"%\1d", formats) % typed
    return typed if again == line else None


class Dump:
    """The files of one dump, parsed as far as they can be, and what is wrong with them."""

    def __init__(self):
        self.problems = []
        self.buddy = {}         # zone: blocks for each order
        self.slab_pages = None
        self.slabs = []         # (objects, bytes of each, objects in a slab, slabs, pages of each)
        self.zones = {}         # zone: {field: value}
        self.node = {}          # per-node stats
        self.meminfo = {}
        self.vmstat = {}

    def bad(self, name, number, line, expected):
        self.problems.append(f"{name}:{number}: {line!r}: expected {expected}")

    def need(self, file, names, found):
        self.problems += [f"{file}: lacks {name}" for name in names if name not in found]

    def lines_of(self, name, text):
        if not text.endswith("\n"):
            self.problems.append(f"{name}: does not end with a newline")
        if "\r" in text:
            self.problems.append(f"{name}: has carriage returns")
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        if not lines:
            self.problems.append(f"{name}: is empty")
        return list(enumerate(lines, 1))

    def read_buddyinfo(self, text):
        form = "Node %d, zone %8s " + "%6lu " * NR_ORDERS
        for number, line in self.lines_of("buddyinfo", text):
            values = fields(form, line)
            if values is None or values[0] != 0 or values[1] not in ZONES:
                self.bad("buddyinfo", number, line, f"{form!r} of node 0 and a known zone")
            elif values[1] in self.buddy:
                self.bad("buddyinfo", number, line, "each zone once")
            else:
                self.buddy[values[1]] = values[2:]

    def read_slabinfo(self, text):
        form = ("%-17s %6lu %6lu %6u %4u %4d : tunables %4u %4u %4u : slabdata %6lu %6lu %6lu")
        pages = 0
        names = set()
        lines = self.lines_of("slabinfo", text)
        for (number, line), expected in zip(lines, SLABINFO_HEADER):
            if line != expected:
                self.bad("slabinfo", number, line, repr(expected))
        for number, line in lines[2:]:
            values = fields(form, line)
            if values is None:
                self.bad("slabinfo", number, line, repr(form))
                continue
            name, active, total, size, per_slab, slab_pages = values[:6]
            active_slabs, slabs = values[9:11]
            pages += slabs * slab_pages
            self.slabs.append((total, size, per_slab, slabs, slab_pages))
            self.check_slab_line(number, line, values)
            if name in names:
                self.bad("slabinfo", number, line, "each cache once")
            names.add(name)
            if active > total or active_slabs > slabs or total != slabs * per_slab:
                self.bad("slabinfo", number, line,
                         "active <= total, and objects = slabs * objects per slab")
            if size * per_slab > slab_pages * PAGE_KIB * 1024:
                self.bad("slabinfo", number, line, "objects that fit their slab")
        if len(lines) < 3:
            self.problems.append("slabinfo: lists no cache")
        self.slab_pages = pages

    def check_slab_line(self, number, line, values):
        if 0 in values[3:6]:
            self.bad("slabinfo", number, line, "an object size, objects and pages per slab above 0")
        elif values[5] & (values[5] - 1):
            self.bad("slabinfo", number, line, "a power of two of pages per slab")
        if values[6:9] != (0, 0, 0) or values[11] != 0:
            self.bad("slabinfo", number, line, "tunables 0 0 0 and sharedavail 0")

    def read_zoneinfo(self, text):
        lines = self.lines_of("zoneinfo", text)
        starts = [i for i, (_, line) in enumerate(lines) if line.startswith("Node")]
        if starts[:1] != [0] and lines:
            self.bad("zoneinfo", 1, lines[0][1], "'Node 0, zone ...'")
        for begin, end in zip(starts, starts[1:] + [len(lines)]):
            self.read_zone(lines[begin:end])
        if list(self.zones) != list(ZONES):
            self.problems.append(f"zoneinfo: has zones {', '.join(self.zones) or 'none'}; "
                                 f"expected {', '.join(ZONES)}, those without pages too")

    def read_zone(self, lines):
        number, line = lines.pop(0)
        head = fields("Node %d, zone %8s", line)
        if head is None or head[0] != 0:
            self.bad("zoneinfo", number, line, "'Node %d, zone %8s' of node 0")
            return
        zone = self.zones[head[1]] = {}
        if lines and lines[0][1] == "  per-node stats":
            if self.node:
                self.bad("zoneinfo", *lines[0], "per-node stats under one zone only")
            lines.pop(0)
            self.read_stats(lines, self.node)
        for form in ZONE_LINES:
            self.read_one(lines, form, zone, form.split()[-2])
        self.read_protection(lines)
        if zone.get("present") == 0:
            if lines:
                self.bad("zoneinfo", *lines[0], "the end of a zone without pages")
            return
        self.read_stats(lines, zone)
        self.read_pagesets(lines, zone)
        self.read_one(lines, "  node_unreclaimable:  %u", zone, "node_unreclaimable")
        self.read_one(lines, "  start_pfn:           %lu", zone, "start_pfn")
        if lines:
            self.bad("zoneinfo", *lines[0], "the end of the zone")

    def read_one(self, lines, form, into, name):
        """The next line must be of @form."""
        if not lines:
            self.problems.append(f"zoneinfo: ends before {form!r}")
            return
        number, line = lines.pop(0)
        values = fields(form, line)
        if values is None:
            self.bad("zoneinfo", number, line, repr(form))
        else:
            into[name] = values[0]

    def read_stats(self, lines, into):
        while lines and lines[0][1].startswith("      ") and not lines[0][1].startswith("       "):
            number, line = lines.pop(0)
            values = fields("      %-12s %lu", line)
            if values is None:
                self.bad("zoneinfo", number, line, "'      %-12s %lu'")
            else:
                into[values[0]] = values[1]

    def read_protection(self, lines):
        number, line = lines.pop(0) if lines else (0, "")
        if fields("        protection: (%ld" + ", %ld" * (len(ZONES) - 1) + ")", line) is None:
            self.bad("zoneinfo", number, line, "'        protection: (%ld, %ld, %ld)'")

    def read_pagesets(self, lines, zone):
        number, line = lines.pop(0) if lines else (0, "")
        if line != "  pagesets":
            self.bad("zoneinfo", number, line, "'  pagesets'")
        cpu = 0
        while lines and lines[0][1].startswith("    cpu: "):
            seen = {}
            self.read_one(lines, "    cpu: %i".replace("%i", "%d"), seen, "cpu")
            if seen.get("cpu") != cpu:
                self.problems.append(f"zoneinfo: CPU {seen.get('cpu')} where {cpu} was due")
            for form in ("              count: %d", "              high:  %d",
                         "              batch: %d", "  vm stats threshold: %d"):
                self.read_one(lines, form, seen, form.split()[-2])
            zone["cpu_pages"] = zone.get("cpu_pages", 0) + seen.get("count:", 0)
            cpu += 1
        if cpu == 0:
            self.problems.append("zoneinfo: pagesets of no CPU")

    def read_meminfo(self, text):
        order = []
        for number, line in self.lines_of("meminfo", text):
            match = re.fullmatch(r"([A-Za-z()_]+): *(\d+) kB", line)
            if not match or "%-16s%8d kB" % (match[1] + ":", int(match[2])) != line:
                self.bad("meminfo", number, line, "'%-16s%8lu kB'")
                continue
            if match[1] in self.meminfo:
                self.bad("meminfo", number, line, "each name once")
            self.meminfo[match[1]] = int(match[2])
            order.append(match[1])
        self.need("meminfo", MEMINFO_NEEDED, self.meminfo)
        known = [name for name in order if name in MEMINFO_ORDER]
        if known != sorted(known, key=MEMINFO_ORDER.index):
            self.problems.append("meminfo: its lines are not in Linux's order")

    def read_vmstat(self, text):
        for number, line in self.lines_of("vmstat", text):
            match = re.fullmatch(r"([a-z0-9_]+) (\d+)", line)
            if not match or str(int(match[2])) != match[2]:
                self.bad("vmstat", number, line, "'%s %lu'")
            elif match[1] in self.vmstat:
                self.bad("vmstat", number, line, "each name once")
            else:
                self.vmstat[match[1]] = int(match[2])
        self.need("vmstat", VMSTAT_NEEDED, self.vmstat)

    def same(self, what, left, right):
        if left != right:
            self.problems.append(f"{what}: {left} and {right} differ")

    def cross_check(self):
        present = {name: zone for name, zone in self.zones.items() if zone.get("present", 0) != 0}
        self.same("zones of buddyinfo, and zones with pages of zoneinfo",
                  list(self.buddy), list(present))
        for name, blocks in self.buddy.items():
            pages = sum(nr << order for order, nr in enumerate(blocks))
            self.same(f"pages of zone {name} in buddyinfo and in zoneinfo", pages,
                      self.zones.get(name, {}).get("free"))
        for name, zone in present.items():
            self.check_zone(name, zone)
        free = sum(nr << order for blocks in self.buddy.values() for order, nr in enumerate(blocks))
        managed = sum(zone.get("managed", 0) for zone in self.zones.values())
        slab = self.slab_pages
        self.same("KiB of buddyinfo and MemFree", free * PAGE_KIB, self.meminfo.get("MemFree"))
        self.same("KiB managed in zoneinfo and MemTotal", managed * PAGE_KIB,
                  self.meminfo.get("MemTotal"))
        self.same("KiB of slabinfo's slabs and Slab", slab * PAGE_KIB, self.meminfo.get("Slab"))
        self.same("Slab, and SReclaimable with SUnreclaim", self.meminfo.get("Slab"),
                  self.meminfo.get("SReclaimable", 0) + self.meminfo.get("SUnreclaim", 0))
        self.same("pages of buddyinfo and vmstat's nr_free_pages", free,
                  self.vmstat.get("nr_free_pages"))
        for name, label in (("nr_slab_reclaimable", "SReclaimable"),
                            ("nr_slab_unreclaimable", "SUnreclaim")):
            self.same(f"zoneinfo's and vmstat's {name}", self.node.get(name), self.vmstat.get(name))
            self.same(f"KiB of vmstat's {name} and {label}", self.vmstat.get(name, 0) * PAGE_KIB,
                      self.meminfo.get(label))
        used = self.meminfo.get("MemFree", 0) + self.meminfo.get("Slab", 0)
        if used > self.meminfo.get("MemTotal", 0):
            self.problems.append("meminfo: MemFree and Slab together exceed MemTotal")
        if self.meminfo.get("MemAvailable", 0) > self.meminfo.get("MemTotal", 0):
            self.problems.append("meminfo: MemAvailable exceeds MemTotal")

    def check_zone(self, name, zone):
        self.same(f"zoneinfo: zone {name}: pages free and nr_free_pages", zone.get("free"),
                  zone.get("nr_free_pages"))
        for low, high in (("free", "managed"), ("managed", "present"), ("present", "spanned"),
                          ("min", "low"), ("low", "high")):
            if zone.get(low, 0) > zone.get(high, 0):
                self.problems.append(f"zoneinfo: zone {name}: {low} {zone[low]} exceeds "
                                     f"{high} {zone.get(high)}")


def check(texts):
    """@texts: {file name: content}. Return: the problems, in the order of the files."""
    dump = Dump()
    for name in FILES:
        if name in texts:
            getattr(dump, "read_" + name)(texts[name])
        else:
            dump.problems.append(f"{name}: is missing")
    if not dump.problems:       # sums over files that were not understood say nothing
        dump.cross_check()
    if "ledger" in texts and "memmap" not in texts:
        dump.problems.append("memmap: is missing, and there is a ledger")
    elif "ledger" in texts and not dump.problems:
        ledger.check(texts, dump, lambda *args: dump.bad("ledger", *args), dump.same)
    return dump.problems


def main(argv):
    if len(argv) != 2 or not os.path.isdir(argv[1]):
        print("usage: check_dump.py DIRECTORY, which holds " + ", ".join(FILES), file=sys.stderr)
        return 2
    texts = {}
    for name in FILES + QUIRES:
        path = os.path.join(argv[1], name)
        if os.path.isfile(path):
            with open(path, encoding="ascii", errors="backslashreplace", newline="") as file:
                texts[name] = file.read()
    problems = check(texts)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
