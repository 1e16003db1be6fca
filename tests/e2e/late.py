# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
How late this machine is, all the time. Between what a program says of a moment and what it then does it may have to wait for a
CPU: what a test asserts of times allows for that, and for no more where the machine has nothing else to do.
"""

import collections
import threading
import time

_STEP_S = 0.01
_KEPT = 60000  # ten minutes
# One that has just computed is taken off its CPU for longer than this one, which does nothing but sleep.
_OTHERS = 4


class _Meter(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.measured = collections.deque(maxlen=_KEPT)

    def run(self):
        while True:
            began = time.monotonic()
            time.sleep(_STEP_S)
            self.measured.append((time.time(), time.monotonic() - began - _STEP_S))


_meter = _Meter()
_meter.start()


def late(moment, around=1.0):
    """How late a program may have been about that moment, in seconds: well below 10 ms on a machine at rest."""
    return _OTHERS * max(
        (
            lateness
            for when, lateness in list(_meter.measured)
            if moment - around <= when - lateness and when <= moment + around + lateness
        ),
        default=0,
    )
