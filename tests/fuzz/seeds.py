"""Seeds for the fuzz targets, from the formats' specifications and from tests/maps.

    seeds.py FOLDER     write them below FOLDER, a folder a target

They are where a fuzzer begins that has no corpus; what it grew from them is in tests/fuzz/corpus.
"""

import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
MAPS = os.path.join(os.path.dirname(HERE), "maps")
FEW_ENTRIES = 24        # that the memmap target reads


def put(folder, target, name, data):
    path = os.path.join(folder, target)
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, name), "wb") as out:
        out.write(data)


def map_entries(name):
    entries = []
    with open(os.path.join(MAPS, name), encoding="ascii") as lines:
        for line in lines:
            if line.startswith("0x"):
                base, length, kind = line.split()
                entries.append((int(base, 16), int(length, 16), int(kind)))
    return entries


def small_maps():
    for name in sorted(os.listdir(MAPS)):
        if name.endswith(".map"):
            entries = map_entries(name)
            if len(entries) <= FEW_ENTRIES:
                yield name[:-len(".map")], entries


# ---- Multiboot2 2.0, section 3.6 ---------------------------------------------

def tag(kind, payload):
    data = struct.pack("<II", kind, 8 + len(payload)) + payload
    return data + bytes(-len(data) % 8)


def block(*tags):
    body = b"".join(tags) + tag(0, b"")
    return struct.pack("<II", 8 + len(body), 0) + body


def memory_tag(entries, stride=24):
    rows = b"".join(struct.pack("<QQII", base, length, kind, 0) + bytes(stride - 24)
                    for base, length, kind in entries)
    return tag(6, struct.pack("<II", stride, 0) + rows)


def multiboot2(folder):
    root = b"RSD PTR " + bytes(28)
    put(folder, "multiboot2", "all", block(
        tag(1, b"test=* mem=64M\0"), tag(2, b"GRUB 2.06\0"),
        tag(3, struct.pack("<II", 0x200000, 0x280000) + b"module one\0"),
        tag(3, struct.pack("<II", 0x300000, 0x300000) + b"\0"),
        tag(4, struct.pack("<II", 639, 31744)), tag(14, root[:20]), tag(15, root)))
    put(folder, "multiboot2", "wide-entries", block(memory_tag([(0, 1 << 20, 1)] * 3, 32)))
    put(folder, "multiboot2", "empty", block())
    for name, entries in small_maps():
        put(folder, "multiboot2", name, block(memory_tag(entries)))


# ---- The other targets: their own formats, which stand in their sources ------

def memmap(folder):
    for name, entries in small_maps():
        calls = b"".join(b"\4" + b"\x80" + struct.pack("<Q", base) + b"\x80" +
                         struct.pack("<Q", length) + bytes([kind & 0xff])
                         for base, length, kind in entries)
        reserve = b"\1\2\0\0\x10\5" + b"\1\3\3\0\4\7"
        early = b"\x82" + b"\3\0\4\0" + b"\x83\0\x40\3\4\0"
        put(folder, "memmap", name, b"\x18\x10\x1a" + calls + reserve + early + b"\1\2\6\0\1\1")


def acpi_table(signature, body, length=None):
    size = 36 + len(body) if length is None else length
    table = bytearray(signature + struct.pack("<I", size) + bytes(28) + body)
    table[9] = -sum(table) & 0xff
    return bytes(table)


def madt(cpus):
    body = struct.pack("<II", 0xfee00000, 1)
    for cpu in range(cpus):
        body += struct.pack("<BBBBI", 0, 8, cpu, cpu, 1)
    body += struct.pack("<BBHII", 9, 16, 0, 0x100, 1) + struct.pack("<I", 0)
    body += struct.pack("<BBHQ", 5, 12, 0, 0xfee00000)
    body += struct.pack("<BBBBIHH", 1, 12, 0, 0, 0, 0, 0)
    return acpi_table(b"APIC", body)


def machine(wide, mode):
    """RSDP, list, MADT, FADT and DSDT, one after the other from 4 KiB on."""
    dsdt = acpi_table(b"DSDT", b"\x08_S5_\x12\x06\x04\x0a\x05\x0a\x05\x00\x00")
    at = {"list": 0x1000}
    at["madt"] = 0x1000 + 36 + 2 * (8 if wide else 4)
    at["fadt"] = at["madt"] + len(madt(3))
    at["dsdt"] = at["fadt"] + 36 + 208
    fields = bytearray(208)
    struct.pack_into("<II", fields, 0, at["dsdt"] + 0x100, at["dsdt"])
    struct.pack_into("<I", fields, 28, 0x604)
    struct.pack_into("<I", fields, 76, 1 << 10)
    fields[80:84] = b"\x01\x08\x00\x01"
    if wide:
        struct.pack_into("<QQ", fields, 96, 0, at["dsdt"])
    entries = struct.pack("<QQ" if wide else "<II", at["madt"], at["fadt"])
    root = bytearray(b"RSD PTR " + bytes(7) + bytes([2 if wide else 0]) +
                     struct.pack("<IIQI", at["list"], 36, at["list"] if wide else 0, 0))
    root[8] = -sum(root[:20]) & 0xff
    root[32] = -sum(root) & 0xff
    return (bytes([mode]) + bytes(root) + acpi_table(b"XSDT" if wide else b"RSDT", entries) +
            madt(3) + acpi_table(b"FACP", bytes(fields)) + dsdt)


def acpi(folder):
    for wide in (False, True):
        for mode in (0, 2, 4, 6):
            put(folder, "acpi", f"{'xsdt' if wide else 'rsdt'}-{mode}", machine(wide, mode))
    for cpus in (0, 1, 4, 255):
        put(folder, "acpi", f"madt-{cpus}", b"\1" + madt(cpus))
    put(folder, "acpi", "madt-any-sum", b"\3" + madt(2))


def cmdline(folder):
    lines = ["test", "test=buddy.* poweroff", 'test="a b" dump', "soak=5 loglevel=8",
             "bench=kmalloc", "mem=512M mem=0x10000000", "memmap=exactmap memmap=640K@0,63M@1M",
             "memmap=exactmap,1M@0,1G@4G,64K#0x7fff0000,4K$0x9f000,16M!0xff000000,8T",
             "memmap=64M$1G memmap=1,2@3 memmap=,", "mem=0 mem=1E mem=17E loglevel=9 soak=0",
             "memmap=" + "1@2," * 120, "x" * 600, '"quoted word" "open',
             "mem=99999999999999999999"]
    for number, line in enumerate(lines):
        put(folder, "cmdline", f"line-{number}", line.encode())
    for name, entries in small_maps():
        kinds = {1: "@", 3: "#"}
        words = " ".join(f"memmap={length:#x}{kinds.get(kind, '!')}{base:#x}"
                         for base, length, kind in entries)
        put(folder, "cmdline", name, ("memmap=exactmap " + words).encode())


def edit(folder):
    up, down, right, left = b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D"
    keys = [b"help\r", b"bud\t\r", b"\t", b"k\t\t", b"a b c\x17\x17\x17", b"abc\x01\x0b",
            b"one\rtwo\rthree\r" + up * 2 + down * 3,
            b"abc" + left * 2 + b"x" + right + b"y\x1b[H\x1b[F",
            b"abc" + left + b"\x1b[3~\x7f\x08", b"\x1bOA\x1bOH\x1b[1;5C\x1b[99999999999~",
            b"x" * 300 + b"\x15", b"y" * 100 + left * 60 + b"z" * 20 + b"\x0c", b"\r\n\n\r\r\n",
            b"".join(b"line %d\r" % i for i in range(20)) + up * 20]
    for number, key in enumerate(keys):
        put(folder, "edit", f"keys-{number}", key)


def commands(folder):
    reports = ["buddyinfo", "slabinfo", "slabinfo task_struct", "zoneinfo", "zones", "meminfo",
               "vmstat", "memmap", "dump", "verify", "caches", "help", "help alloc", "test"]
    put(folder, "commands", "reports", "\n".join(reports).encode())
    put(folder, "commands", "pages", b"alloc 0\nalloc 3 GFP_DMA\nfree $0\nfree $0 3\nalloc 10 "
        b"GFP_DMA32|__GFP_ZERO __GFP_NOWARN\nfree $1+8\nfree $1+4096\nfree $1\nfree @0\n"
        b"free @4000 2")
    put(folder, "commands", "objects", b"kmalloc 100\nkmalloc 8K GFP_ATOMIC\nkmalloc 64K\n"
        b"kmalloc 0\nkfree $0\nkfree $0+8\nkfree $1\nfree $2\nkfree 0x10\nkfree $3+16384\n"
        b"kmalloc 5M")
    put(folder, "commands", "caches", b"cache alloc task_struct\ncache free task_struct $0\n"
        b"cache alloc pid GFP_NOWAIT\ncache free dentry $0\ncache shrink pid\ncache shrink no\n"
        b"cache alloc x")
    put(folder, "commands", "wrong", b"alloc\nalloc 11\nalloc 0 GFP_FOO\nfree x\nfree 0x1000\n"
        b"kmalloc K\n1 2 3 4 5 6 7 8 9\nnothing\nkfree 0xffffffffffffffff\nfree 1 2 3\n\n  \n")


def pages(folder):
    for first in range(2):
        for area in range(3):
            head = bytes([first, area, 2]) + b"\x10\0\0\4" * 3
            fill = b"".join(b"\0" + bytes([order]) for order in range(11)) * 4
            free = b"\7\0\0" * 11 + b"\x0b\1\3" + b"\x0c\3\2" + b"\x0b\x02\x04\1\0"
            more = b"\x0d\x1f" + b"\x0e\x34\x12" + b"\x0f" + b"\0\x72\0\xc1" + b"\0\x13\7\1\0"
            put(folder, "pages", f"{first}-{area}", head + fill + free + more + free)


def objects(folder):
    for shape in (0x00, 0x10, 0x26, 0x48, 0x4c, 0x90, 0x9b):
        make = bytes([0, 1, shape, 0x40, 1])
        take = b"\2\1\0" * 12 + b"\5\7\x50\0\0" * 6 + b"\5\x10\0\xf0\3" + b"\x08\1\x20\1"
        spoil = b"\x0c\0\1" + b"\x0d\1\1\4\0" + b"\x0d\2\1\x05\0" + b"\7\x0e\x0b\0\x10\0"
        short = b"\x0e\1\xf8" + b"\x08\1\x27\1" * 9 + b"\2\1\0" * 9 + b"\x0e\1\xf0"
        rest = b"\x0f\1\2" + b"\x0f\1\4" + b"\x09\0\1" * 8 + b"\x0f\1\x21" + b"\x0e\1\x08"
        put(folder, "objects", f"shape-{shape:02x}", make + take + spoil + short + rest)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: seeds.py FOLDER")
    for target in (multiboot2, memmap, acpi, cmdline, edit, commands, pages, objects):
        target(sys.argv[1])


if __name__ == "__main__":
    main()
