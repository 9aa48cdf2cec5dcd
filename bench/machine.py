"""The machine that bench/compare runs on: what it is, what it costs to do the least, and who else was busy meanwhile."""

import contextlib
import os
import pathlib
import platform
import struct
import subprocess
import time

import ratios


def version_of(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return (done.stdout.splitlines() or ["unknown"])[0]


def describe(folder):
    memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) / 2**20
    kind = version_of("stat", "-f", "-c", "%T", str(folder))
    return f"{os.cpu_count()} processors, {memory:.0f} GiB, Linux {platform.release()}, data on {kind}"


def times(work, count):
    """The median of the seconds that `count` calls take, each by itself."""
    taken = []
    for _ in range(count):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return ratios.median(taken)


def calibrate(folder):
    """The floors below every figure. They are taken before and after: when they moved, so did the figures."""
    path = pathlib.Path(folder, "calibration")
    block = bytes(16 * 1024)
    with open(path, "wb", buffering=0) as file:
        file.write(block)
        write = times(lambda: os.pwrite(file.fileno(), block, 0), 2000)

        def append():
            file.write(block[:4096])
            os.fdatasync(file.fileno())

        flush = times(append, 50)
    path.unlink()
    call = times(os.getppid, 20_000)
    return (f"system call {call * 1e9:.0f} ns, 16 KiB write {write * 1e6:.1f} us, "
            f"4 KiB append and fdatasync {flush * 1e3:.2f} ms")


@contextlib.contextmanager
def awake():
    """Processors that have nothing to do wait without being halted, as `tuned` has it in its profiles for low latency. Waking
    a halted processor of a virtual machine takes a call of its hypervisor, 25 to 50 us of processor and waiting time that
    have nothing to do with the program that is woken. Yields whether it is so: it takes root, and a kernel that can."""
    try:
        file = open("/dev/cpu_dma_latency", "wb", buffering=0)
    except OSError:
        yield False
        return
    with file:
        # As long as it is open: no state of idleness that takes longer to leave than so many microseconds.
        file.write(struct.pack("=i", 0))
        yield True


class Neighbours:
    """Time that others took from us between its making and report()."""

    def __init__(self):
        self.steal, self.all = self._ticks()
        self.stalled = self._stalled()
        self.began = time.monotonic()

    @staticmethod
    def _ticks():
        fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        return fields[7], sum(fields)

    @staticmethod
    def _stalled():
        """Microseconds in which somebody waited for a processor; None where the kernel does not count them."""
        path = pathlib.Path("/proc/pressure/cpu")
        return int(path.read_text().split("total=")[1].split()[0]) if path.exists() else None

    def report(self):
        steal, total = self._ticks()
        share = (steal - self.steal) / max(1, total - self.all)
        load = " ".join(f"{value:.1f}" for value in os.getloadavg())
        said = f"stolen by the host {share:.1%}, load average {load}"
        if self.stalled is not None:
            waited = (self._stalled() - self.stalled) / 1e6 / max(1e-9, time.monotonic() - self.began)
            said += f", somebody waited for a processor {waited:.0%} of the time"
        return said
