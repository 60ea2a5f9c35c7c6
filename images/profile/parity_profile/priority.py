"""Has the kernel wake this process when its time has come, not when it suits others.

On a busy machine one that sleeps is woken when another one gives its CPU up, as a request does that ends: then samples would be of what
comes next. One that asks for short slices of time (Linux 6.12) gets them at once; that is no privilege, and all in all it gets no more.
"""

from __future__ import annotations

import os
from struct import pack

# The number of the system call `sched_setattr`.
CALL = {"x86_64": 314, "aarch64": 274}.get(os.uname().machine)
# Nanoseconds, the shortest that there is.
SLICE = 100_000


def ask_for_short_slices() -> bool:
    """Returns whether the kernel took that; an older one knows nothing of it, and says nothing."""
    if CALL is None:
        return False
    try:
        import ctypes

        nice = os.getpriority(os.PRIO_PROCESS, 0)
        # Size, policy (the usual one), flags, nice, priority, and the slice.
        asked = pack("<IIQiIQQQ", 48, 0, 0, nice, 0, SLICE, 0, 0)
        return int(ctypes.CDLL(None).syscall(CALL, 0, asked, 0)) == 0
    except (ImportError, OSError, AttributeError):
        return False
