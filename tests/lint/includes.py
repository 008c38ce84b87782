"""mm/, kernel/ and the public headers include each other and freestanding headers, no more."""

import re

FREESTANDING = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h", "limits.h"}

# folder: beginnings of what may be included from it
ALLOWED = {
    "kernel": ("kernel/", "port/layout.h"),
    "include/kernel": ("kernel/", "port/layout.h", "port/irq.h"),
    "mm": ("kernel/", "mm/", "internal.h", "port/layout.h", "port/stack.h"),
    "include/mm": ("kernel/", "mm/", "port/layout.h"),
    "include/hosted": ("kernel/", "mm/"),
}


def check(tree):
    problems = []
    for folder, allowed in ALLOWED.items():
        for path in tree.files((".c", ".h"), (folder,)):
            for number, line in enumerate(tree.read(path).split("\n"), 1):
                found = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
                if not found:
                    continue
                name = found.group(1)
                if name not in FREESTANDING and not name.startswith(allowed):
                    problems.append(f"{path}:{number}: {folder}/ may not include {name}")
    return problems
