"""Reports lost, and the share of a core, where the kernel reports forty devices.

A second process writes management frames, as the kernel would, into a socket pair in
real time; the scanner reads them. Run as `python benchmarks/management_socket.py
[seconds]`, 20 unless told otherwise. Every frame is checked to arrive once, in order.
"""

import asyncio
import multiprocessing
import platform
import socket
import struct
import sys
import time

from proximity.protocol import gaen
from proximity.radio.linux_mgmt import LinuxScanner
from proximity.radio.mgmt_frames import Command
from proximity.radio.scanner import ScanReport, sighting_of
from proximity.units import Clock

DEVICES = 40
PER_SECOND = 4
POWERED_LOW_ENERGY = 0x201
REPLIES = {
    Command.READ_INDEX_LIST: struct.pack("<HH", 1, 0),
    Command.READ_INFORMATION: bytes(9)
    + struct.pack("<II", POWERED_LOW_ENERGY, POWERED_LOW_ENERGY)
    + bytes(263),
    Command.ADD_PATTERNS_MONITOR: struct.pack("<H", 1),
}


def answer(kernel):
    """Answer the commands by which a scan starts."""
    opcode = 0
    while opcode != Command.ADD_PATTERNS_MONITOR:
        opcode, index, _ = struct.unpack_from("<HHH", kernel.recv(2_048))
        body = struct.pack("<HB", opcode, 0) + REPLIES[opcode]
        kernel.send(struct.pack("<HHH", 1, index, len(body)) + body)


def report(kernel, seconds, sent):
    """Report every device four times a second, each time with the next number."""
    answer(kernel)
    gap_s = 1 / (DEVICES * PER_SECOND)
    start = time.monotonic()
    # Nothing in the last second: what is written at the very end is not delivered.
    for number in range(round((seconds - 1) / gap_s)):
        time.sleep(max(0.0, start + number * gap_s - time.monotonic()))
        device = number % DEVICES
        data = gaen.encode_advertisement(
            number.to_bytes(16, "big"), bytes(4), flags=True
        )
        address = bytes(5) + bytes([device])
        found = struct.pack("<H6sBbIH", 0, address, 1, -60, 0, len(data))
        frame = struct.pack("<HHH", 0x2F, 0, len(found) + len(data)) + found + data
        kernel.send(frame)
        sent.value = number + 1
    # The command that ends the scan.
    kernel.recv(2_048)


async def listen(client, seconds):
    """Return the numbers heard, and the scanner's share of a core."""
    clock = Clock(time.time, time.monotonic)
    numbers = []
    before = time.process_time()
    start = time.monotonic()
    async for each in LinuxScanner(clock, lambda: client).listen(seconds):
        if isinstance(each, ScanReport):
            continue
        numbers.append(int.from_bytes(sighting_of(each).ephemeral_id, "big"))
    return numbers, (time.process_time() - before) / (time.monotonic() - start)


def main():
    """Check that nothing is lost, then print the share of a core."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    client, kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.setblocking(False)
    sent = multiprocessing.Value("i", 0)
    writer = multiprocessing.Process(target=report, args=(kernel, seconds, sent))
    writer.start()
    kernel.close()
    numbers, share = asyncio.run(listen(client, seconds))
    writer.join()
    assert numbers == list(range(sent.value))
    print(f"{platform.machine()}, Python {platform.python_version()}, one core")
    print(f"frames delivered and read {sent.value:6,d}, lost 0")
    print(f"share of a core           {share:6.1%}  (target 5 %)")


if __name__ == "__main__":
    main()
