# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Network namespaces that the kernel counts no sockets in are not walked: what is left in one by itself must count."""

import run
from child import Stall, wait_until
from scene import block, waiting_client

PORT = 5120


def counts(netns):
    """used, inuse and tw of /proc/net/sockstat."""
    words = netns.run("cat", "/proc/net/sockstat").split()
    return tuple(int(words[words.index(word) + 1]) for word in ("used", "inuse", "tw"))


def shown(room, command, **wanted):
    records = run.once(command, "-a", "--netns", room.here.inode)
    return run.matching(records, netns=room.here.inode, local_port=PORT, **wanted)


def test_half_open_without_its_listener(room):
    """It holds the listener that is closed."""
    room.there.drop("input", f"tcp sport {PORT}")
    server = Stall(room.here, "endpoint.py", f"listen={room.link.left4},{PORT},16")
    server.said("listening")
    Stall(room.there, "endpoint.py", f"connect={room.link.left4},{PORT}").said("connecting")
    wait_until(lambda: shown(room, "handshakes", type="handshake"), 10, "it to be half-open")
    # With eight seconds and more to its next timeout: the look is there before it.
    wait_until(lambda: shown(room, "handshakes", type="handshake", retransmits=3), 20, "its third timeout")
    server.end()
    assert counts(room.here) == (1, 0, 0)
    assert shown(room, "handshakes", type="handshake")


def test_what_the_kernel_keeps_of_a_closed_one(room):
    """Half a minute of FIN_WAIT2 is nobody's socket."""
    room.here.sysctl("net.ipv4.tcp_fin_timeout", 120)
    peer = Stall(room.there, "endpoint.py", f"listen={room.link.right4},{PORT},16", "accept")
    peer.said("listening")
    client = Stall(room.here, "endpoint.py", f"connect={room.link.right4},{PORT}")
    client.said("connected")
    client.end()
    wait_until(lambda: counts(room.here)[0] == 0, 120, "the kernel to keep no more than an entry")
    assert counts(room.here) == (0, 0, 1)
    records = run.once("closing", "-a", "--netns", room.here.inode)
    assert run.matching(records, netns=room.here.inode, peer_port=PORT, state="FIN_WAIT2"), records


def test_one_that_fills_up(room, stream):
    """And its twin, which stays empty."""
    live = stream("-j", "-i", "100ms", "-m", "200ms", "--netns", room.here.inode, "--netns", room.there.inode)
    client = block(waiting_client(room, PORT, room.link.right4))
    live.wait(20, type="reader", event="open", pid=client.pid)
    assert not run.matching(live.stop(), type="lost")


def test_an_empty_one(room):
    assert counts(room.here) == (0, 0, 0)
    records = run.once("-a", "--netns", room.here.inode)
    assert not run.findings(records) and not run.matching(records, type="lost")
