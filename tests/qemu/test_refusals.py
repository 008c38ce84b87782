"""Which boots with a refused request pass."""

import concurrent.futures
import unittest

from judge import OK, PANIC, TRAP, UNFIT, Outcome
from refusals import LIMIT, MAX_SILENT, each_request, judge_refusal

BANNER = """Quire 0.1.0, a physical memory manager
memmap-v1
0x0000000000000000 0x000000000009fc00 1
0x000000000009fc00 0x0000000000000400 2
0x0000000000100000 0x0000000000010000 1
end
"""
LEDGER = """row                                               bytes    of all    of RAM
firmware: reserved                                 1024    0.14 %
taken: kernel                                     65536    9.09 %    9.10 %
free: DMA, order 0                               654336   90.77 %   90.89 %
sum of the rows                                  720896
the firmware's total                             720896  equal: every byte is in one row
"""
PROOF = "fail-nth: every invariant holds\n" + LEDGER
SILENT = BANNER + "fail-nth: the request was refused\n" + PROOF
REFUSED = SILENT + "smp: no memory for a CPU\n"
UNTOUCHED = BANNER + "fail-nth: the boot makes fewer requests\n" + PROOF
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


    def test_a_boot_that_works_proves_it(self):
        live = "slabs: live objects                                 512    0.07 %    0.07 %\n"
        for why, log in (
                ("every invariant holds", REFUSED.replace("fail-nth: every invariant holds", "")),
                ("no closed ledger", REFUSED.replace(LEDGER, "")),
                ("no closed ledger", REFUSED.replace("equal: every byte is in one row",
                                                     "UNEQUAL: 4096 bytes are in no row")),
                ("the ledger's rows", REFUSED.replace(" 65536 ", " 61440 ")),
                ("the ledger's sum", REFUSED.replace("  720896\nthe", "  716800\nthe")),
                ("the map names 720384", REFUSED.replace("0000400 2", "0000200 2")),
                ("held after the boot: slabs: live objects: 512",
                 REFUSED.replace(" 654336 ", " 653824 ").replace("sum of", live + "sum of"))):
            found = judge_refusal(Outcome(OK, log))
            self.assertTrue(any(why in problem for problem in found), (why, found))


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
