#!/usr/bin/env python3
"""Measures the console on a pseudo-terminal of 120x40: processor time when idle, memory, and `j` to the last byte.

usage: REVIEWTUI_DB=queue.sqlite tools/measure_console.py PROGRAM [KEYS]
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

program, keys = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
    os.environ.pop("TMUX", None)
    os.execv(program, [program, "review", "--reviewer", "measure"])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))


def drain(quiet):
    """Reads until nothing came for `quiet` seconds; the time of the last byte, and how many there were."""
    last, count = time.perf_counter(), 0
    while select.select([terminal], [], [], quiet)[0]:
        count += len(os.read(terminal, 65536))
        last = time.perf_counter()
    return last, count


def processor_seconds():
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


drain(1.5)
before = processor_seconds()
time.sleep(5)
memory = next(line for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS")).split()[1]
print(f"idle: {processor_seconds() - before:.2f} s of processor time in 5 s; resident {int(memory) // 1024} MB")
times, count = [], 0
for _ in range(keys):
    drain(0.03)
    pressed = time.perf_counter()
    os.write(terminal, b"j")
    select.select([terminal], [], [], 1)
    last, painted = drain(0.03)
    times.append((last - pressed) * 1000)
    count += painted
times.sort()
print(
    f"j: median {times[len(times) // 2]:.1f} ms, p99 {times[int(len(times) * 0.99) - 1]:.1f} ms, "
    f"{count // keys} bytes a key")
os.write(terminal, b"q")
os.waitpid(pid, 0)
