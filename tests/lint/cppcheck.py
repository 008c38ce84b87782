"""cppcheck finds no bug in boot/, kernel/ and mm/, whether DEBUG is defined or not."""

import os

import analysis
from tree import COMPILERS, run

FINDING = (r"^(?P<file>[^:\n]+):(?P<line>\d+): (?P<check>\w+): (?P<text>.*)$")
# As in the build; DEBUG is left open, so that both of its values are looked at.
DEFINES = ('-DQUIRE_VERSION="0"', "-D__x86_64__=1", "-D__STDC_VERSION__=201112L")


def check(tree):
    sources = [os.path.join(tree.root, source) for source in tree.boot + tree.kernel + tree.mm]
    roots = [tree.root] + ([tree.product] if tree.product != tree.root else [])
    includes = [f"-I{root}{folder}" for root in roots for folder in ("", "/include")]
    status, said = run("cppcheck", "--quiet", f"-j{analysis.WORKERS}", "--force", "--std=c11",
                       "--platform=unix64", "--enable=warning,performance,portability",
                       "--template={file}:{line}: {id}: {message}", *DEFINES, *includes,
                       f"-I{tree.product}/{COMPILERS['gcc'][2]}", *sources)
    problems = [] if status == 0 else [f"cppcheck: status {status}: {said.strip()}"]
    return problems + analysis.judge(tree, "cppcheck", analysis.findings_in(tree, said, FINDING))
