"""The closed ledger, held against the other files of the same dump.

Part of check_dump.py. Every row is worked out again from something else than the ledger: the
firmware's entries and the reservations of memmap, buddyinfo, zoneinfo, slabinfo, meminfo. What is
one sum there and several rows here is compared as a sum.
"""

import re

PAGE = 4096
MAX_ORDER = 11
USABLE, RESERVED, ACPI, NVS, BAD = 1, 2, 3, 4, 5
RAM = (USABLE, ACPI)
RESTRICTION = (BAD, NVS, RESERVED, ACPI, USABLE)    # where entries overlap, the first one holds
FIRMWARE = {RESERVED: "firmware: reserved", NVS: "firmware: ACPI NVS", BAD: "firmware: bad"}
OWNERS = ("boot information", "ACPI data", "module", "early allocation", "block map", "page array",
          "page tables", "CPUs and their stacks", "command line", "firmware", "kernel")
OTHERS = (
    "left out: beyond the CPU's reach", "left out: at or above mem=", "left out: parts of pages",
    "pages: from alloc_pages", "pages: large kmalloc, asked for", "pages: large kmalloc, rounding",
    "slabs: live objects", "slabs: rounding to classes", "slabs: cache descriptors",
    "slabs: sheaves",
    "slabs: free objects, in slabs", "slabs: free objects, in sheaves",
    "slabs: free objects, in barns", "slabs: objects written off", "slabs: rounding of objects",
    "slabs: free words", "slabs: tails",
)
HEAD = "%-34s %20s %9s %9s" % ("row", "bytes", "of all", "of RAM")
ROW = r"(\S.*\S) +(\d+)( +\d+\.\d\d %){1,2}"
HEAD_OF_MAP = r"memory map: (\d+) ranges of (\d+) entries, limit 0x([0-9a-f]+)"
END_OF_MAP = r"\nRAM \d+ kB, .*; refused: \d+\n\Z"
# Without kmalloc_sizes the row "rounding to classes" is not known, only how much it can be.
BOUND = (r"(?:(\(of the live objects, up to [1-9]\d* bytes are kmalloc's rounding:"
         r" kmalloc_sizes gives it a row\))\n)?")
LINE = r"\[mem 0x([0-9a-f]{16})-0x([0-9a-f]{16})\] +\d+ kB  (.+)"


def is_known(name, zones):
    if name in OTHERS or name in FIRMWARE.values():
        return True
    kind, _, rest = name.partition(": ")
    return ((kind == "taken" and rest in OWNERS) or (kind == "CPUs' pages" and rest in zones)
            or (kind == "free" and rest in [f"{zone}, order {order}" for zone in zones
                                            for order in range(MAX_ORDER)]))


class Map:
    """The memmap file: entries as they came, what they became, and who took what."""

    def __init__(self, text):
        self.entries, self.lines, self.limit = [], {}, 0
        part, promised = None, {}
        for line in text.split("\n"):
            entry = re.fullmatch(r"0x([0-9a-f]{16}) 0x([0-9a-f]{16}) (\d+)", line)
            head = re.fullmatch(HEAD_OF_MAP, line)
            taken = re.fullmatch(r"taken: (\d+) ranges", line)
            stretch = re.fullmatch(LINE, line)
            if entry:
                self.entries.append((int(entry[1], 16), int(entry[2], 16), int(entry[3])))
            elif head:
                promised = {"entries": int(head[2]), "ranges": int(head[1])}
                self.limit, part = int(head[3], 16), "ranges"
            elif taken:
                promised["taken"], part = int(taken[1]), "taken"
            elif stretch and part:
                self.lines.setdefault(part, []).append(
                    (int(stretch[1], 16), int(stretch[2], 16) + 1, stretch[3]))
        found = {"entries": len(self.entries), "ranges": len(self.lines.get("ranges", [])),
                 "taken": len(self.lines.get("taken", []))}
        self.is_whole = promised == found and re.search(END_OF_MAP, text) is not None
        self.taken = self.lines.get("taken", [])
        self.ram = [(start, end) for start, end, name in self.lines.get("ranges", [])
                    if name in ("usable", "ACPI data")]

    def stretches(self):
        """Yield (start, end, type) of all that entries name, each byte once."""
        spans = [(base, min(base + length, 1 << 64), kind if USABLE <= kind <= BAD else RESERVED)
                 for base, length, kind in self.entries if length]
        edges = sorted({at for start, end, _ in spans for at in (start, end)})
        for start, end in zip(edges, edges[1:]):
            over = {kind for a, b, kind in spans if a <= start and b >= end}
            if over:
                yield start, end, min(over, key=RESTRICTION.index)

    def ram_inside(self, start, end):
        return sum(max(0, min(end, b) - max(start, a)) for a, b in self.ram)


def read(text, zones, bad):
    """Return: ({row: bytes}, sum, total); None instead when the text is not understood."""
    rows, lines = {}, text.split("\n")
    if lines[0] != HEAD:
        bad(1, lines[0], repr(HEAD))
    for number, line in enumerate(lines[1:], 2):
        match = re.fullmatch(ROW, line)
        if not match:
            break
        if not is_known(match[1], zones) or match[1] in rows or int(match[2]) == 0:
            bad(number, line, "a known row, once, that is not empty")
        rows[match[1]] = int(match[2])
    rest = re.fullmatch(r"sum of the rows +(\d+)\nthe firmware's total +(\d+)  (.*)\n" + BOUND,
                        "\n".join(lines[len(rows) + 1:]))
    if not rest:
        number = min(len(rows) + 2, len(lines))
        bad(number, lines[number - 1], "rows, their sum, the firmware's total, and what is in it")
        return None
    if rest[3] != "equal: every byte is in one row":
        bad(len(rows) + 3, rest[3], "'equal: every byte is in one row'")
    if rest[4] and "slabs: rounding to classes" in rows:
        bad(len(rows) + 4, rest[4], "no bound of the rounding where there is a row of it")
    return rows, int(rest[1]), int(rest[2])


def sum_of(rows, prefix):
    return sum(size for name, size in rows.items() if name.startswith(prefix))


def check_map(rows, total, the_map, present, same):
    """Rows that follow from the firmware's entries and the reservations."""
    found = {kind: 0 for kind in RESTRICTION}
    above = below = 0
    for start, end, kind in the_map.stretches():
        found[kind] += end - start
        if kind in RAM:
            above += max(0, end - max(start, the_map.limit))
            below += max(0, min(end, the_map.limit) - start)
    same("bytes of memmap's entries and the ledger's total", sum(found.values()) % (1 << 64), total)
    for kind, name in FIRMWARE.items():
        same(f"memmap and ledger: {name}", found[kind], rows.get(name, 0))
    same("bytes of RAM at or above memmap's limit", above,
         rows.get("left out: beyond the CPU's reach", 0)
         + rows.get("left out: at or above mem=", 0))
    same("bytes of RAM in memmap but not in zones", below - present * PAGE,
         rows.get("left out: parts of pages", 0))
    for owner in OWNERS:
        size = sum(the_map.ram_inside(start, end) for start, end, name in the_map.taken
                   if name == owner)
        same(f"memmap and ledger: taken: {owner}", size, rows.get(f"taken: {owner}", 0))


def check_zones(rows, buddy, zones, same):
    for zone, blocks in buddy.items():
        for order, nr in enumerate(blocks):
            same(f"buddyinfo and ledger: zone {zone}, order {order}", (nr << order) * PAGE,
                 rows.get(f"free: {zone}, order {order}", 0))
    for name, zone in zones.items():
        same(f"zoneinfo and ledger: CPUs' pages of zone {name}", zone.get("cpu_pages", 0) * PAGE,
             rows.get(f"CPUs' pages: {name}", 0))


def check_slabs(rows, slabs, same):
    """@slabs: (objects, bytes of each, objects in a slab, slabs, pages of each) of each cache."""
    tails = sum(nr * (pages * PAGE - size * per_slab) for _, size, per_slab, nr, pages in slabs)
    same("slabinfo and ledger: tails of slabs", tails, rows.get("slabs: tails", 0))
    same("slabinfo and ledger: bytes of objects", sum(nr * size for nr, size, *_ in slabs),
         sum_of(rows, "slabs: ") - rows.get("slabs: tails", 0))


def check(texts, dump, bad, same):
    """@dump: what check_dump.py has read. @bad, @same: how it wants to be told."""
    the_map = Map(texts["memmap"])
    seen = read(texts["ledger"], dump.zones, bad)
    if not the_map.is_whole:
        dump.problems.append("memmap: not as many entries, ranges and reservations as it says")
    if seen is None or dump.problems:
        return
    rows, claimed, total = seen
    same("the ledger's rows and their sum", sum(rows.values()), claimed)
    same("the ledger's sum and its total", claimed, total)
    zones = dump.zones.values()
    check_map(rows, total, the_map, sum(zone.get("present", 0) for zone in zones), same)
    check_zones(rows, dump.buddy, dump.zones, same)
    check_slabs(rows, dump.slabs, same)
    used = sum(zone.get("managed", 0) - zone.get("free", 0) - zone.get("cpu_pages", 0)
               for zone in zones) * PAGE
    same("zoneinfo and ledger: bytes that are in use", used,
         sum_of(rows, "slabs: ") + sum_of(rows, "pages: "))
