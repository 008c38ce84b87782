"""Boots at the edges of boot/: tables that fill up, devices that fall silent, faults of the CPU."""

from judge import judge_text


def ranges(spec, count):
    """Words with that many ranges; `spec` makes one of a number."""
    parts = [spec(i) for i in range(count)]
    return tuple("memmap=" + ",".join(parts[i:i + 40]) for i in range(0, count, 40))


def says(*patterns, never=()):
    """A check: lines that must be there, and some that must not."""
    return lambda log: judge_text(log, patterns, never)


def full_tables(boot):
    """More ranges than the static tables hold."""
    yield boot("boot: a large map's table avoids what memmap= takes",
               ("memmap=16M!2M", *ranges(lambda i: f"1!{40000 + 2 * i}K", 506), "poweroff"),
               check=says(r"^RAM \d+ kB, free", never=(r"only the first", r"ignored")))
    yield boot("boot: memmap=1$... more often than there are reservations",
               (*ranges(lambda i: f"1${128 * 1024 + 16 * i}K", 256), "poweroff"),
               check=says(r"^memmap=: reservation .* refused", r"refused: \d\d+$",
                          never=(r"^memmap: reservation .* refused",)))


def boots(boot, prompt):
    """`boot`: scenarios.Boot."""
    yield from full_tables(boot)
