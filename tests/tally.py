"""Counting cases: what every ring of the tests shares, and the sum that `make check` ends with."""

import os
import sys


class Tally:
    """Cases that passed and failed. A failed one is said at once, with its reason."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def case(self, name, problems):
        """Count one case; `problems` is a list of lines, empty when all is well."""
        if not problems:
            self.passed += 1
            print(f"  ok      {name}", flush=True)
            return
        self.failed += 1
        print(f"  FAILED  {name}")
        for line in problems:
            print(f"          {line}")
        sys.stdout.flush()

    def add(self, passed, failed):
        """Count cases that something else has told apart and printed."""
        self.passed += passed
        self.failed += failed

    def finish(self, path):
        """Leave the counts for the sum. Return: the exit status."""
        if path:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as out:
                out.write(f"{self.passed} {self.failed}\n")
        print(f"  {self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0


def sum_up(paths):
    """Add the rings up. A ring that left no count has not run to its end: one failure."""
    passed = failed = 0
    for path in paths:
        try:
            with open(path, encoding="ascii") as count:
                ring = [int(word) for word in count.read().split()]
            if len(ring) != 2:
                raise ValueError
        except (OSError, ValueError):
            print(f"{path}: this ring did not run to its end")
            failed += 1
            continue
        passed += ring[0]
        failed += ring[1]
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] != "sum":
        sys.exit("usage: tally.py sum FILE...")
    sys.exit(sum_up(sys.argv[2:]))
