"""The lists of seeded faults: their text, and whether each still fits the sources.

A file NAME.list holds mutants, blank lines and lines that begin with #. A mutant is

    mutant NAME
    file PATH
    first RING          (perhaps: the ring that is asked first)
    ----
    the exact old text, whole lines
    ====
    the new text
    ----

The old text must occur exactly once in the file.
"""

import dataclasses
import os
import re

NAME = re.compile(r"[a-z0-9][a-z0-9-]*$")


class Bad(Exception):
    """A list that says nothing sensible, or a mutant that does not fit."""


@dataclasses.dataclass
class Mutant:
    """`where`: list and line, for people. `first`: name of the ring to begin with, or ""."""
    name: str
    path: str
    old: str
    new: str
    where: str
    first: str = ""

    def apply(self, text):
        """Return: `text` with the fault in it."""
        found = text.count(self.old)
        if found != 1:
            raise Bad(f"{self.where}: the old text of {self.name} occurs {found} times "
                      f"in {self.path}")
        return text.replace(self.old, self.new)


def take(lines, mark):
    """Take lines up to `mark` and it. Return: the text before it."""
    taken = []
    while lines and lines[0] != mark:
        taken.append(lines.pop(0))
    if not lines:
        raise Bad(f"no {mark} up to the end")
    lines.pop(0)
    return "".join(line + "\n" for line in taken)


def read_one(where, lines):
    """The mutant that begins with the first of `lines`, which are used up."""
    head = {}
    for line in take(lines, "----").splitlines():
        word, _, value = line.partition(" ")
        if word not in ("mutant", "file", "first") or word in head or not value:
            raise Bad(f"not understood: {line!r}")
        head[word] = value
    if not NAME.match(head.get("mutant", "")) or "file" not in head:
        raise Bad("a mutant needs a name and a file")
    old, new = take(lines, "===="), take(lines, "----")
    if not old or old == new:
        raise Bad(f"{head['mutant']} changes nothing")
    return Mutant(head["mutant"], head["file"], old, new, where, head.get("first", ""))


def read(text, path="list"):
    """Return: the mutants of a list."""
    lines = text.split("\n")
    total, mutants = len(lines), []
    while lines:
        if not lines[0] or lines[0].startswith("#"):
            lines.pop(0)
            continue
        where = f"{path}:{total - len(lines) + 1}"
        try:
            mutants.append(read_one(where, lines))
        except Bad as bad:
            raise Bad(f"{where}: {bad}") from None
    return mutants


def read_folder(folder):
    """Return: the mutants of all lists, in the order of their names."""
    mutants = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".list"):
            path = os.path.join(folder, name)
            with open(path, encoding="ascii") as source:
                mutants += read(source.read(), path)
    return mutants


def problems_of(mutants, rings, needed, least):
    """Return: lines that say what is wrong. `needed`: files of which each must have a mutant."""
    problems, seen = [], {}
    for mutant in mutants:
        if mutant.name in seen:
            problems.append(f"{mutant.where}: {mutant.name} is also at {seen[mutant.name]}")
        seen[mutant.name] = mutant.where
        if mutant.first and mutant.first not in rings:
            problems.append(f"{mutant.where}: there is no ring {mutant.first}")
        try:
            with open(mutant.path, encoding="utf-8") as source:
                mutant.apply(source.read())
        except (OSError, Bad) as error:
            problems.append(str(error))
    files = {mutant.path for mutant in mutants}
    problems += [f"no mutant of {path}" for path in needed if path not in files]
    if len(mutants) < least:
        problems.append(f"{len(mutants)} mutants, at least {least} are wanted")
    return problems
