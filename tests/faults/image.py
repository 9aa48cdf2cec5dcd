"""A file system of our own, ext4 in a file on a loop device, whose power can be cut: what had not reached its device is
gone after it, as the kernel itself decides. Needs root and loop devices.

All mounts live in a mount namespace of this process, so that none outlives it."""

import ctypes
import fcntl
import os
import pathlib
import shutil
import struct
import subprocess

from broker import Failure, Skip

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 0x40000

# linux/ext4.h: _IOR('X', 125, __u32).
EXT4_IOC_SHUTDOWN = 0x8004587D
LOGFLUSH = 1  # names and sizes that are in the journal's memory get through, and what the pages hold does not
NOLOGFLUSH = 2  # nothing gets through any more

MEGABYTES = 2048


def private_mounts():
    """Before anything is mounted. What cannot be done here is a Skip."""
    if os.geteuid() != 0:
        raise Skip("a file system is mounted by root only")
    for program in ("mkfs.ext4", "mount", "umount"):
        if shutil.which(program) is None:
            raise Skip(f"{program} is not installed")
    if LIBC.unshare(CLONE_NEWNS) != 0:
        raise Skip(f"no mount namespace: {os.strerror(ctypes.get_errno())}")
    if LIBC.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        raise Skip(f"no private mounts: {os.strerror(ctypes.get_errno())}")


class Image:
    def __init__(self, folder):
        self.file = pathlib.Path(folder, "disk.ext4")
        self.place = pathlib.Path(os.path.realpath(folder), "disk")
        self.place.mkdir()
        self.mounted = False

    def make(self):
        """An empty one, mounted."""
        self.unmount()
        with open(self.file, "wb") as file:
            file.truncate(MEGABYTES << 20)
        # Tables that the kernel would write later keep its journal busy.
        self._run("mkfs.ext4", "-q", "-F", "-N", "32768", "-E", "lazy_itable_init=0,lazy_journal_init=0", self.file)
        try:
            self.mount()
        except Failure as failure:
            raise Skip(str(failure)) from None

    def mount(self):
        self._run("mount", "-o", "loop", self.file, self.place)
        self.mounted = True

    def unmount(self):
        if self.mounted:
            self._run("umount", self.place)
            self.mounted = False

    def cut_power(self, flag=NOLOGFLUSH):
        """From here on every call that would reach the device fails. Nobody may have a file open when it is mounted again.

        A flush that is under way meanwhile may end well all the same and have lost the file's new size: ext4 drops the error of
        what it could not note in its journal any more (seen with a program of ten lines, Linux 6.18: write, fdatasync, note the
        size). So what is said after this has begun counts for nothing."""
        folder = os.open(self.place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack("I", flag))
        finally:
            os.close(folder)

    def power_on(self):
        self.unmount()
        self.mount()

    @staticmethod
    def _run(*command):
        done = subprocess.run([os.fspath(word) for word in command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"{command[0]}: {done.stderr.strip() or done.returncode}")
