"""Arrows between the floors: an object of mm/ may need symbols of its own floor or a lower one."""

import fnmatch
import os

from tree import symbols

# From the roof down; docs/architecture.md has the same table with what lives there.
FLOORS = (
    ("reports", ("report*", "snapshot", "ledger", "verify", "fault_control", "commands*", "trace",
                 "replay")),
    ("objects", ("kmalloc", "mempool")),
    ("caches", ("cache", "kernel_caches", "sheaf")),
    ("slabs", ("slab", "slab_debug")),
    ("policy", ("page_alloc*", "page_exact", "page_cpu", "reclaim",
                "watermark")),
    ("instance", ("mm",)),
    ("mechanism", ("buddy", "zone", "page")),
    ("ground", ("memmap*", "early")),
    ("cellar", ("bug", "fault")),   # everybody reports, several ask: so they stand below all
)
ABOVE_ALL = ("mm/mm.c",)        # mm_init() starts every floor


def floor_of(source):
    """Return: index into FLOORS, 0 the highest; None when the table does not have the file."""
    name = os.path.basename(source)[:-2]
    for index, (_, patterns) in enumerate(FLOORS):
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            return index
    return None


def check(tree):
    objects, problems = tree.objects("gcc")
    problems = list(problems)
    problems += [f"{s}: on no floor: add it to FLOORS" for s in tree.mm if floor_of(s) is None]
    owner, needs = {}, {}
    for source, path in objects.items():
        defined, needs[source] = symbols(path)
        for name in defined:
            owner[name] = source
    for source in sorted(needs):
        for name in sorted(needs[source]):
            target = owner.get(name)
            if target is None or target not in tree.mm or source in ABOVE_ALL:
                continue
            if source in tree.kernel:
                problems.append(f"{source}: kernel/ needs {name} of {target}")
                continue
            mine, theirs = floor_of(source), floor_of(target)
            if mine is not None and theirs is not None and theirs < mine:
                problems.append(f"{source} ({FLOORS[mine][0]}) needs {name} of {target} "
                                f"({FLOORS[theirs][0]}), a floor above")
    return problems
