#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Waits with epoll once, for its own wake-up, then does something else for good. Not an event loop."""

import os
import select
import time

from say import say

epoll = select.epoll()
ready = os.eventfd(1)
epoll.register(ready, select.EPOLLIN)
epoll.poll(1)
os.read(ready, 8)
say("sleeping")
time.sleep(600)
