"""A session at the prompt of a machine whose requests for memory fail on purpose."""

import re

from judge import judge_answer, judge_text

WORDS = ("failslab=3,100,0,-1,ignore-gfp-wait=N,"
         "verbose_ratelimit_interval_ms=1000000,verbose_ratelimit_burst=3",
         "fail_page_alloc=5,100,0,-1,ignore-gfp-wait=N,min-order=0,verbose=1")
BURST = 3           # of WORDS
FORCED = r"FAULT_INJECTION: forcing a failure: name "
REFUSALS = (("kmalloc 100", "kfree", "no 100 bytes"),
            ("kmalloc 64K __GFP_ZERO", "kfree", "no 65536 bytes"),
            ("cache alloc dentry", "cache free dentry", "no object of dentry"))
LOOKS = ("help", "dump", "caches", "slabinfo", "zones", "memmap", "cache shrink dentry",
         "bench kmalloc_pair_64")


class Person:
    """Types lines and holds the answers against what is wanted."""

    def __init__(self, console, prompt):
        self.console = console
        self.prompt = prompt
        self.problems = []

    def ask(self, line, *wanted):
        """Return: the answer."""
        self.console.type(line + "\r")
        answer = self.console.expect(self.prompt)
        if answer is None:
            self.problems.append(f"no prompt after {line!r}")
            return ""
        self.problems += [f"{line!r}: {why}" for why in judge_text(answer, wanted)]
        return answer

    def run_tests(self, line):
        """A command that prints KTAP: all of it must be there and good."""
        self.problems += [f"{line!r}: {why}" for why in judge_answer(self.ask(line))]

    def take_and_give(self, take, give, refusal, times):
        """Return: how many of the takes were refused; what the others got is given back."""
        answers = [self.ask(take, rf"^0x[0-9a-f]+ |^{refusal}") for _ in range(times)]
        for answer in answers:
            address = re.search(r"^0x[0-9a-f]+", answer, re.M)
            if address:
                self.ask(f"{give} {address.group(0)}", r"^freed 0x")
        return sum(bool(re.search(f"^{refusal}", answer, re.M)) for answer in answers)

    def level(self):
        """Return: free memory when the soak has emptied all that keeps some."""
        self.run_tests("soak 1")
        return re.findall(r"^(?:MemFree|Slab):.*", self.ask("meminfo"), re.M)


def all_commands(person):
    """Each takes what it gets, says what it does not get, and the log tells why."""
    refused = person.take_and_give("alloc 0", "free", "no block of order 0 for these flags", 10)
    if refused != 10 // 5:
        person.problems.append(f"{refused} of 10 pages were refused, expected every fifth")
    for take, give, refusal in REFUSALS:
        if not 0 < person.take_and_give(take, give, refusal, 8) < 8:
            person.problems.append(f"{take}: all or none of 8 were refused")
    for line in LOOKS:
        person.ask(line)
    person.run_tests("test string")
    person.ask("verify", r"holds")
    entries = re.findall(FORCED + r"(\w+), interval (\d+)", person.console.log)
    if entries.count(("failslab", "3")) != BURST:
        person.problems.append(f"failslab's log entries are not limited to {BURST}")
    if entries.count(("fail_page_alloc", "5")) < refused:
        person.problems.append("a refused page without a log entry")


def begin_of_soak(person):
    """It asks for the CPUs' slots, then for a cache. Either fails, and it can be called again."""
    person.ask("fault failslab off")
    person.ask("fault fail_page_alloc 1,100,0,1 min-order=2")
    person.ask("soak 1", FORCED + "fail_page_alloc", r"^not ok 1 - memory to begin with")
    person.ask("fault fail_page_alloc off")
    person.ask("fault failslab 1,100,0,1 cache=kmem_cache verbose_ratelimit_interval_ms=0")
    person.ask("soak 1", FORCED + "failslab", r"^not ok 1 - memory to begin with")
    person.ask("fault failslab off")


def session(console, prompt):
    """Return: problems."""
    person = Person(console, prompt)
    boot = console.expect(prompt)
    if boot is None:
        return ["no prompt"]
    person.problems += judge_text(boot, [r"^failslab: on, interval=3 probability=100 .* cache=\*;",
                                         r"^fail_page_alloc: on, interval=5 .* min-order=0;"])
    person.ask("fault failslab off", r"^failslab: off")
    person.ask("fault fail_page_alloc off", r"^fail_page_alloc: off")
    before = person.level()
    person.ask("fault failslab probability=100", r"^failslab: on, interval=3 probability=100 ")
    person.ask("fault fail_page_alloc 5,100,0,-1", r"^fail_page_alloc: on, interval=5 ")
    all_commands(person)
    begin_of_soak(person)
    after = person.level()
    if after != before:
        person.problems.append(f"memory is missing: {after}, before {before}")
    person.ask("verify", r"holds")
    console.type("poweroff\r")
    return person.problems
