"""strace on a running broker: from now on system calls on some of its files fail, or take long, until it is detached."""

import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from broker import Failure, Skip
from node import skip_under_sanitizers

ATTACH_SECONDS_MAX = 10
# A name with a question mark need not exist on this processor.
RENAMES = "?rename,?renameat,?renameat2"
THREADS = "?clone,?clone3"

BEGUN = re.compile(r"\d+ +(?P<time>\d+\.\d+) (?P<name>\w+)\((?P<arguments>.*)")
RESUMED = re.compile(r"\d+ +(?P<time>\d+\.\d+) <\.\.\. (?P<name>\w+) resumed>(?P<arguments>.*)")
# What stands behind a descriptor, or a name in quotes; the working directory is neither.
PATH = re.compile(r"\b\d+<(/[^>]*)>|\"(/[^\"]*)\"")


@dataclasses.dataclass
class Call:
    """One that has begun. What was resumed has no path: its beginning had."""

    at: float
    name: str
    path: str
    injected: bool


def needed(program):
    if shutil.which("strace") is None:
        raise Skip("strace is not installed")
    skip_under_sanitizers(program, "which is no place for strace")


class Strace:
    """`fault` as strace has it ("error=EIO", "delay_enter=300000"), for the calls `of` and for these paths alone. `also`: calls
    that are noted and not touched."""

    def __init__(self, process, of, fault, paths, also=""):
        self.folder = tempfile.TemporaryDirectory(prefix="cauce-strace-")
        self.log = pathlib.Path(self.folder.name, "calls")
        traced = f"{of},{also}" if also else of
        words = ["strace", "-f", "-qq", "-y", "-ttt", "-o", self.log, "-e", f"trace={traced}", "-e", f"inject={of}:{fault}"]
        for path in paths:
            words += ["-P", os.fspath(path)]
        self.process = subprocess.Popen([*words, "-p", str(process.pid)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        text=True, start_new_session=True)
        deadline = time.monotonic() + ATTACH_SECONDS_MAX
        while not self._holds(process.pid):
            if self.process.poll() is not None:
                # It has attached, a call has failed, and that was the end of the program.
                if process.poll() is not None and self.calls():
                    break
                raise Skip(f"strace cannot attach: {self.process.stderr.read().strip()}")
            if time.monotonic() > deadline:
                self.detach()
                raise Skip(f"strace has not attached within {ATTACH_SECONDS_MAX} s")
            time.sleep(0.01)

    def _holds(self, pid):
        """All threads are traced."""
        try:
            texts = [(task / "status").read_text() for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
        except OSError:
            return False
        return all(f"TracerPid:\t{self.process.pid}\n" in text for text in texts)

    def detach(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(ATTACH_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise Failure("strace did not detach") from None

    def calls(self):
        """Those so far, in the order in which they began."""
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            begun = BEGUN.match(line) or RESUMED.match(line)
            if begun is None:
                continue
            path = PATH.search(begun["arguments"])
            found.append(Call(float(begun["time"]), begun["name"], (path[1] or path[2]) if path else "",
                              "(INJECTED)" in begun["arguments"]))
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.detach()
        self.process.stderr.close()
        self.folder.cleanup()
