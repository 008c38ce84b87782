"""Portable C: mm/ and kernel/ compile for another 64-bit architecture, and by clang as by gcc."""

import re

from tree import strip, symbols


def check(tree):
    problems = []
    port = set(re.findall(r"\b(port_\w+)\(", strip(tree.read("include/kernel/port.h"))))
    for compiler in ("clang", "aarch64"):
        objects, bad = tree.objects(compiler)
        problems += bad
        defined, needed = set(), {}
        if bad:
            continue
        for source, path in objects.items():
            has, needs = symbols(path)
            defined |= has
            for name in needs:
                needed.setdefault(name, source)
        for name in sorted(set(needed) - defined - port):
            if not name.startswith(("__start_linkset_", "__stop_linkset_")):
                problems.append(f"{needed[name]}: {compiler} leaves {name} to a run-time library")
    return problems
