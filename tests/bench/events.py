# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What sockstall adds to syscalls that it does not look at: nothing that can be measured."""
import subprocess

from beside import SERVER_CPU, Sockstall, nothing, pinned

SECTION = "events"
COUNT = 3000000


def bench(figures, program, load):
    def beside(start):
        def measure():
            with start():
                done = subprocess.run(pinned(SERVER_CPU, [load, "getppid", COUNT]), check=True, stdout=subprocess.PIPE)
                return float(done.stdout)

        return measure

    figures.compare(
        SECTION,
        "getppid()",
        "ns",
        [
            ("bare", beside(nothing)),
            ("sockstall handshakes", beside(lambda: Sockstall(program, "handshakes"))),
            ("sockstall readers", beside(lambda: Sockstall(program, "readers"))),
            ("sockstall (overview)", beside(lambda: Sockstall(program))),
        ],
    )
