# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What differs between the architectures that the tests run on. No number of a system call stands anywhere else."""

import os
import struct

NUMBERS = {
    "x86_64": {
        "read": 0,
        "write": 1,
        "select": 23,
        "pause": 34,
        "recvfrom": 45,
        "exit": 60,
        "pselect6": 270,
        "perf_event_open": 298,
    },
    # Newer, and without what later calls can do as well.
    "aarch64": {
        "read": 63,
        "write": 64,
        "pselect6": 72,
        "ppoll": 73,
        "exit": 93,
        "recvfrom": 207,
        "perf_event_open": 241,
    },
}
NUMBER = NUMBERS[os.uname().machine]

# How a program sleeps for good where there is no pause().
PAUSE = "pause" if "pause" in NUMBER else "ppoll"

# struct epoll_event, events and data.fd: packed on x86-64 only.
EPOLL_EVENT = struct.Struct("=Iixxxx" if os.uname().machine == "x86_64" else "=Ixxxxixxxx")
