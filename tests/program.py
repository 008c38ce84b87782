"""Running a program of a hosted ring, and what its end and its KTAP are worth."""

import dataclasses
import os
import subprocess
import time

import ktap

SANITIZERS = {"ASAN_OPTIONS": "detect_stack_use_after_return=1",
              "UBSAN_OPTIONS": "print_stacktrace=1"}
SAID = 60           # lines of a failed program's output that are shown
TOLD = 20           # diagnostics of KTAP that are shown of what stands before these lines


@dataclasses.dataclass
class Done:
    """How a program ended. A status of None is a timeout, after `seconds`."""
    status: int | None
    out: str
    err: str
    seconds: float

    def said(self, lines=SAID):
        """The ends of both outputs, in lines; that of standard output last.

        Before the latter stand the last diagnostics that are not part of it: a reason comes before
        what is long.
        """
        err, out = ([line for line in text.split("\n") if line.strip()]
                    for text in (self.err, self.out))
        told = [line for line in out[:-lines] if line.lstrip().startswith("# ")]
        return err[-lines:] + told[-TOLD:] + out[-lines:]

    def how(self):
        if self.status is None:
            return f"timeout after {self.seconds:.0f} s"
        return f"status {self.status}"

    def problems(self):
        """Of a program whose status is its verdict: nothing when that is 0."""
        return [] if self.status == 0 else [self.how()] + self.said()


def text_of(output):
    return (output or b"").decode(errors="replace")


def execute(*command, timeout, env=None, cwd=None):
    """Return: what became of `command`, as Done. `env` stands beside what there is."""
    begin = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False,
                              timeout=timeout, cwd=cwd, env={**os.environ, **(env or {})})
        status, out, err = done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired as late:
        status, out, err = None, late.stdout, late.stderr
    return Done(status, text_of(out), text_of(err), time.monotonic() - begin)


def judge(tally, name, done, what="cases", said=SAID):
    """Count the cases of a program that prints KTAP. Return: the ktap.Report.

    The program is a case, too: it must come to its end, its stream must be sound, and its status
    must agree with its cases. When only those have failed, they count and the program does not.
    """
    report = ktap.read(done.out)
    tally.add(report.passed, report.failed)
    problems = list(report.problems)
    if done.status is None:
        problems.append(done.how())
    elif bool(done.status) != bool(report.failed):
        problems.append(f"{done.how()} with {report.failed} failed {what}")
    skipped = f", {report.skipped} skipped" if report.skipped else ""
    failures = [f"not ok: {case}" for case in report.failures]
    if failures and not problems:
        print(f"  FAILED  {name}")
        print("\n".join("          " + line for line in failures + done.said(said)), flush=True)
    else:
        tally.case(f"{name}: {report.passed} {what}{skipped}, {done.seconds:.0f} s",
                   problems and problems + failures + done.said(said))
    return report
