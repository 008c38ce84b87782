"""What the rules of static analysis share: running a tool, excuses, a store of results.

Excuses stand in tests/lint/suppressions and nowhere else: one a line,

    TOOL | CHECK | FILE | PART OF THE LINE | REASON

A file of * means that the check is never run; a part of *, any line of the file. Checks that are
one and the same stand side by side with commas. What is no file of * must excuse something.
"""

import collections
import concurrent.futures
import functools
import hashlib
import os
import re

import excuses
from tree import COMPILERS, FREESTANDING, run

EXCUSES = "tests/lint/suppressions"
IN_SOURCE = re.compile(r"NOLINT|cppcheck-suppress|#\s*pragma\s+(?:GCC|clang)\s+diagnostic")
STORE = "analysis"      # below build/: results by a hash of all that they depend on
WORKERS = 2

Excuse = collections.namedtuple("Excuse", "tool check file part reason")
Finding = collections.namedtuple("Finding", "check file line text")


def parse_excuses(text):
    """Return: ([Excuse], [problem])."""
    good, problems = excuses.read(EXCUSES, text, Excuse._fields)
    return [Excuse(*fields) for _, fields in good], problems


def known_to(tree, tool):
    """The tree's own, or the product's, for one tool. Return: ([Excuse], own, [problem])."""
    own = os.path.isfile(os.path.join(tree.root, EXCUSES))
    with open(os.path.join(tree.root if own else tree.product, EXCUSES), encoding="utf-8") as text:
        good, problems = parse_excuses(text.read())
    return [e for e in good if e.tool == tool], own, problems if own else []


@functools.lru_cache
def builtin_headers(command):
    return run(command, "-print-file-name=include")[1].strip()


def flags(tree, compiler):
    """The command line that compiles a file of `tree` for the PC, without the compiler's name."""
    command, own, layout = COMPILERS[compiler]
    roots = [tree.root] + ([tree.product] if tree.product != tree.root else [])
    includes = [f"-I{root}{folder}" for root in roots for folder in ("", "/include")]
    return [*FREESTANDING, *own, *includes, f"-I{tree.product}/{layout}", "-isystem",
            builtin_headers(command), '-DQUIRE_VERSION="0"']


def content(tree, source, compiler):
    """All that a tool sees of `source`: its text, and what the preprocessor makes of it."""
    status, text = run(COMPILERS[compiler][0], *flags(tree, compiler), "-E",
                       os.path.join(tree.root, source))
    return tree.read(source) + text if status == 0 else None


def stored(tree, key, produce):
    """What `produce` returns, from the store if the same key was there. Failures are not kept."""
    folder = os.path.join(tree.product, "build", STORE)
    path = os.path.join(folder, hashlib.sha256(key.encode()).hexdigest())
    try:
        with open(path, encoding="utf-8") as text:
            return 0, text.read()
    except OSError:
        pass
    status, said = produce()
    if status == 0:
        os.makedirs(folder, exist_ok=True)
        with open(path + ".new", "w", encoding="utf-8") as out:
            out.write(said)
        os.replace(path + ".new", path)
    return status, said


def run_each(tree, compiler, command):
    """Run `command` + source on each source. Return: [(source, status, output)]."""
    _, version = run(command[0], "--version")

    def one(source):
        seen = content(tree, source, compiler)
        target = [os.path.join(tree.root, source)]
        if command[0].startswith("clang-tidy"):
            target += ["--", *flags(tree, compiler)]
        if seen is None:
            return (source, *run(*command, *target))
        key = "\0".join([version, *command, *target, seen])
        return (source, *stored(tree, key, lambda: run(*command, *target)))

    with concurrent.futures.ThreadPoolExecutor(max_workers=WORKERS) as pool:
        return list(pool.map(one, tree.boot + tree.kernel + tree.mm))


def findings_in(tree, output, pattern):
    """Matches of `pattern` (file, line, text, check), one a line and check, with short paths."""
    found = {}
    for match in re.finditer(pattern, output, re.M):
        path = os.path.normpath(os.path.join(tree.root, match["file"]))
        for root in (tree.root, tree.product):
            if path.startswith(root + os.sep):
                path = os.path.relpath(path, root)
                break
        finding = Finding(match["check"], path, int(match["line"]), match["text"].strip())
        found.setdefault((finding.file, finding.line, finding.check), finding)
    return [found[key] for key in sorted(found)]


def line_of(tree, finding):
    try:
        return tree.read(finding.file).split("\n")[finding.line - 1]
    except (OSError, IndexError):
        return ""


def judge(tree, tool, found):
    """Findings that nothing excuses, and excuses that excuse nothing, as lines."""
    known, own, problems = known_to(tree, tool)
    used = set()
    for finding in found:
        text = line_of(tree, finding)
        matching = [e for e in known if e.check == finding.check and e.file == finding.file
                    and (e.part == "*" or e.part in text)]
        used.update(matching)
        if not matching:
            problems.append(f"{finding.file}:{finding.line}: {tool}: {finding.check}: "
                            f"{finding.text}")
    if own:
        problems += [f"{EXCUSES}: {tool} does not find {e.check} in {e.file} at: {e.part}"
                     for e in known if e.file != "*" and e not in used]
    return problems


def excused_in_source(tree):
    """Excuses where only the tools see them."""
    return [f"{path}:{number}: an excuse belongs into {EXCUSES}"
            for path in tree.files((".c", ".h"), ("boot", "kernel", "mm", "include"))
            for number, line in enumerate(tree.read(path).split("\n"), 1) if IN_SOURCE.search(line)]
