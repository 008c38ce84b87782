"""The benchmarks' figures: reading the kernel's lines and the checked-in tables, the table for
people, and the judge."""

import re

COLUMNS = ("nr", "mean", "p50", "p99", "max", "steps", "locked", "irq")
WHOLE = {"nr", "mean"}  # all that is known of what was timed as a whole
GROWTH = 1.05           # of a mean over the recorded one: above it a change is a regression
SPREAD = 0.10           # of a mean with several CPUs around the one with one CPU
PATTERNS = ("kmalloc_64_pair", "kmalloc_64_random", "pages_order0_pair", "pages_order0_random")
PEERS = ("linux_6.1", "linux_6.12", "linux_7.3")
MEMORY_STEPS = ("memory map: collect", "memory map: seal", "page tables", "mm_init",
                "release boot memory")

FIGURE = re.compile(r"^bench: (\w+)((?: \w+=\d+(?:\.\d+)?)+)$", re.M)
NOTHING = re.compile(r"^bench: (\w+) (none|failed) (.+)$", re.M)
END = re.compile(r"^bench: end (\d+) (\d+)$", re.M)
COMPILER = re.compile(r"^Quire \S+, .*built with (.+)$", re.M)
STEP = re.compile(r"^  (\w[\w :]*?) +\d+\.\d+ us +(\d+) ticks$", re.M)


class Row:
    """One operation's figures, by the names in COLUMNS; those that do not apply are missing."""

    def __init__(self, **figures):
        self.figures = figures

    def __getitem__(self, name):
        return self.figures.get(name)

    @classmethod
    def single(cls, value):
        return cls(nr=1, mean=value)


def is_whole_memory(name):
    """Rows that take all memory of the machine: too long for `make check`."""
    return name.startswith("all_memory") or name.endswith("_worst")


def in_check(name):
    """Does the boot of `make check`, of one machine of 4 GiB, give this row?"""
    if name.startswith("boot_"):
        return name.endswith("_4G")
    return not is_whole_memory(name)


def parse_bench(log):
    """The kernel's lines.

    Return: (rows, rows without a figure with their reasons, what is wrong with the log)."""
    rows, reasons, problems = {}, {}, []
    for found in FIGURE.finditer(log):
        words = (word.split("=") for word in found.group(2).split())
        row = Row(**{key: float(value) for key, value in words})
        missing = [column for column in COLUMNS
                   if row[column] is None and set(row.figures) != WHOLE]
        if missing:
            problems.append(f"{found.group(1)}: no {', '.join(missing)}")
        elif found.group(1) in rows:
            problems.append(f"{found.group(1)}: twice")
        elif row["nr"] == 0:
            problems.append(f"{found.group(1)}: nothing was timed")
        else:
            rows[found.group(1)] = row
    for name, kind, why in NOTHING.findall(log):
        reasons[name] = why
        if kind == "failed":
            problems.append(f"{name}: {why}")
    end = END.findall(log)
    if len(end) != 1:
        problems.append("the benchmarks did not run to their end")
    elif int(end[0][0]) != len(rows) + len(reasons):
        problems.append(f"{end[0][0]} figures announced, {len(rows) + len(reasons)} read")
    derive(rows, log)
    return rows, reasons, problems


def derive(rows, log):
    """Rows that are a part of others, or a property of the build."""
    for worst, source in (("page_free_worst", "all_memory_pages_give"),
                          ("object_free_worst", "all_memory_objects_give")):
        if source in rows:
            rows[worst] = Row.single(rows[source]["max"])
    found = re.search(r"^bench: descriptor (\d+)$", log, re.M)
    if found:
        rows["descriptor_bytes"] = Row.single(float(found.group(1)))


def parse_boot(log, memory):
    """The boot's own steps. Return: (rows, problems)."""
    steps = {name: int(ticks) for name, ticks in STEP.findall(log)}
    missing = [step for step in MEMORY_STEPS if step not in steps]
    if missing:
        return {}, [f"boot with {memory}: no ticks of {', '.join(missing)}"]
    total = sum(steps[step] for step in MEMORY_STEPS)
    return {f"boot_memory_{memory}": Row.single(float(total)),
            f"boot_mm_init_{memory}": Row.single(float(steps["mm_init"]))}, []


def parse_compiler(log):
    """As the banner names it; None when there is no banner."""
    found = COMPILER.search(log)
    return found.group(1).strip() if found else None


def number(text):
    """A field of a table: None for "-"."""
    return None if text == "-" else float(text)


def read_table(path):
    """A tab-separated file: `#` lines, a line of names. Return: (comments, [{name: text}])."""
    with open(path, encoding="utf-8") as lines:
        text = lines.read().splitlines()
    comments = [line for line in text if line.startswith("#")]
    table = [line.split("\t") for line in text if line and not line.startswith("#")]
    if not table:
        raise ValueError(f"{path}: empty")
    for line in table:
        if len(line) != len(table[0]):
            raise ValueError(f"{path}: {len(line)} fields instead of {len(table[0])}: "
                             + line[0])
    return comments, [dict(zip(table[0], line)) for line in table[1:]]


def read_recorded(path):
    """Return: (compiler, {row: mean}); (None, {}) when nothing has been recorded."""
    try:
        comments, table = read_table(path)
    except FileNotFoundError:
        return None, {}
    named = [line for line in comments if line.startswith("# compiler:")]
    compiler = named[0].split(":", 1)[1].strip() if named else None
    return compiler, {line["row"]: float(line["mean"]) for line in table}


def field(value):
    return "-" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def write_recorded(path, compiler, rows):
    with open(path, "w", encoding="utf-8") as out:
        out.write("# Instructions per operation at the last `make bench-record`; `make check`"
                  " compares with them.\n"
                  f"# compiler: {compiler}\nrow\tmean\tlocked\tirq\n")
        for name in sorted(rows):
            values = [field(rows[name][key]) for key in ("mean", "locked", "irq")]
            out.write("\t".join([name] + values) + "\n")


def write_rows(path, compiler, rows, reasons, recorded):
    with open(path, "w", encoding="utf-8") as out:
        names = ("row",) + COLUMNS + ("recorded", "none")
        out.write(f"# compiler: {compiler}\n" + "\t".join(names) + "\n")
        for name in list(rows) + list(reasons):
            row = rows.get(name, Row())
            out.write("\t".join([name] + [field(row[key]) for key in COLUMNS]
                                + [field(recorded.get(name)), reasons.get(name, "-")]) + "\n")


def judge(rows, recorded, expected):
    """Compare means with the recorded ones. `expected`: the rows that this run had to bring.

    Return: [(row, problems)], a verdict for each recorded row that was expected."""
    verdicts = []
    for name in sorted(recorded):
        if name not in expected:
            continue
        old, row = recorded[name], rows.get(name)
        problems = []
        if row is None:
            problems.append(f"{name}: recorded with {field(old)}, and this run has no figure")
        elif row["mean"] > old * GROWTH:
            grown = f", {(row['mean'] / old - 1) * 100:+.1f} %" if old else ""
            problems.append(f"{name}: {field(row['mean'])} instructions, recorded {field(old)}"
                            + grown)
        verdicts.append((name, problems))
    return verdicts


def judge_cpus(rows):
    """What each CPU does for itself must cost the same however many do it.

    Return: [(pattern, problems)]."""
    verdicts = []
    for pattern in PATTERNS:
        alone, problems = rows.get(f"cpus1_{pattern}"), []
        for cpus in (2, 4):
            row = rows.get(f"cpus{cpus}_{pattern}")
            if alone is None or row is None:
                problems.append(f"{pattern}: no figure for 1 or for {cpus} CPUs")
            elif abs(row["mean"] - alone["mean"]) > SPREAD * alone["mean"]:
                problems.append(f"{pattern}: {field(row['mean'])} instructions on {cpus} CPUs, "
                                f"{field(alone['mean'])} on one")
        verdicts.append((pattern, problems))
    return verdicts


def short(value):
    """A figure in few characters."""
    if value is None:
        return "-"
    if value >= 1e6:
        return f"{value / 1e6:.2f}M"
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"


def table_lines(peers, rows, reasons, recorded):
    """The table for people, in the order of `peers`; operations that have no peer follow."""
    head = ["operation", "6.1", "6.12", "7.3", "goal", "Quire", "/rec.", "locked", "irq",
            "p50", "p99", "max"]
    lines = [head]
    known = {line["row"] for line in peers}
    extra = [{"row": name, "operation": name} for name in [*rows, *reasons] if name not in known]
    for line in peers + extra:
        name = line["row"]
        if name not in rows and name not in reasons:
            continue
        row, old = rows.get(name, Row()), recorded.get(name)
        ratio = f"{row['mean'] / old:.2f}" if old and row["mean"] is not None else "-"
        lines.append([line["operation"]]
                     + [short(number(line.get(key, "-"))) for key in PEERS + ("goal",)]
                     + [short(row["mean"]), ratio]
                     + [short(row[key]) for key in ("locked", "irq", "p50", "p99", "max")])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return ["  ".join([line[0].ljust(widths[0])]
                      + [text.rjust(width) for text, width in zip(line[1:], widths[1:])])
            for line in lines]
