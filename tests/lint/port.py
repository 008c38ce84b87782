"""One port: `ld -r` over mm/ and kernel/, then `nm -u`, leaves what port.h declares and no more."""

import os
import re

from tree import run, strip, symbols

LINKSETS = ("command", "ktest")     # bounds that linker.ld gives


def declared(tree):
    text = strip(tree.read("include/kernel/port.h"))
    return set(re.findall(r"\b(port_\w+)\(", text))


def called(tree):
    """Port functions that boot/ and the suites call; calls are indented, definitions are not."""
    text = "".join(tree.read(path) for path in tree.files((".c",), ("boot", "tests/suites")))
    return set(re.findall(r"^\t.*?\b(port_\w+)\(", text, re.M))


def check(tree):
    objects, problems = tree.objects("gcc")
    if problems:
        return list(problems)
    whole = os.path.join(tree.build, "gcc", "whole.o")
    status, said = run("ld", "-r", "-o", whole, *objects.values())
    if status != 0:
        return [said.strip()]
    _, left = symbols(whole)
    bounds = {f"__{end}_linkset_{name}" for end in ("start", "stop") for name in LINKSETS}
    port = declared(tree)
    users = {name: sorted(s for s, path in objects.items() if name in symbols(path)[1])
             for name in left - port - bounds}
    problems = [f"{name} is left undefined, and port.h does not declare it: "
                + ", ".join(users[name]) for name in sorted(users)]
    problems += [f"{name} stands in port.h, and nobody calls it"
                 for name in sorted(port - left - called(tree))]
    return problems
