"""Which boots with a refused request pass."""

import concurrent.futures
import unittest

from judge import OK, PANIC, TRAP, UNFIT, Outcome
from refusals import LIMIT, MAX_SILENT, each_request, judge_refusal

BANNER = "Quire 0.1.0, a physical memory manager\n"
SILENT = BANNER + "fail-nth: the request was refused\n"
REFUSED = SILENT + "smp: no memory for a CPU\n"
UNTOUCHED = BANNER + "fail-nth: the boot makes fewer requests\n"
SLAB_PANIC = "panic on CPU 0: mm: cache pid with SLAB_PANIC cannot be created: error 12\n"


class Judgement(unittest.TestCase):
    def test_good(self):
        for status, log in ((OK, REFUSED), (OK, UNTOUCHED), (PANIC, BANNER + SLAB_PANIC),
                            (UNFIT, BANNER + "boot: too little memory for page tables\n")):
            self.assertEqual(judge_refusal(Outcome(status, log)), [])

    def test_bad(self):
        for status, log in ((None, REFUSED), (TRAP, REFUSED), (OK, BANNER), (UNFIT, BANNER),
                            (PANIC, BANNER), (PANIC, BANNER + "panic on CPU 0: mm: no page\n"),
                            (PANIC, BANNER + SLAB_PANIC + "panic inside a panic: again\n"),
                            (OK, REFUSED + SLAB_PANIC), (OK, REFUSED + BANNER), (33 + 128, "")):
            self.assertNotEqual(judge_refusal(Outcome(status, log)), [], (status, log))


class Series(unittest.TestCase):
    def run_all(self, boot):
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            return each_request(boot, pool)

    def test_ends_when_untouched(self):
        def boot(n):
            return Outcome(OK, REFUSED if n <= 20 else UNTOUCHED)
        self.assertEqual(self.run_all(boot), ([], 20))

    def test_names_the_bad_one(self):
        def boot(n):
            return Outcome(None if n == 3 else OK, REFUSED if n <= 9 else UNTOUCHED)
        problems, done = self.run_all(boot)
        self.assertEqual(done, 9)
        self.assertTrue(all(why.startswith("fail-nth=3: ") for why in problems) and problems)

    def test_says_nothing(self):
        def boot(n):
            return Outcome(OK, SILENT if n <= few else UNTOUCHED)
        few = MAX_SILENT
        self.assertEqual(self.run_all(boot), ([], few))
        few = MAX_SILENT + 1
        self.assertEqual(len(self.run_all(boot)[0]), 1)

    def test_never_ending(self):
        problems, done = self.run_all(lambda n: Outcome(OK, REFUSED))
        self.assertEqual((len(problems), done), (1, LIMIT))

    def test_none_at_all(self):
        self.assertEqual(len(self.run_all(lambda n: Outcome(OK, UNTOUCHED))[0]), 1)


if __name__ == "__main__":
    unittest.main()
