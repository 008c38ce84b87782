"""Every function that a public header declares is defined, and a comment there says its promise."""

import os
import re

from tree import run, strip, strip_directives, symbols

HOSTED = ("tests/host/port.c", "tests/host/no_interrupts.c", "tests/host/cpus.c",
          "tests/host/quire.c", "tests/host/symbols.c")
ISO = "include/kernel/string.h"     # its ISO C functions: the standard is the contract
NAME = re.compile(r"(\w+)\s*\((?!\s*\*)")
ATTRIBUTES = re.compile(r"__printf\(\d+, \d+\)|__attribute__\s*\(\(.*?\)\)|\b__must_check\b"
                        r"|\b_Noreturn\b|\b__cold\b|\b__noinline\b", re.S)


def declarations(text):
    """Yield (name, first line, last line) of each prototype outside braces."""
    code = strip_directives(strip(text))
    depth, begin = 0, 0
    for index, char in enumerate(code):
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                begin = index + 1
        elif char == ";" and depth == 0:
            statement = code[begin:index]
            plain = ATTRIBUTES.sub(lambda m: " " * len(m.group(0)), statement)
            found = NAME.search(plain)
            if found and not plain.lstrip().startswith(("typedef", "LINKSET", "_Static")):
                lead = len(statement) - len(statement.lstrip())
                first = code.count("\n", 0, begin + lead)
                yield found.group(1), first, code.count("\n", 0, index)
            begin = index + 1


def has_contract(lines, first, last):
    """A comment on the declaration's own lines, or above it in the same paragraph."""
    for index in range(last, -1, -1):
        if not lines[index].strip():
            break
        if index >= first and re.search(r"/\*", lines[index]):
            return True
        if index < first and re.search(r"\*/", lines[index]):
            return True
    return False


def is_iso(name):
    return re.match(r"mem(cpy|move|set|cmp|chr)$|str\w+$", name) is not None


def defined_names(tree):
    objects, problems = tree.objects("gcc")
    names = set()
    for path in objects.values():
        names |= symbols(path)[0]
    for source in HOSTED:
        if not os.path.exists(os.path.join(tree.root, source)):
            continue
        target = os.path.join(tree.build, "hosted", source[:-2] + ".o")
        os.makedirs(os.path.dirname(target), exist_ok=True)
        status, said = run("gcc", "-std=gnu11", f"-I{tree.root}/include",
                           f"-I{tree.root}/include/hosted", "-c",
                           os.path.join(tree.root, source), "-o", target)
        if status != 0:
            problems = problems + [said.strip()]
            continue
        names |= symbols(target)[0]
    return names, list(problems)


def check(tree):
    defined, problems = defined_names(tree)
    for path in tree.files((".h",), ("include",)):
        text = tree.read(path)
        lines = text.split("\n")
        for name, first, last in declarations(text):
            at = f"{path}:{first + 1}: {name}()"
            if name not in defined:
                problems.append(f"{at} is declared and nowhere defined")
            if not has_contract(lines, first, last) and not (path == ISO and is_iso(name)):
                problems.append(f"{at} has no contract")
    return problems
