"""The rules of the house that a line or a brace shows."""

import re

from tree import strip, strip_directives

COLUMNS = 100       # tabs counted as TAB
TAB = 8
MAX_FUNCTION = 60       # lines, braces included
MAX_NESTING = 3
CAPS = {".c": 700, ".h": 200, ".asm": 200}      # lines
THEORY = 3              # lines: the shortest block that says something

CONTROL = re.compile(r"\s*(?:\}\s*)?(if|for|while|switch|do|else|LINKSET_FOREACH)\b")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
ABSOLUTE = re.compile(r"(?<![\w.$)}])/(?:home|root|work|tmp|Users|opt|mnt)/")


def lines_of(path, text):
    problems = []
    for number, line in enumerate(text.split("\n"), 1):
        at = f"{path}:{number}"
        if len(line.expandtabs(TAB)) > COLUMNS:
            problems.append(f"{at}: longer than {COLUMNS} columns")
        if line != line.rstrip():
            problems.append(f"{at}: blanks at the end")
        if UNFINISHED.search(line):
            problems.append(f"{at}: unfinished work is not left in the tree")
        if ABSOLUTE.search(line):
            problems.append(f"{at}: an absolute path")
    if not text.endswith("\n") or text.endswith("\n\n"):
        problems.append(f"{path}: the last line ends in exactly one newline")
    return problems


def indents_of(path, code):
    """Tabs indent; up to 7 blanks after them align."""
    problems = []
    for number, line in enumerate(code.split("\n"), 1):
        indent = re.match(r"[ \t]*", line).group(0)
        if line.strip() and (" \t" in indent or " " * TAB in indent or indent.startswith(" ")):
            problems.append(f"{path}:{number}: indented with blanks")
    return problems


def functions(code):
    """Bodies of functions: (line number of the brace, lines). K&R: both braces in column 0."""
    lines = code.split("\n")
    start = None
    for index, line in enumerate(lines):
        if line.rstrip() == "{" and index and lines[index - 1].rstrip().endswith(")"):
            start = index
        elif line.startswith("}") and start is not None:
            yield start + 1, lines[start:index + 1]
            start = None


def nesting(body):
    """The deepest level of control statements, braced or not."""
    depth = deepest = hanging = parens = 0
    for line in body:
        if parens == 0 and CONTROL.match(line):
            deepest = max(deepest, depth - line.strip().startswith("}") + hanging)
        inside = parens
        parens += line.count("(") - line.count(")")
        depth += line.count("{") - line.count("}")
        text = line.strip()
        if (CONTROL.match(line) or inside) and parens == 0 and text.endswith((")", "else")):
            hanging += 1
        elif parens == 0 and text:
            hanging = 0
    return deepest


def shapes_of(path, code):
    problems = []
    for number, body in functions(code):
        if len(body) > MAX_FUNCTION:
            problems.append(f"{path}:{number}: a function of {len(body)} lines")
        if nesting(body) > MAX_NESTING:
            problems.append(f"{path}:{number}: {nesting(body)} levels of nesting")
    return problems


def head_of(path, text):
    first = re.match(r"/\*.*?\*/", text, re.S)
    if path.startswith("mm/") and path.endswith(".c"):
        if not first or first.group(0).count("\n") + 1 < THEORY:
            return [f"{path}: no theory block on top"]
    if path.endswith(".h") and not re.search(r"^#pragma once$", text, re.M):
        return [f"{path}: no #pragma once"]
    return []


def check(tree):
    problems = []
    for path in tree.files((".c", ".h", ".asm", ".py", ".mk", ".sh")):
        text = tree.read(path)
        problems += lines_of(path, text)
        problems += head_of(path, text)
        for suffix, cap in CAPS.items():
            if path.endswith(suffix) and text.count("\n") > cap:
                problems.append(f"{path}: {text.count(chr(10))} lines, cap {cap}")
        if path.endswith((".c", ".h")):
            code = strip_directives(strip(text))
            problems += indents_of(path, code)
            problems += shapes_of(path, code)
    return problems
