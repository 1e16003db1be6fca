# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What another process's socket is set to, seen through a copy of its descriptor."""

import contextlib
import ctypes
import os
import socket

PIDFD_GETFD = 438

libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def copy(pid, fd):
    pidfd = os.pidfd_open(pid)
    number = libc.syscall(PIDFD_GETFD, pidfd, fd, 0)
    os.close(pidfd)
    assert number >= 0, os.strerror(ctypes.get_errno())
    sock = socket.socket(fileno=number)
    try:
        yield sock
    finally:
        sock.close()


def tcp_options(pid, fd):
    """What a probe touches."""
    with copy(pid, fd) as sock:
        return {
            "keepalive": sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
            "idle": sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
            "interval": sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
            "count": sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
            "user_timeout": sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
        }
