"""The interleave ring on programs that are made up."""

import contextlib
import io
import os
import stat
import sys
import tempfile
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import run      # noqa: E402
from tally import Tally     # noqa: E402

# "--fault NAME SCENARIO" finds, "--fault NAME --replay SCHEDULE" sees it again, "--replay SCHEDULE"
# is the sound machine, and without a word all scenarios pass.
EXPLORER = """#!/bin/sh
found() {{ echo "# FAILED: object at 0x$$ is held"; echo "# replay: keep/portable:7i"; }}
case $1,$3 in
--fault,--replay) {again} ;;
--fault,*) found; exit 1 ;;
--replay,*) {sound} ;;
*) printf 'KTAP version 1\\n1..1\\nok 1 - keep/portable\\n'; {end} ;;
esac
"""


class Program(unittest.TestCase):
    def ask(self, function, *args, again="found; exit 1", sound="exit 0", end="exit 0"):
        """Return: (passed, failed)."""
        tally = Tally()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "interleave")
            with open(path, "w", encoding="ascii") as out:
                out.write(EXPLORER.format(again=again, sound=sound, end=end))
            os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
            with contextlib.redirect_stdout(io.StringIO()):
                function(tally, path, *args)
        return tally.passed, tally.failed


class Scenarios(Program):
    def test_all_pass(self):
        self.assertEqual(self.ask(run.run_scenarios, False), (2, 0))

    def test_a_status_that_contradicts(self):
        self.assertEqual(self.ask(run.run_scenarios, False, end="exit 1"), (1, 1))


class Faults(Program):
    def fault(self, **words):
        return self.ask(run.run_fault, "no-mask", "keep", **words)

    def test_one_that_is_seen_and_replays(self):
        self.assertEqual(self.fault(), (1, 0))

    def test_one_that_does_not_replay(self):
        self.assertEqual(self.fault(again="exit 0"), (0, 1))
        self.assertEqual(self.fault(again="echo '# FAILED: another'; exit 1"), (0, 1))

    def test_the_sound_machine_fails_likewise(self):
        self.assertEqual(self.fault(sound="found; exit 1"), (0, 1))

    def test_the_sound_machine_fails_in_another_way(self):
        self.assertEqual(self.fault(sound="echo '# FAILED: another'; exit 1"), (0, 1))

    def test_the_sound_machine_masks_the_interrupt(self):
        for event, fault, expected in ((7, "no-mask", (1, 0)), (8, "no-mask", (0, 1)),
                                       (7, "skip-cpu", (0, 1))):
            masked = f"echo '# FAILED: event {event}: no interrupt can come here'; exit 1"
            self.assertEqual(self.ask(run.run_fault, fault, "keep", sound=masked), expected)

    def test_the_sound_machine_crashes(self):
        self.assertEqual(self.fault(sound="kill -11 $$"), (0, 1))

    def test_the_sound_machine_hangs(self):
        with mock.patch.object(run, "TIMEOUT", 3):
            self.assertEqual(self.fault(sound="exec sleep 60"), (0, 1))


if __name__ == "__main__":
    unittest.main()
