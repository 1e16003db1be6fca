# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
What a connection costs that is made, accepted and closed, with the TCP tracepoints in use: by empty programs on
the same tracepoints (the least that anything there can cost), by sockstall, and by other tools.
"""
import subprocess

from beside import SERVER_CPU, Helper, Sockstall, Tool, nothing, pinned

SECTION = "events"
COUNT = 20000
TRACEPOINTS = ("inet_sock_set_state", "tcp_retransmit_skb", "tcp_retransmit_synack")


def bench(figures, program, load, empty):
    def beside(start):
        def measure():
            with start():
                done = subprocess.run(pinned(SERVER_CPU, [load, "churn", COUNT]), check=True, stdout=subprocess.PIPE)
                return float(done.stdout)

        return measure

    figures.compare(
        SECTION,
        "a connection made, accepted, closed",
        "ns",
        [
            ("bare", beside(nothing)),
            ("empty programs", beside(lambda: Helper(empty, "raw", *TRACEPOINTS))),
            ("sockstall handshakes", beside(lambda: Sockstall(program, "handshakes", "-i", "1h"))),
            ("tcpstates (libbpf-tools)", beside(lambda: Tool(["/usr/sbin/tcpstates"]))),
            ("tcplife (bcc)", beside(lambda: Tool(["tcplife-bpfcc"]))),
            ("tcptracer (bcc)", beside(lambda: Tool(["tcptracer-bpfcc"]))),
        ],
    )
