"""Reading KTAP version 1: every plan must be there, be complete, and agree with what nests in it.

Lines that are not KTAP are the log of the program under test and are skipped.
"""

import re

VERSION = re.compile(r"^( *)KTAP version (\d+)$")
PLAN = re.compile(r"^( *)1\.\.(\d+)(?: #.*)?$")
RESULT = re.compile(r"^( *)(ok|not ok) (\d+)(?: -)?(?: ([^#]*?))?\s*(?:# *(\w+) *(.*))?$")
SUBTEST = re.compile(r"^( *)# Subtest: (\S+)$")
BAIL = re.compile(r"^ *Bail out!")


class Level:
    """One plan and its results."""

    def __init__(self, indent):
        self.indent = indent
        self.name = ""          # of the suite
        self.plan = None
        self.results = 0
        self.failed = 0


class Report:
    """What a stream of KTAP said. `problems` is empty when it is sound; failed cases are none."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.failures = []      # names of failed cases
        self.ran = set()        # "suite.case", failed ones too
        self.skips = {}         # "suite.case": why
        self.problems = []
        self.versions = 0       # top-level streams begun
        self.levels = []
        self.closed = None      # the level that ended just before the current line

    def close_deeper(self, indent):
        """End all levels nested deeper than `indent`."""
        self.closed = None
        while self.levels and self.levels[-1].indent > indent:
            level = self.levels.pop()
            self.closed = level
            if level.plan is None:
                self.problems.append("results without a plan")
            elif level.plan != level.results:
                self.problems.append(f"a plan of {level.plan} has {level.results} results")

    def level_at(self, indent):
        self.close_deeper(indent)
        if not self.levels or self.levels[-1].indent < indent:
            self.levels.append(Level(indent))
        return self.levels[-1]

    def version(self, indent, number):
        if number != 1:
            self.problems.append(f"KTAP version {number}")
        if indent == 0:
            self.versions += 1
        level = self.level_at(indent)
        if level.plan is not None or level.results:
            if indent == 0:
                self.problems.append("a second KTAP stream")
            self.levels[-1] = Level(indent)

    def plan(self, indent, count):
        level = self.level_at(indent)
        if level.plan is not None:
            self.problems.append("two plans on one level")
        level.plan = count

    def subtest(self, indent, name):
        level = self.level_at(indent)
        if level.plan is None and not level.results:
            level.name = name + "."     # later ones are what a case says

    def result(self, indent, good, number, name, directive, why):
        level = self.level_at(indent)
        nested = self.closed
        level.results += 1
        level.failed += not good
        if number != level.results:
            self.problems.append(f"result {number} of {name!r} stands in place {level.results}")
        if nested is not None:
            if good == bool(nested.failed):
                self.problems.append(f"{name!r} contradicts what is nested in it")
        elif directive == "SKIP" and good:
            self.skipped += 1
            self.skips[level.name + name] = why
        else:
            self.ran.add(level.name + name)
            self.passed += good
            self.failed += not good
            self.failures += [] if good else [name]

    def feed(self, line):
        found = VERSION.match(line)
        if found:
            self.version(len(found.group(1)), int(found.group(2)))
        elif not self.versions:
            return
        elif BAIL.match(line):
            self.problems.append(line.strip())
        elif SUBTEST.match(line):
            found = SUBTEST.match(line)
            self.subtest(len(found.group(1)), found.group(2))
        elif PLAN.match(line):
            found = PLAN.match(line)
            self.plan(len(found.group(1)), int(found.group(2)))
        elif RESULT.match(line):
            found = RESULT.match(line)
            self.result(len(found.group(1)), found.group(2) == "ok", int(found.group(3)),
                        found.group(4) or "", (found.group(5) or "").upper(), found.group(6) or "")

    def finish(self):
        self.close_deeper(-1)
        if not self.versions:
            self.problems.append("no KTAP version line")
        elif self.closed is None:
            self.problems.append("no plan")
        elif not self.passed and not self.failed:
            self.problems.append("no case ran")


def read(text):
    """Return: the Report of a whole stream."""
    report = Report()
    for line in text.replace("\r", "").split("\n"):
        report.feed(line.rstrip(" "))
    report.finish()
    return report
