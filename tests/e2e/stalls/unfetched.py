#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Has an epoll instance with an event that it never fetches, and sleeps."""

import os
import select
import time

from say import say

epoll = select.epoll()
epoll.register(os.eventfd(1), select.EPOLLIN)
say("sleeping")
time.sleep(1000000)
