# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""An io_uring, by the bare system calls: a timer and the wait for it, or what keeps its workers."""

import ctypes
import mmap
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)

SETUP, ENTER = 425, 426  # the same on all architectures
GETEVENTS, EXT_ARG = 1, 8
OP_TIMEOUT, OP_OPENAT = 11, 18
ASYNC = 1 << 4  # IOSQE_ASYNC: for a worker
SQES = 0x10000000


class Ring:
    def __init__(self):
        parameters = ctypes.create_string_buffer(120)
        self.fd = libc.syscall(SETUP, 8, parameters)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        # struct io_sqring_offsets and io_cqring_offsets: head, tail, mask, entries, flags, dropped, array
        _, self.tail, self.mask, _, _, _, self.array = struct.unpack_from("7I", parameters, 40)
        self.taken, self.came = struct.unpack_from("2I", parameters, 80)
        self.queue = mmap.mmap(self.fd, 65536)
        self.requests = mmap.mmap(self.fd, 8 * 64, offset=SQES)

    def number(self, at):
        return struct.unpack_from("I", self.queue, at)[0]

    def _add(self, operation, flags, fd, address, length):
        tail = self.number(self.tail)
        place = tail & self.number(self.mask)
        struct.pack_into("BBHiQQII", self.requests, place * 64, operation, flags, 0, fd, 0, address, length, 0)
        struct.pack_into("I", self.queue, self.array + 4 * place, place)
        struct.pack_into("I", self.queue, self.tail, tail + 1)

    def open(self, path, count):
        """Have so many workers (at most eight) open this file for reading; path: a ctypes buffer."""
        for _ in range(count):
            self._add(OP_OPENAT, ASYNC, -1, ctypes.addressof(path), 0)
        libc.syscall(ENTER, self.fd, count, 0, 0, None, 0)

    def wait(self, seconds):
        """Ask for a timer and wait until it is up; how many completions there were."""
        limit = ctypes.create_string_buffer(struct.pack("qq", 0, int(seconds * 1e9)))
        self._add(OP_TIMEOUT, 0, -1, ctypes.addressof(limit), 1)
        libc.syscall(ENTER, self.fd, 1, 1, GETEVENTS, None, 0)
        came = self.number(self.came) - self.number(self.taken)
        struct.pack_into("I", self.queue, self.taken, self.number(self.came))
        return came
