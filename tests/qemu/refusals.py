"""A boot for each request for memory that a boot makes, which is then refused: fail-nth=N.

What may come of it: a machine that works without what it did not get, a machine that is too small
and says so, or, for a cache that was made with SLAB_PANIC, the panic that the flag stands for. One
that works has walked every invariant, and shows where each byte of the firmware's map is: the sum
is worked out here again, and nothing may be held by anybody when the boot is over.
"""

import re

import maps
from judge import OK, PANIC, UNFIT, crash_lines, judge, judge_text

MACHINE = {"machine": "q35", "memory": "512M", "extra": ("-smp", "2")}
TIMEOUT = 60        # seconds, of one boot
LIMIT = 200         # boots: more is a boot without an end
AT_ONCE = 8         # boots between two looks at whether that was all

# Refusals that nobody need be told of: a large piece of the page array, which is then put together
# from smaller ones, and the memory of two sheaves, without which objects come from their slabs.
MAX_SILENT = 3

REFUSED = r"^fail-nth: the request was refused$"
UNTOUCHED = r"^fail-nth: the boot makes fewer requests$"
SOUND = r"^fail-nth: every invariant holds$"
LEDGER = r"^row +bytes .*\n((?:.*\n)+?)sum of the rows +(\d+)\n.*?(\d+)  equal: every byte "
ROW = r"^(\S.*?) +(\d+)(?: +\d+\.\d\d %)+$"
HELD = r"pages: |slabs: (live objects|objects written off)"
SAID = r"^(APIC|smp): no memory "
TOO_SMALL = r"^boot: too little memory for (page tables|the allocator)$"
SLAB_PANIC = r"^panic on CPU 0: mm: cache \S+ with SLAB_PANIC cannot be created: error 12$"


def is_untouched(outcome):
    return re.search(UNTOUCHED, outcome.log, re.M) is not None


def judge_ledger(log):
    """Return: problems. Each byte is in one row, and nobody holds one when the boot is over."""
    found, entries = re.search(LEDGER, log, re.M), maps.raw_map(log)
    if not found or not entries:
        return ["no closed ledger, or no map"]
    rows = [(name, int(size)) for name, size in re.findall(ROW, found.group(1), re.M)]
    total, problems = maps.named(entries), []
    for what, size in (("rows", sum(size for _, size in rows)), ("sum", int(found.group(2))),
                       ("total", int(found.group(3)))):
        if size != total:
            problems.append(f"the ledger's {what}: {size} bytes, the map names {total}")
    return problems + [f"held after the boot: {name}: {size} bytes" for name, size in rows
                       if re.match(HELD, name)]


def judge_refusal(outcome):
    """Return: problems."""
    wanted = {OK: f"{REFUSED}|{UNTOUCHED}", UNFIT: TOO_SMALL, PANIC: SLAB_PANIC}
    if outcome.status not in wanted:
        return judge(outcome)[0]
    problems = judge(outcome, outcome.status)[0] + judge_text(outcome.log,
                                                              [wanted[outcome.status]])
    if outcome.status == OK:
        problems += judge_text(outcome.log, [SOUND]) + judge_ledger(outcome.log)
    if outcome.status == PANIC and len(list(crash_lines(outcome.log))) != 1:
        problems.append("more than one panic")
    return problems


def is_silent(outcome):
    return outcome.status == OK and not re.search(SAID, outcome.log, re.M)


def each_request(boot, pool):
    """Call `boot(n)`, which gives an outcome, in `pool`, for 1, 2, 3 ... until one is untouched.

    Return: (problems, how many were refused).
    """
    problems, done, silent = [], 0, 0
    while done < LIMIT:
        outcomes = list(pool.map(boot, range(done + 1, done + 1 + AT_ONCE)))
        for outcome in outcomes:
            if is_untouched(outcome):
                if done == 0:
                    problems.append("no request was refused")
                if silent > MAX_SILENT:
                    problems.append(f"{silent} refusals of which nothing was said")
                return problems + judge_refusal(outcome), done
            done += 1
            silent += is_silent(outcome)
            problems += [f"fail-nth={done}: {why}" for why in judge_refusal(outcome)]
    return problems + [f"{LIMIT} boots and no end"], done
