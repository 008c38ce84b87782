"""The fuzz targets: run them under libFuzzer, minimise their corpora, replay those.

    run.py fuzz --program P --corpus DIR --work DIR --seconds N TARGET ...
    run.py merge --program P --corpus DIR --work DIR TARGET ...
    run.py replay --programs P ... --corpus DIR [--tally FILE] -- TARGET ...

`fuzz` begins with the corpus that is checked in and with the seeds (seeds.py), keeps what grows in
WORK/corpus/TARGET, and what was found in WORK/found/. `merge` makes of these the corpus that is
checked in: what is there under a name that begins with "found-", each an input that failed once;
the fewest inputs that reach every edge that all of them reach; and, as far as the limits go, inputs
that differ in how often they run through edges, from all sizes.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from tally import Tally     # noqa: E402

JOBS = 2                    # targets at a time: one for each core
MAX_LEN = {"multiboot2": 4096, "acpi": 4096, "cmdline": 4096}   # bytes of an input
OTHER_LEN = 1024
UNIT_SECONDS = 20           # an input that takes longer hangs
RSS_MIB = 1500
MAX_FILES = 200             # of a corpus that is checked in
MAX_BYTES = 200 << 10
REPLAY_SECONDS = 120        # a hundred times what it takes
SAID = 40                   # lines of a failed program's output that are shown
KEPT = "found-"             # beginning of the name of an input that stays in its corpus
FOUND = ("crash-", "leak-", "timeout-", "oom-")
SANITIZERS = {"ASAN_OPTIONS": "detect_stack_use_after_return=1",
              "UBSAN_OPTIONS": "print_stacktrace=1"}


def folders(args, target):
    """Return: where the target's inputs are: grown (made if need be), checked in, seeds."""
    grown = os.path.join(args.work, "corpus", target)
    os.makedirs(grown, exist_ok=True)
    others = [os.path.join(args.corpus, target), os.path.join(args.work, "seeds", target)]
    return [grown] + [folder for folder in others if os.path.isdir(folder)]


def write_seeds(args):
    seeds = os.path.join(args.work, "seeds")
    shutil.rmtree(seeds, ignore_errors=True)
    subprocess.run([sys.executable, "-B", os.path.join(HERE, "seeds.py"), seeds], check=True)


def run(args, target, *words, log=None):
    """One run of the fuzzer. Return: (status, output)."""
    done = subprocess.run([args.program, f"-max_len={MAX_LEN.get(target, OTHER_LEN)}",
                           f"-timeout={UNIT_SECONDS}", f"-rss_limit_mb={RSS_MIB}", *words],
                          env={**os.environ, "FUZZ_TARGET": target}, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL)
    text = done.stdout.decode(errors="replace")
    if log:
        with open(log, "w", encoding="utf-8") as out:
            out.write(text)
    return done.returncode, text


# ---- fuzz ----------------------------------------------------------------------------------------

def last_number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def fuzz_one(args, target):
    """Return: (executions, findings, line for people, what is to be shown of the log)."""
    found = os.path.join(args.work, "found")
    prefix = os.path.join(found, target + "-")
    before = set(os.listdir(found))
    status, text = run(args, target, f"-max_total_time={args.seconds}", "-print_final_stats=1",
                       f"-artifact_prefix={prefix}", *folders(args, target),
                       log=os.path.join(args.work, target + ".log"))
    new = [name for name in set(os.listdir(found)) - before
           if name.startswith(tuple(target + "-" + kind for kind in FOUND))]
    executions = last_number(r"stat::number_of_executed_units:\s+(\d+)", text)
    findings = len(new) or int(status != 0 or executions == 0)
    edges, inputs = last_number(r"cov: (\d+)", text), last_number(r"corp: (\d+)/", text)
    line = (f"  {target:<12} {executions:>12} executions, {edges:>5} edges, {inputs:>5} inputs, "
            f"{findings} findings")
    return executions, findings, line, text.split("\n")[-SAID:] if findings else []


def fuzz(args):
    write_seeds(args)
    os.makedirs(os.path.join(args.work, "found"), exist_ok=True)
    executions = findings = 0
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for result in pool.map(lambda target: fuzz_one(args, target), args.targets):
            executions += result[0]
            findings += result[1]
            print(result[2], flush=True)
            print("".join(f"    {line}\n" for line in result[3]), end="")
    print(f"{len(args.targets)} targets, {executions} executions, {findings} findings")
    return 1 if findings else 0


# ---- merge ---------------------------------------------------------------------------------------

def sizes(folder):
    """Return: [(bytes, path)] of its files, smallest first."""
    paths = [os.path.join(folder, name) for name in os.listdir(folder)]
    return sorted((os.path.getsize(path), path) for path in paths)


def cover(args, target, name, *words):
    """Minimise all that there is into a folder of its own."""
    folder = os.path.join(args.work, "merged", target, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    status, text = run(args, target, "-merge=1", *words, folder, *folders(args, target))
    if status:
        sys.exit(text)
    return folder


def choose(corpus, edges, counts):
    """What @corpus keeps, all of @edges, and as many of @counts as the limits allow."""
    chosen = [item for item in sizes(corpus) if os.path.basename(item[1]).startswith(KEPT)]
    chosen += sizes(edges)
    taken = {os.path.basename(path) for _, path in chosen}
    rest = [item for item in sizes(counts) if os.path.basename(item[1]) not in taken]
    room = max(0, MAX_FILES - len(chosen))
    spread = rest if len(rest) <= room else [rest[i * len(rest) // room] for i in range(room)]
    for size, path in spread:
        if sum(item[0] for item in chosen) + size <= MAX_BYTES:
            chosen.append((size, path))
    return chosen


def merge_one(args, target):
    edges = cover(args, target, "edges", "-set_cover_merge=1", "-use_counters=0")
    counts = cover(args, target, "counts", "-set_cover_merge=1")
    corpus = os.path.join(args.corpus, target)
    os.makedirs(corpus, exist_ok=True)
    chosen = choose(corpus, edges, counts)
    new = os.path.join(args.work, "merged", target, "chosen")
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    for _, path in chosen:
        shutil.copy(path, new)
    shutil.rmtree(corpus)
    shutil.copytree(new, corpus)
    total = sum(size for size, _ in chosen)
    print(f"  {target:<12} {len(chosen):>4} inputs, {total:>7} bytes", flush=True)
    return len(chosen) <= MAX_FILES and total <= MAX_BYTES


def merge(args):
    write_seeds(args)
    return 0 if all([merge_one(args, target) for target in args.targets]) else 1


# ---- replay --------------------------------------------------------------------------------------

def last_input(paths, lines):
    """The program says each path before it reads the file: the last one is that of the fault."""
    said = [line for line in lines if line in paths]
    return f"in {said[-1]}" if said else "before the first input"


def replay_one(program, target, corpus):
    """Return: what is wrong, in lines."""
    names = sorted(os.listdir(corpus)) if os.path.isdir(corpus) else []
    if not names:
        return 0, [f"no inputs in {corpus}"]
    paths = [os.path.join(corpus, name) for name in names]
    try:
        done = subprocess.run([program, target, *paths],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              stdin=subprocess.DEVNULL, timeout=REPLAY_SECONDS,
                              env={**os.environ, **SANITIZERS})
    except subprocess.TimeoutExpired as late:
        lines = (late.stdout or b"").decode(errors="replace").split("\n")
        return 0, [f"timeout {last_input(paths, lines)}"]
    lines = done.stdout.decode(errors="replace").split("\n")
    if done.returncode == 0 and lines == paths + [""]:
        return len(names), []
    return 0, [f"status {done.returncode} {last_input(paths, lines)}"] + lines[-SAID:]


def replay(args):
    tally = Tally()
    for program in args.programs:
        for target in args.targets:
            nr, problems = replay_one(program, target, os.path.join(args.corpus, target))
            tally.case(f"{program} {target}: {nr} inputs", problems)
    return tally.finish(args.tally)


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    for command in (fuzz, merge, replay):
        sub = commands.add_parser(command.__name__)
        sub.set_defaults(command=command)
        sub.add_argument("--corpus", required=True)
        sub.add_argument("targets", nargs="+")
        if command is replay:
            sub.add_argument("--programs", nargs="+", required=True)
            sub.add_argument("--tally")
        else:
            sub.add_argument("--program", required=True)
            sub.add_argument("--work", required=True)
        if command is fuzz:
            sub.add_argument("--seconds", type=int, required=True)
    args = parser.parse_args()
    return args.command(args)


if __name__ == "__main__":
    sys.exit(main())
