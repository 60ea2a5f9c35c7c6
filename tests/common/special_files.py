"""Tries every call with which a file gets set-user-id or set-group-id, or becomes a device. Prints those that were let through,
and those that ordinary programs need and that were not."""

import ctypes
import errno
import os
import platform
import shutil
import socket
import struct

libc = ctypes.CDLL(None, use_errno=True)
OLD = {"open": 2, "rename": 82, "mkdir": 83, "creat": 85, "chmod": 90, "mknod": 133}
X86 = {"fchmod": 91, "openat": 257, "mkdirat": 258, "mknodat": 259, "linkat": 265, "fchmodat": 268, "renameat2": 316, **OLD}
ARM = {"mknodat": 33, "mkdirat": 34, "linkat": 37, "fchmod": 52, "fchmodat": 53, "openat": 56, "renameat2": 276}
BOTH = {"io_uring_setup": 425, "openat2": 437, "fchmodat2": 452}
NUMBERS = {**(X86 if platform.machine() == "x86_64" else ARM), **BOTH}
HERE = -100
CREATE, TEMPORARY = os.O_CREAT | os.O_WRONLY, os.O_TMPFILE | os.O_WRONLY
PROGRAM = b"#!/bin/sh\nid -u\n"


def call(name, *arguments):
    """The number that the system answers, below zero for an error; `None` where the machine has no such call."""
    if name not in NUMBERS:
        return None
    arguments = [argument.encode() if isinstance(argument, str) else argument for argument in arguments]
    arguments = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    answer = libc.syscall(ctypes.c_long(NUMBERS[name]), *arguments)
    return -ctypes.get_errno() if answer < 0 else answer


def plain(name):
    with open(name, "wb") as file:
        file.write(PROGRAM)
    os.chmod(name, 0o755)
    return name


def attempts(mode):
    """What is tried for a mode, by name."""
    end = "-%o" % mode
    file = plain("f" + end)
    there = os.open(file, os.O_RDONLY)
    yield "chmod", call("chmod", plain("chmod" + end), mode)
    yield "fchmod", call("fchmod", there, mode)
    yield "fchmodat", call("fchmodat", HERE, plain("fchmodat" + end), mode)
    yield "fchmodat2", call("fchmodat2", HERE, plain("fchmodat2" + end), mode, 0)
    yield "fchmodat2 of a descriptor", call("fchmodat2", there, "", mode, 0x1000)
    yield "open", call("open", "open" + end, CREATE, mode)
    yield "openat", call("openat", HERE, "openat" + end, CREATE, mode)
    yield "creat", call("creat", "creat" + end, mode)
    yield "openat2", call("openat2", HERE, "openat2" + end, struct.pack("QQQ", CREATE, mode, 0), 24)
    unnamed = call("openat", HERE, ".", TEMPORARY, mode)
    yield "openat without a name", unnamed
    if unnamed >= 0:
        call("linkat", HERE, "/proc/self/fd/%d" % unnamed, HERE, "linked" + end, 0x400)
    yield "mknod", call("mknod", "mknod" + end, 0o100000 | mode, 0)
    yield "mknodat", call("mknodat", HERE, "mknodat" + end, mode, 0)
    yield "mknodat of a FIFO", call("mknodat", HERE, "fifo" + end, 0o010000 | mode, 0)
    # Those that Linux lets through without the bit; whoever calls this looks at what came of them.
    call("mkdir", "mkdir" + end, mode)
    call("mkdirat", HERE, "mkdirat" + end, mode)


def devices():
    for name, kind in [("character", 0o020000), ("block", 0o060000)]:
        for number in (0, 0x103):
            yield "mknod of a %s device" % name, call("mknod", "%s-%d" % (name, number), kind | 0o666, number)
            yield "mknodat of a %s device" % name, call("mknodat", HERE, "%s-at-%d" % (name, number), kind | 0o666, number)
    yield "renameat2 with a whiteout", call("renameat2", HERE, plain("moved"), HERE, "moved-to", 4)
    yield "io_uring_setup", call("io_uring_setup", 1, ctypes.create_string_buffer(120))


def ordinary():
    """What programs do all day."""
    file = plain("ordinary")
    os.chmod(file, 0o1755)
    os.mkfifo("a-fifo")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("a-socket")
    os.makedirs("a/b/c", 0o777)
    shutil.copytree("a", "copied")
    shutil.copy2(file, "copied/ordinary")
    os.rename(file, "renamed")
    os.symlink("renamed", "a-link")
    os.link("renamed", "hard")
    with open("renamed", "r+b") as opened:
        os.fchmod(opened.fileno(), 0o640)
    descriptor = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600)
    os.close(descriptor)
    if os.system("cp -a copied copied-too && install -m 755 hard installed && tar c copied-too | tar x --transform s/too/three/") != 0:
        print("cp, install or tar: failed")


def main():
    os.umask(0)
    os.mkdir("attempts")
    os.chdir("attempts")
    tried = [attempt for mode in (0o4755, 0o2755, 0o6777) for attempt in attempts(mode)] + list(devices())
    for name, answer in tried:
        if answer is not None and answer >= 0:
            print(name)
        elif answer is not None and answer not in (-errno.EPERM, -errno.ENOSYS):
            print("%s: %s" % (name, errno.errorcode.get(-answer)))
    ordinary()
    print("tried", len(tried))


main()
