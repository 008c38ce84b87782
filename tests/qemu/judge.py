"""Did this boot do what was asked? A verdict needs all of: the exit status, one boot, no sign of a
crash, and, where tests ran, complete KTAP. Anything else, silence included, is a failure."""

import re

import ktap

# What isa-debug-exit makes of port_exit(): (value << 1) | 1.
OK, FAILED, PANIC, TRAP, UNFIT = 33, 35, 37, 39, 41

CRASH = re.compile(r"panic on CPU|panic inside a panic|Bail out!|assertion failed|[Ee]xception \d+"
                   r"|\btrap(?:ped)?:|triple fault")
BANNER = re.compile(r"^Quire \d", re.M)


class Outcome:
    """What was seen of one run of the machine. A status of None means that the clock ran out."""

    def __init__(self, status, log):
        self.status = status
        self.log = log.replace("\r", "")


def crash_lines(log):
    """Lines that tell of a crash; a case's own name or diagnostic may speak of one."""
    for line in log.split("\n"):
        if CRASH.search(line) and not re.match(r" *((not )?ok \d|#)", line):
            yield line.strip()


def ktap_problems(report):
    """What keeps a stream of KTAP from being whole and good."""
    return report.problems + [f"not ok: {name}" for name in report.failures]


def judge_answer(answer):
    """Problems of what a command that runs tests has printed at the prompt."""
    return ktap_problems(ktap.read(answer))


def judge(outcome, want=OK, tests=False):
    """Return: (problems, the ktap.Report); without `tests` nothing is in that."""
    problems, report = [], ktap.Report()
    if outcome.status is None:
        problems.append("timeout")
    elif outcome.status != want:
        problems.append(f"exit status {outcome.status}, expected {want}")
    if want not in (PANIC, TRAP):
        problems += [f"crash: {line}" for line in crash_lines(outcome.log)]
    boots = len(BANNER.findall(outcome.log))
    if want != UNFIT and boots != 1:
        problems.append("the machine rebooted" if boots > 1
                        else "no banner: the kernel did not start")
    if tests:
        report = ktap.read(outcome.log)
        problems += ktap_problems(report)
    return problems, report


class Skips:
    """What cases of all boots were skipped, and which never ran."""

    def __init__(self):
        self.ran, self.skips = set(), {}

    def add(self, report):
        self.ran |= report.ran
        self.skips.update(report.skips)

    def never_run(self):
        """Return: problems."""
        return [f"{name} is skipped in each boot, last because: {why}"
                for name, why in sorted(self.skips.items()) if name not in self.ran]


def judge_text(log, wanted=(), unwanted=()):
    """Regular expressions that some line must match, and that none may."""
    problems = [f"no line matches: {want}" for want in wanted if not re.search(want, log, re.M)]
    problems += [f"a line matches: {bad}" for bad in unwanted if re.search(bad, log, re.M)]
    return problems
