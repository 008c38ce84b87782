"""Run the lint rules: each one on its seeded violations first, then on the tree.

A seed is a folder tests/lint/seeded/RULE/NAME/ with sources and a file `expect`: each of its lines
must be part of a finding of its own, and nothing else may be found. A rule without a seed has not
been proven and fails.
"""

import argparse
import importlib
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from tally import Tally     # noqa: E402
from tree import Tree       # noqa: E402

RULES = ("floors", "port", "cross", "style", "includes", "inline_asm", "contracts",
         "tidy", "cppcheck", "analyzer")


def judge_seed(findings, expected):
    """Pair findings with expectations. Return: what is wrong with the rule."""
    left = list(findings)
    problems = []
    for want in expected:
        match = next((f for f in left if want in f), None)
        if match is None:
            problems.append(f"seeded violation not found: {want}")
        else:
            left.remove(match)
    problems += [f"found what was not seeded: {f}" for f in left]
    if not expected:
        problems.append("the seed expects nothing")
    return problems


def run_seeds(tally, rule, module, product, build):
    folder = os.path.join(HERE, "seeded", rule)
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    if not names:
        tally.case(f"lint {rule}: seeds", ["the rule has none"])
    for name in names:
        root = os.path.join(folder, name)
        with open(os.path.join(root, "expect"), encoding="utf-8") as lines:
            expected = [line for line in lines.read().split("\n") if line]
        tree = Tree(root, product, os.path.join(build, "seeded", rule, name))
        tally.case(f"lint {rule}: seed {name}", judge_seed(module.check(tree), expected))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tally")
    parser.add_argument("--kernel", default="",
                        help="sources of kernel/, as the Makefile lists them")
    parser.add_argument("--mm", default="")
    parser.add_argument("--boot", default="")
    parser.add_argument("rules", nargs="*", default=RULES)
    args = parser.parse_args()
    product = os.path.dirname(os.path.dirname(HERE))
    build = os.path.join(product, "build", "lint")
    shutil.rmtree(build, ignore_errors=True)
    tree = Tree(product, product, build, args.kernel.split(), args.mm.split(),
                args.boot.split())
    tally = Tally()
    for rule in args.rules:
        module = importlib.import_module(rule)
        run_seeds(tally, rule, module, product, build)
        tally.case(f"lint {rule}: {module.__doc__.splitlines()[0]}", module.check(tree))
    return tally.finish(args.tally)


if __name__ == "__main__":
    sys.exit(main())
