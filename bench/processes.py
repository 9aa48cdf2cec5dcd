"""Processes that must not outlive the program that started them."""

import ctypes
import signal

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def end_with_parent():
    """In the child, before its program: it is told to end when its parent has ended, however that ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
