"""Starting QEMU: one machine, one ISO with a command line of its own, one log."""

import os
import re
import select
import struct
import subprocess
import time

from judge import Outcome

GIB = 1 << 30
SPARSE = 16 * GIB       # from here on RAM is address space only: memory-backend-ram,reserve=off
FIRMWARE = ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_CODE.fd",
            "/usr/share/ovmf/OVMF.fd")
SECTOR = 2048           # bytes, of ISO 9660
PADDING = 100           # sectors before the end that are empty: xorriso leaves 150
MAX_CONFIG = 16384      # bytes of grub.cfg: CMDLINE_BYTES of boot/boot_info.c
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def size_of(text):
    """512M, 1T: bytes."""
    return int(text[:-1]) * UNITS[text[-1]]


def both_ends(number):
    """A number as ISO 9660 stores it: little-endian, then big-endian."""
    return struct.pack("<I", number) + struct.pack(">I", number)


def with_cmdline(iso, words, target):
    """A copy of `iso` whose grub.cfg starts the kernel with `words`.

    The file's sector is exchanged in place, and its size in the directory; boot sectors and all
    else stay as the build made them. So no boot needs an image of its own from grub-mkrescue. What
    is longer than a sector goes into the padding behind all files, and the directory points there.
    """
    with open(iso, "rb") as source:
        image = bytearray(source.read())
    line = re.search(rb"^\s*multiboot2 /\S+", image, re.M)
    start = line.start() // SECTOR * SECTOR if line else 0
    size = place = 0
    for record in re.finditer(re.escape(both_ends(start // SECTOR)), image):
        found = bytes(image[record.end():record.end() + 8])
        if found == both_ends(struct.unpack("<I", found[:4])[0]):
            size, place = struct.unpack("<I", found[:4])[0], record.end()
            break
    if not 0 < size <= SECTOR:
        raise RuntimeError(f"{iso}: no grub.cfg of one sector that starts a multiboot2 kernel")
    text = image[start:start + size].decode()
    quoted = " ".join(f"'{word}'" for word in words)
    text = re.sub(r"^(\s*multiboot2\s+\S+).*$", lambda m: f"{m.group(1)} {quoted}", text,
                  flags=re.M)
    data = text.encode()
    if len(data) > MAX_CONFIG:
        raise RuntimeError(f"a command line of {len(quoted)} characters "
                           "is longer than the kernel keeps")
    room = SECTOR
    if len(data) > SECTOR:
        start, room = len(image) - PADDING * SECTOR, MAX_CONFIG
        if any(image[start:start + room]):
            raise RuntimeError(f"{iso}: no padding behind its files")
        image[place - 8:place] = both_ends(start // SECTOR)
    image[start:start + room] = data.ljust(room, b"\0")
    image[place:place + 8] = both_ends(len(data))
    with open(target, "wb") as out:
        out.write(image)


def command(iso, machine="pc", memory="512M", firmware="bios", cpu="max", extra=()):
    """The command line of QEMU for a machine whose console is standard input and output."""
    kind = machine
    words = []
    if size_of(memory) >= SPARSE:
        words = ["-object", f"memory-backend-ram,id=m,size={memory},reserve=off"]
        kind += ",memory-backend=m"
        cpu += ",phys-bits=46"
    words = ["qemu-system-x86_64", *words, "-machine", kind, "-cpu", cpu, "-m", memory,
             "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot",
             "-nic", "none", "-boot", "d",
             "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-cdrom", iso]
    if firmware == "uefi":
        code = next((path for path in FIRMWARE if os.path.exists(path)), None)
        if code is None:
            raise RuntimeError("OVMF is missing: make deps")
        words += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={code}"]
    return words + list(extra)


class Console:
    """A running machine that is read and typed to, never longer than `timeout` seconds in all."""

    def __init__(self, words, timeout):
        self.end = time.monotonic() + timeout
        self.log = ""
        self.seen = 0           # how much of the log expect() has used up
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)

    def read_some(self):
        """Return: False when nothing more will come in time."""
        left = self.end - time.monotonic()
        if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
            return False
        data = os.read(self.process.stdout.fileno(), 65536)
        self.log += data.decode("utf-8", "replace")
        return bool(data)

    def expect(self, pattern):
        """Wait for a match behind the last one. Return: the text up to its end; None: none came."""
        while True:
            found = re.compile(pattern, re.M).search(self.log, self.seen)
            if found:
                text = self.log[self.seen:found.end()]
                self.seen = found.end()
                return text.replace("\r", "")
            if not self.read_some():
                return None

    def type(self, text):
        """Keys at a person's speed: a UART holds 16 characters."""
        for char in text:
            try:
                self.process.stdin.write(char.encode())
                self.process.stdin.flush()
            except BrokenPipeError:
                return
            time.sleep(0.002)

    def finish(self):
        """Read to the end. Return: the Outcome; the machine is gone afterwards."""
        while self.read_some():
            pass
        try:
            status = self.process.wait(max(0.1, self.end - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = None
        self.process.stdin.close()
        self.process.stdout.close()
        return Outcome(status, self.log)
