"""What the lint rules look at: a tree of sources, as text and as objects of three compilers."""

import concurrent.futures
import os
import re
import subprocess

WARNINGS = ("-Wall -Wextra -Werror -Wshadow -Wundef -Wvla -Wconversion -Wno-sign-conversion "
            "-Wmissing-prototypes -Wstrict-prototypes").split()
FREESTANDING = ("-std=gnu11 -ffreestanding -O2 -nostdinc -mgeneral-regs-only -fno-pic -fno-pie "
                "-fno-stack-protector -fno-strict-aliasing -fno-asynchronous-unwind-tables").split()
X86 = "-m64 -mcmodel=kernel -mno-red-zone".split()

# name: compiler, flags of its own, folder with port/layout.h
COMPILERS = {
    "gcc": ("gcc", X86, "boot/include"),
    "clang": ("clang", X86, "boot/include"),
    "aarch64": ("aarch64-linux-gnu-gcc", ["-mno-outline-atomics"], "tests/lint/cross"),
}

SOURCE_DIRS = ("boot", "kernel", "mm", "include", "tests", "tools")
SKIPPED = ("tests/lint/seeded",)


def run(*command):
    """Run a tool. Return: (status, output of both kinds)."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace",
                              check=False)
    except FileNotFoundError:
        return 127, f"{command[0]} is missing: make deps"
    return done.returncode, done.stdout + done.stderr


def strip(text):
    """Blank out comments, strings and character constants; lines and columns stay."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        found = match.group(0)
        if found[0] in "\"'":
            return found[0] + " " * (len(found) - 2) + found[0]
        return re.sub(r"[^\n]", " ", found)

    return pattern.sub(blank, text)


def strip_directives(text):
    """Blank out preprocessor lines with their continuations; expects strip()ped text."""
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)),
                  text, flags=re.M)


class Tree:
    """`root` holds mm/, kernel/, include/; `product` is the root with the real headers."""

    def __init__(self, root, product, build, kernel=None, mm=None, boot=None):
        self.root = root
        self.product = product
        self.build = build
        self.boot = self.listed("boot") if boot is None else boot
        self.kernel = self.listed("kernel") if kernel is None else kernel
        self.mm = self.listed("mm") if mm is None else mm
        self.compiled = {}

    def listed(self, folder):
        path = os.path.join(self.root, folder)
        names = sorted(os.listdir(path)) if os.path.isdir(path) else []
        return [f"{folder}/{name}" for name in names if name.endswith(".c")]

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as source:
            return source.read()

    def files(self, suffixes, folders=SOURCE_DIRS):
        """All files below `folders` that end in one of `suffixes`, seeds left out."""
        found = []
        for folder in folders:
            for where, dirs, names in os.walk(os.path.join(self.root, folder)):
                dirs[:] = sorted(d for d in dirs if d != "__pycache__")
                for name in sorted(names):
                    path = os.path.relpath(os.path.join(where, name), self.root)
                    if name.endswith(suffixes) and not path.startswith(SKIPPED):
                        found.append(path)
        return found

    def compile_one(self, compiler, source):
        command, own, layout = COMPILERS[compiler]
        status, builtin = run(command, "-print-file-name=include")
        if status != 0:
            return None, builtin.strip()
        target = os.path.join(self.build, compiler, source[:-2] + ".o")
        os.makedirs(os.path.dirname(target), exist_ok=True)
        includes = [f"-I{self.root}", f"-I{self.root}/include", f"-I{self.product}",
                    f"-I{self.product}/include", f"-I{self.product}/{layout}"]
        status, said = run(command, *FREESTANDING, *own, *WARNINGS, *includes, "-isystem",
                           builtin.strip(), "-c", os.path.join(self.root, source), "-o", target)
        return (target, "") if status == 0 else (None, said.strip())

    def objects(self, compiler):
        """Compile mm/ and kernel/. Return: ({source: object}, [problem])."""
        if compiler not in self.compiled:
            sources = self.kernel + self.mm
            with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
                done = list(pool.map(lambda s: self.compile_one(compiler, s), sources))
            good = {s: obj for s, (obj, _) in zip(sources, done) if obj}
            bad = [f"{s}: {compiler}: {said}" for s, (obj, said) in zip(sources, done) if not obj]
            self.compiled[compiler] = good, bad
        return self.compiled[compiler]


def symbols(path):
    """Return: (defined global names, undefined names) of an object."""
    status, text = run("nm", path)
    if status != 0:
        raise RuntimeError(f"nm {path}: {text}")
    defined, undefined = set(), set()
    for line in text.splitlines():
        kind, name = line.split()[-2:]
        if kind in "Uvw":
            undefined.add(name)
        elif kind.isupper():
            defined.add(name)
    return defined, undefined
