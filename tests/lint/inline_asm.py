"""No inline assembly in mm/, kernel/ and their headers: the machine is behind the port."""

import re

from tree import strip


def check(tree):
    problems = []
    for path in tree.files((".c", ".h"), ("mm", "kernel", "include/mm", "include/kernel")):
        for number, line in enumerate(strip(tree.read(path)).split("\n"), 1):
            if re.search(r"\b(asm|__asm|__asm__)\b", line):
                problems.append(f"{path}:{number}: inline assembly")
    return problems
