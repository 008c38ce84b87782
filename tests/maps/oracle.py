"""What a memory map must become: worked out without a line of mm/memmap.c, kept in the map's file.

    oracle.py --check FILE.map ...    say where expectations do not follow from the entries
    oracle.py --update FILE.map ...   write them anew below the block

A map file: comments (#), "cpu-bits N" or "mem BYTES" where a map needs them, the raw block as the
kernel prints it (memmap-v1, one "BASE LENGTH TYPE" a line, end), then expectations:

    expect-usable BYTES             in whole usable pages
    expect-acpi BYTES               in whole pages that are given back once the tables are read
    expect-dropped BYTES            usable bytes that are lost to rounding and to the limits
    expect-zone NAME PAGES          of RAM, that is usable and ACPI, in each zone
    expect-ranges COUNT HASH        of the sanitised map: FNV-1a over its numbers, 64 bits each,
                                    little-endian
    expect-range START END TYPE     its ranges, where there are few
    expect-said COUNT TEXT          lines of the log that must hold TEXT

The method: all edges of entries, of the pages they lie in and of the limits cut the address space
into pieces, none of which any edge divides. Each piece collects the types of the entries over it; a
page is judged by its pieces.
"""
import argparse
import bisect
import sys

PAGE = 4096
TOP = 1 << 64                       # first address that does not exist
LINK_LIMIT = 1 << 44                # 16 TiB: 32-bit page numbers
USABLE, RESERVED, ACPI, NVS, BAD = 1, 2, 3, 4, 5
STRICTEST_LAST = [USABLE, ACPI, RESERVED, NVS, BAD]
RAM = (USABLE, ACPI)
ZONES = (("DMA", 0, 16 << 20), ("DMA32", 16 << 20, 4 << 30), ("Normal", 4 << 30, TOP))
SHOWN_RANGES = 64                   # a file with more of them gives the hash alone


class BadMap(Exception):
    """A line that is not what the format says."""


class Map:
    """One file: what it gives and what it claims."""

    def __init__(self, path):
        self.path = path
        self.entries = []           # (base, length, type)
        self.claims = []            # (line number, text)
        self.head = []              # lines up to the block's end
        self.cpu_bits = 46
        self.mem = TOP
        self.inside = self.ended = False
        with open(path, encoding="ascii") as lines:
            for number, line in enumerate(lines, 1):
                self.take(number, line.rstrip("\n"))
        if not self.ended:
            raise BadMap(f"{path}: no memmap-v1 block with an end")

    def take(self, number, line):
        if not line.startswith("expect-"):
            self.head.append(line)
        if not line.strip() or line.startswith("#"):
            return
        try:
            self.take_words(number, line, line.split())
        except (ValueError, IndexError):
            raise BadMap(f"{self.path}:{number}: not understood: {line}") from None

    def take_words(self, number, line, words):
        if self.inside and words == ["end"]:
            self.inside, self.ended = False, True
        elif self.inside:
            base, length, kind = words
            self.entries.append((int(base, 16), int(length, 16), int(kind)))
            if not (base.startswith("0x") and length.startswith("0x")):
                raise ValueError
            if max(self.entries[-1]) >= TOP or int(kind) >= 1 << 32:
                raise ValueError
        elif words == ["memmap-v1"] and not self.ended:
            self.inside = True
        elif words[0] == "cpu-bits" and not self.ended:
            self.cpu_bits = int(words[1])
            if not 12 <= self.cpu_bits <= 63:
                raise ValueError
        elif words[0] == "mem" and not self.ended:
            self.mem = int(words[1])
        elif words[0].startswith("expect-") and self.ended:
            self.claims.append((number, " ".join(words)))
        else:
            raise ValueError


def known(kind):
    return kind if kind in STRICTEST_LAST else RESERVED


def strictest(kinds):
    return max(kinds, key=STRICTEST_LAST.index)


def pieces_of(entries, reach, limit):
    """Return: [(start, end, set of types)] of the pieces that an entry covers, ascending."""
    spans = [(base, min(base + length, TOP), known(kind))
             for base, length, kind in entries if length]
    edges = {0, TOP, reach, limit}
    for start, end, _ in spans:
        for edge in (start, end):
            edges |= {edge, edge // PAGE * PAGE, min(-(-edge // PAGE) * PAGE, TOP)}
    edges = sorted(edges)
    kinds = [set() for _ in edges]
    for start, end, kind in spans:
        for index in range(bisect.bisect_left(edges, start), bisect.bisect_left(edges, end)):
            kinds[index].add(kind)
    return [(start, end, found) for start, end, found in zip(edges, edges[1:], kinds) if found]


def judge_page(parts):
    """Return: the type of a page with these (bytes, type) parts, None for no page."""
    kind = strictest([kind for _, kind in parts])
    if kind not in RAM or sum(size for size, _ in parts) == PAGE:
        return kind
    return RESERVED if kind == ACPI else None


def sanitise(pieces, reach, limit):
    """Return: ([(start, end, type)], usable bytes given, shared pages that lost usable bytes)."""
    runs, given, shared = [], 0, {}
    for start, end, kinds in pieces:
        kind = strictest(kinds)
        given += end - start if kind == USABLE else 0
        if start >= (limit if kind in RAM else reach):
            continue
        if start % PAGE == 0 and end % PAGE == 0:
            runs.append((start, end, kind))
        else:
            shared.setdefault(start // PAGE, []).append((end - start, kind))
    losing = 0
    for page, parts in shared.items():
        kind = judge_page(parts)
        losing += kind != USABLE and any(part == USABLE for _, part in parts)
        if kind is not None:
            runs.append((page * PAGE, page * PAGE + PAGE, kind))
    merged = []
    for start, end, kind in sorted(runs):
        if merged and merged[-1][1] == start and merged[-1][2] == kind:
            start = merged.pop()[0]
        merged.append((start, end, kind))
    return merged, given, losing


def overlap_lines(pieces):
    """Return: how many lines tell of bytes that several types claim: one a loser and stretch."""
    lines, before, before_end = 0, None, None
    for start, end, kinds in pieces:
        if len(kinds) > 1 and (kinds != before or start != before_end):
            lines += len(kinds) - 1
        before, before_end = kinds, end
    return lines


def fnv1a(numbers):
    value = 0xcbf29ce484222325
    for number in numbers:
        for byte in number.to_bytes(8, "little"):
            value = (value ^ byte) * 0x100000001b3 % TOP
    return value


def said(entries, pieces, reach, limit, losing):
    """Return: [(count, text)] of what the log must hold."""
    full = [(base, base + length, kind) for base, length, kind in entries if length]
    clipped = any(strictest(kinds) in RAM and start < reach and end > limit
                  for start, end, kinds in pieces)
    return [
        (sum(length == 0 for _, length, _ in entries), "zero length"),
        (sum(end > TOP for _, end, _ in full), "wraps past the end"),
        (sum(start >= reach for start, _, _ in full), "above what the CPU can address, dropped"),
        (sum(start < reach < end for start, end, _ in full), "above what the CPU can address, cut"),
        (sum(kind not in STRICTEST_LAST for _, _, kind in full), "unknown type"),
        (overlap_lines(pieces), "is both"),
        (losing, "usable bytes in the page"),
        (int(clipped), "not used: mem="),
    ]


def expectations(source):
    """Return: the expect- lines that follow from the map's entries."""
    reach = min(1 << source.cpu_bits, LINK_LIMIT)
    limit = min(reach, source.mem // PAGE * PAGE)
    pieces = pieces_of(source.entries, reach, limit)
    ranges, given, losing = sanitise(pieces, reach, limit)
    total = {kind: sum(end - start for start, end, own in ranges if own == kind) for kind in RAM}
    lines = [f"expect-usable {total[USABLE]}", f"expect-acpi {total[ACPI]}",
             f"expect-dropped {given - total[USABLE]}"]
    for name, low, high in ZONES:
        size = sum(max(0, min(end, high) - max(start, low))
                   for start, end, kind in ranges if kind in RAM)
        lines.append(f"expect-zone {name} {size // PAGE}")
    numbers = [number for entry in ranges for number in entry]
    lines.append(f"expect-ranges {len(ranges)} {fnv1a(numbers):#018x}")
    if len(ranges) <= SHOWN_RANGES:
        lines += [f"expect-range {start:#x} {end:#x} {kind}" for start, end, kind in ranges]
    lines += [f"expect-said {count} {text}"
              for count, text in said(source.entries, pieces, reach, limit, losing)]
    return lines


def check(source):
    """Return: what is wrong with the file, as lines."""
    wanted = expectations(source)
    claimed = {text: number for number, text in source.claims}
    wrong = [f"{source.path}:{number}: does not follow from the entries: {text}"
             for text, number in claimed.items() if text not in wanted]
    wrong += [f"{source.path}: lacks: {text}" for text in wanted if text not in claimed]
    return wrong


def update(source):
    while source.head and not source.head[-1].strip():
        source.head.pop()
    with open(source.path, "w", encoding="ascii") as out:
        out.write("\n".join(source.head + expectations(source)) + "\n")


def main():
    parser = argparse.ArgumentParser(description="what a memory map must become")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="compare each file's expectations")
    mode.add_argument("--update", action="store_true", help="write each file's expectations anew")
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    failed = False
    for path in arguments.files:
        try:
            source = Map(path)
            wrong = check(source) if arguments.check else update(source)
        except (BadMap, OSError, UnicodeDecodeError) as error:
            wrong = [str(error)]
        for line in wrong or []:
            print(line, file=sys.stderr)
        failed = failed or bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
