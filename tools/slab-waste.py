#!/usr/bin/python3
"""What each cache wastes, and what the buddy lists alone would waste for the same objects.

usage: slab-waste.py [FILE]

FILE is a slabinfo, version 2.1, of Quire or of Linux (default: /proc/slabinfo). For each cache:

  objects   live objects
  size      bytes of one, with its alignment
  slabs     bytes of the slabs that hold them
  waste     bytes of the slabs that hold no live object: free objects, and each slab's rest
  tail      bytes at one slab's end that no object fits in, in percent of the slab
  buddy     bytes wasted if every live object had its own block of the buddy lists: a power of
            two of pages

A line that is no line of slabinfo is named, and the exit status is then 1.
"""

import re
import sys

PAGE_SIZE = 4096
HEADERS = ("slabinfo - version:", "# name")
LINE = re.compile(r"(\S+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) : tunables +\d+ +\d+ +\d+"
                  r" : slabdata +(\d+) +(\d+) +(\d+)(?: .*)?")


def buddy_block(size):
    """Bytes of the smallest block of the buddy lists that holds @size bytes: 12288 takes 16384."""
    block = PAGE_SIZE
    while block < size:
        block *= 2
    return block


def parse(text):
    """Return: (caches, problems).

    A cache: (name, live, size, bytes of its slabs, waste, tail in percent, buddy waste).
    """
    caches, problems = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(HEADERS) or not line.strip():
            continue
        match = LINE.fullmatch(line.rstrip())
        if not match:
            problems.append(f"line {number}: {line!r}: no line of slabinfo 2.1")
            continue
        live, total, size, per_slab, pages, _, slabs = (int(word) for word in match.groups()[1:8])
        slab = pages * PAGE_SIZE
        if size == 0 or per_slab == 0 or size * per_slab > slab:
            problems.append(f"line {number}: {line!r}: {per_slab} objects of {size} bytes "
                            f"in {pages} pages")
            continue
        if live > total or live > slabs * per_slab:
            problems.append(f"line {number}: {line!r}: more live objects than its slabs hold")
            continue
        caches.append((match[1], live, size, slabs * slab, slabs * slab - live * size,
                       100.0 * (slab - per_slab * size) / slab, live * (buddy_block(size) - size)))
    return caches, problems


def table(caches):
    """The caches as lines of text, the most wasteful first, and a line with the sums."""
    rows = [("cache", "objects", "size", "slabs", "waste", "tail", "buddy")]
    for name, live, size, slabs, waste, tail, buddy in sorted(caches, key=lambda cache: -cache[4]):
        rows.append((name, str(live), str(size), str(slabs), str(waste), f"{tail:.1f}%",
                     str(buddy)))
    sums = [sum(cache[i] for cache in caches) for i in (1, 3, 4, 6)]
    rows.append(("total", str(sums[0]), "", str(sums[1]), str(sums[2]), "", str(sums[3])))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join([row[0].ljust(widths[0])]
                      + [row[i].rjust(widths[i]) for i in range(1, len(row))])
            for row in rows]


def main(argv):
    if len(argv) > 2 or argv[1:] in (["-h"], ["--help"]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    path = argv[1] if len(argv) == 2 else "/proc/slabinfo"
    try:
        with open(path, encoding="ascii", errors="backslashreplace") as file:
            caches, problems = parse(file.read())
    except OSError as error:
        print(f"slab-waste.py: {path}: {error.strerror}", file=sys.stderr)
        return 2
    for problem in problems:
        print(f"{path}: {problem}", file=sys.stderr)
    if not caches:
        print(f"{path}: names no cache", file=sys.stderr)
        return 1
    try:
        print("\n".join(table(caches)))
        sys.stdout.flush()
    except BrokenPipeError:     # the reader has seen enough: head, less
        sys.stderr.close()
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
