#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""leader_exits.py: the first thread ends, another goes on."""

import ctypes
import threading
import time

from machine import NUMBER
from say import say


def stay():
    say("thread", tid=threading.get_native_id())
    time.sleep(600)


threading.Thread(target=stay).start()
time.sleep(0.1)
ctypes.CDLL(None).syscall(NUMBER["exit"], 0)  # exit, of this thread only
