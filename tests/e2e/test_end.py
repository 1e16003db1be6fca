# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""`sockstall end`: each way as the application itself sees it, and what must not be ended."""

import itertools
import json
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

import run
import shim
from child import PYTHON, STALLS, Child, Stall, wait_until
from options_of import tcp_options
from scene import block, waiting_client
from zoo import Room, in_syscall


def end(*words, expect=0, **options):
    """One `end` with -j: its record."""
    done = run.sockstall("end", *words, "-j", **options)
    assert done.returncode == expect, (done.returncode, done.stderr)
    assert bool(done.stderr) == bool(expect), done.stderr
    records = [run.parse_line(line) for line in done.stdout.splitlines(keepends=True)]
    assert len(records) == 1 and records[0]["type"] == "action", records
    return records[0]


def refused(*words, code=1, **options):
    """Nothing is done, and one line says why."""
    done = run.sockstall("end", *words, "--yes", **options)
    assert done.returncode == code, (done.returncode, done.stderr)
    assert done.stderr.startswith(b"sockstall: ") and done.stderr.count(b"\n") == 1, done.stderr
    assert done.stdout == b""
    return done.stderr.decode()


def reader(room, port=5101, *steps):
    """A client that waits in a read for a reply, of its own pid, descriptor and port."""
    client = block(waiting_client(room, port, room.link.right4, *steps))
    client.fd = int(open(f"/proc/{client.pid}/syscall").read().split()[1], 16)
    return client


def selector(client):
    return f"pid={client.pid}", f"fd={client.fd}"


def still_reads(client):
    in_syscall(client, "recvfrom")
    return True


def answered(client):
    """The healthy end of a wait."""
    client.peer.tell("send=5")
    assert client.said("returned")["count"] == 5


def find(**wanted):
    """The stall with these values, of any age."""
    return wait_until(lambda: run.findings(run.once("-m", "0"), **wanted), 10, f"a stall with {wanted}")[0]


def room_server(room, address, port):
    server = Stall(room.here, "endpoint.py", f"listen={address},{port},16", "accept")
    server.said("listening")
    return server


def run_client(room, address, port):
    client = Stall(room.there, "endpoint.py", f"connect={address},{port}")
    client.said("connected")
    return client


# destroy


def test_destroy_by_id(room):
    client, twin = reader(room, 5101), reader(room, 5102)
    stall = find(pid=client.pid)
    planned = end(stall["id"])
    assert planned["result"] == "planned" and planned["how"] == "destroy" and planned["id"] == stall["id"]
    assert (planned["pid"], planned["fd"], planned["netns"]) == (client.pid, client.fd, room.here.inode)
    assert (planned["local_port"], planned["peer_port"]) == (client.port, 5101)
    assert "ECONNABORTED" in planned["follows"] and "RST" in planned["follows"]
    assert still_reads(client)

    done = end(stall["id"], "--yes")
    assert done["result"] == "done" and done["error"] is None
    assert {**done, "time": 0, "result": 0} == {**planned, "time": 0, "result": 0}
    assert client.said("returned")["error"] == "ECONNABORTED"
    client.peer.tell("block=recvfrom")
    said = client.peer.said("returned")
    # A RST that came before the peer read its five bytes shows after them.
    if said.get("count"):
        client.peer.tell("block=recvfrom")
        said = client.peer.said("returned")
    assert said["error"] == "ECONNRESET"
    answered(twin)
    assert "any more" in refused(stall["id"])


@pytest.mark.parametrize("by", ["process", "ends", "ends_netns", "cookie", "cookie_netns", "everything"])
def test_destroy_by_selector(room, by):
    client, twin = reader(room, 5101), reader(room, 5102)
    cookie = end(*selector(client))["cookie"]
    ends = (f"local={room.link.left4}:{client.port}", f"peer={room.link.right4}:5101")
    netns = f"netns={room.here.inode}"
    words = {
        "process": selector(client),
        "ends": ends,
        "ends_netns": (*ends, netns),
        "cookie": (f"cookie={cookie}",),
        "cookie_netns": (f"cookie={cookie}", netns),
        "everything": (*selector(client), *ends, netns, f"cookie={cookie}"),
    }[by]
    done = end(*words, "--yes")
    assert done["result"] == "done" and done["pid"] == client.pid and done["fd"] == client.fd
    assert client.said("returned")["error"] == "ECONNABORTED"
    answered(twin)


def test_ipv6_of_a_listener_of_both(room):
    """An IPv4 connection of an IPv6 socket is named by its IPv4 address."""
    server = room_server(room, "::", 5103)
    client = run_client(room, room.link.left4, 5103)
    server.said("accepted")
    server.tell("block=recvfrom")
    words = server.said("blocking")
    in_syscall(server, "recvfrom")
    done = end(f"pid={server.pid}", f"fd={words['fd']}", "--yes")
    assert done["peer_addr"] == room.link.right4 and done["family"] == "inet"
    assert server.said("returned")["error"] == "ECONNABORTED"
    client.tell("block=recvfrom")
    assert client.said("returned")["error"] == "ECONNRESET"


def sniffed(sniffer, event):
    return [words for words in map(json.loads, list(sniffer.lines)) if words["event"] == event]


def test_half_open_request_goes_without_a_rst(room, stall):
    """Our SYN-ACKs do not arrive; then the request is ended, and the client's next SYN begins anew."""
    sniffer = stall(room.here, "sniff.py", room.link.device)
    sniffer.said("sniffing")
    dropped = room.there.drop("input", "tcp sport 5104")
    server = room_server(room, room.link.left4, 5104)
    client = stall(room.there, "endpoint.py", f"connect={room.link.left4},5104")
    client.said("connecting")
    request = find(netns=room.here.inode, local_port=5104, stage="SYN_RECV")
    planned = end(request["id"])
    assert planned["how"] == "destroy" and planned["state"] == "SYN_RECV" and planned["pid"] is None
    assert "without a RST" in planned["follows"]
    done = end(request["id"], "--yes")
    assert done["result"] == "done" and done["cookie"] == planned["cookie"]
    syns = len(sniffed(sniffer, "syn"))
    assert not run.matching(run.once("-m", "0"), cookie=done["cookie"])
    wait_until(
        lambda: len([words for words in sniffed(sniffer, "syn")[syns:] if not words["acked"]]),
        20,
        "another SYN of the client",
    )
    assert not sniffed(sniffer, "rst")
    room.there.undrop(dropped)
    client.said("connected", timeout=20)
    server.said("accepted")
    assert not sniffed(sniffer, "rst")


def test_half_open_has_no_other_way(room, stall):
    room.there.drop("input", "tcp sport 5105")
    room_server(room, room.link.left4, 5105)
    stall(room.there, "endpoint.py", f"connect={room.link.left4},5105").said("connecting")
    request = find(netns=room.here.inode, local_port=5105, stage="SYN_RECV")
    for how in "shutdown", "keepalive", "probe":
        assert "only --how destroy" in refused(request["id"], "--how", how)
    assert find(netns=room.here.inode, local_port=5105, stage="SYN_RECV")["id"] == request["id"]


def test_not_accepted(room, stall):
    """It ends for the client; the server learns when it accepts."""
    server = stall(room.here, "endpoint.py", f"listen={room.link.left4},5106,16")
    server.said("listening")
    client, twin = run_client(room, room.link.left4, 5106), run_client(room, room.link.left4, 5106)
    ports = [json.loads(line)["port"] for one in (client, twin) for line in one.lines if b"connected" in line]
    waiting = find(netns=room.here.inode, local_port=5106, peer_port=ports[0], stage="ACCEPT_QUEUE")
    planned = end(waiting["id"])
    assert planned["how"] == "destroy" and "accept queue" in planned["follows"] and planned["pid"] is None
    end(waiting["id"], "--yes")
    client.tell("block=recvfrom")
    assert client.said("returned")["error"] == "ECONNRESET"
    server.tell("accept")
    server.said("accepted")
    server.tell("block=recvfrom")
    assert server.said("returned")["error"] == "ECONNABORTED"
    server.tell("accept")
    server.said("accepted")
    twin.tell("send=7")
    server.tell("block=recvfrom")
    assert server.said("returned")["count"] == 7


def test_connecting(room, stall):
    room.there.drop("input", "tcp dport 5107")
    client = stall(room.here, "endpoint.py", f"connect={room.link.right4},5107")
    client.said("connecting")
    trying = find(pid=client.pid, stage="SYN_SENT")
    assert "connect ends with ECONNABORTED" in end(trying["id"])["follows"]
    end(trying["id"], "--yes")
    assert client.said("failed")["error"] == "ECONNABORTED"


def test_writer(room, stall):
    """Its write ends, and no other way does that: shutdown is for reads."""
    peer = stall(room.there, "endpoint.py", f"listen={room.link.right4},5108,16", "accept")
    peer.said("listening")
    client = stall(room.here, "endpoint.py", f"connect={room.link.right4},5108", "stuff=sendto")
    writer = find(pid=client.pid, type="writer")
    planned = end(writer["id"])
    assert planned["how"] == "destroy" and planned["follows"].startswith("its write ends with ECONNABORTED")
    assert "blocked in a write" in refused(writer["id"], "--how", "shutdown")
    end(writer["id"], "--yes")
    # Or the buffer has grown since it was full.
    words = client.said("returned")
    assert words.get("error") == "ECONNABORTED" or 0 < words["count"] < 10000000


def test_writer_of_which_a_part_was_taken(room, stall):
    """As of most writes: it says so, and the next one has the error."""
    peer = stall(room.there, "endpoint.py", f"listen={room.link.right4},5110,16", "accept")
    peer.said("listening")
    client = stall(room.here, "endpoint.py", f"connect={room.link.right4},5110", "push=100000000", "push=1")
    writer = find(pid=client.pid, type="writer")
    assert "or returns what was sent so far, and the next write ends with ECONNABORTED" in end(writer["id"])["follows"]
    end(writer["id"], "--yes")
    assert 0 < client.said("returned")["count"] < 100000000
    assert client.said("returned")["error"] == "ECONNABORTED"


def test_blocked_loop(room, stall):
    """What the loop's thread is in has an id that any run knows: that is told, and ends the loop's stall."""
    peer = stall(room.there, "endpoint.py", f"listen={room.link.right4},5109,16", "accept")
    peer.said("listening")
    live = run.Stream("epoll", "-j", "-i", "100ms")
    try:
        loop = stall(room.here, "loop.py")
        loop.said("turned")
        loop.tell(f"recv={room.link.right4},5109")
        stuck = live.wait(15, event=("open", "change"), pid=loop.pid, verdict="blocked_in_read")
        in_syscall(loop, "recvfrom")
        read = refused(stuck["id"]).rpartition(" is in ")[2].split()[0]
        assert read.startswith(f"reader-{loop.pid}-{loop.pid}-")
        assert end(read)["peer_port"] == 5109
        end(read, "--yes")
        loop.said("left")
        live.wait(10, event="close", id=stuck["id"])
    finally:
        live.end()
    assert "any more" in refused(stuck["id"])


def test_closed_by_its_process(room, stall):
    """In FIN_WAIT1, with data that the peer does not acknowledge: only the kernel has it."""
    sniffer = stall(room.here, "sniff.py", room.link.device)
    sniffer.said("sniffing")
    peer = stall(room.there, "endpoint.py", f"listen={room.link.right4},5110,16", "accept")
    peer.said("listening")
    client = stall(room.here, "endpoint.py", f"connect={room.link.right4},5110")
    port = client.said("connected")["port"]
    peer.said("accepted")
    room.there.drop("input", "tcp dport 5110")
    client.tell("send=5")
    client.said("sent")
    client.tell("close")
    client.said("closed")
    words = (f"local={room.link.left4}:{port}", f"peer={room.link.right4}:5110")
    for how in "shutdown", "keepalive", "probe":
        assert "only --how destroy" in refused(*words, "--how", how)
    said = run.sockstall("end", *words).stderr
    if b"before Linux 6.11" in said:
        refused(*words)
        assert room.here.sockets("state", "fin-wait-1")
        pytest.skip("this kernel cannot end such a connection, and sockstall says so")
    planned = end(*words)
    assert planned["state"] == "FIN_WAIT1" and planned["pid"] is None
    assert planned["follows"] == "no process is informed; the peer gets a RST (ECONNRESET there)"
    end(*words, "--yes")
    assert "no such connection" in refused(*words)
    wait_until(lambda: sniffed(sniffer, "rst"), 5, "a RST on the cable")


# A library in front of libc's: SOCK_DESTROY goes to a family that has none, and so the kernel itself refuses it.
WITHOUT_DESTROY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/netlink.h>
#include <sys/socket.h>

ssize_t send(int fd, const void *data, size_t size, int flags)
{
	ssize_t (*real)(int, const void *, size_t, int) = dlsym(RTLD_NEXT, "send");
	struct nlmsghdr *header = (struct nlmsghdr *)data;

	if (header->nlmsg_type == 21 && size == header->nlmsg_len)
		*(unsigned char *)NLMSG_DATA(header) = AF_UNIX;
	return real(fd, data, size, flags);
}
"""


def test_kernel_without_destroy(room, tmp_path):
    shim.needs_loader()
    (tmp_path / "without.c").write_text(WITHOUT_DESTROY)
    library = tmp_path / "without.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, tmp_path / "without.c", "-ldl"], check=True)
    without = {**os.environ, "LD_PRELOAD": str(library)}
    client = reader(room, 5113)
    assert "CONFIG_INET_DIAG_DESTROY" in refused(*selector(client), "--how", "destroy", env=without)
    assert still_reads(client)
    assert end(*selector(client), env=without)["how"] == "shutdown"
    end(*selector(client), "--yes", env=without)
    assert client.said("returned")["count"] == 0


# shutdown


def test_shutdown(room, stall):
    sniffer = stall(room.here, "sniff.py", room.link.device)
    sniffer.said("sniffing")
    client, twin = reader(room, 5111), reader(room, 5112)
    assert "end-of-file" in end(*selector(client), "--how", "shutdown")["follows"]
    assert still_reads(client)
    end(*selector(client), "--how", "shutdown", "--yes")
    assert client.said("returned")["count"] == 0
    # Nothing was said to the peer, and the way there is open.
    client.tell("send=3")
    client.said("sent")
    client.peer.tell("take=8")
    client.peer.said("took")
    assert not sniffed(sniffer, "rst")
    answered(twin)


def test_shutdown_of_a_unix_socket(stall):
    """It has no SOCK_DESTROY, so this way is chosen."""
    blocked, twin = stall(None, "other_reader.py", "unix"), stall(None, "other_reader.py", "unix")
    fd = blocked.said("blocking")["fd"]
    twin.said("blocking")
    planned = end(f"pid={blocked.pid}", f"fd={fd}")
    assert planned["how"] == "shutdown" and planned["family"] == "unix" and "EPIPE" in planned["follows"]
    for how in "destroy", "keepalive", "probe":
        refused(f"pid={blocked.pid}", f"fd={fd}", "--how", how)
    end(f"pid={blocked.pid}", f"fd={fd}", "--yes")
    assert blocked.said("returned")["count"] == 0
    twin.tell("go on")
    assert twin.said("returned")["count"] == 1


# keepalive


def test_keepalive_ends_the_read_of_a_dead_peer_only(room):
    client, twin = reader(room, 5121), reader(room, 5122)
    room.there.drop("input", "tcp dport 5121")
    for one in client, twin:
        planned = end(*selector(one), "--how", "keepalive", "--keepalive", "1s,1s,2")
        assert "ETIMEDOUT" in planned["follows"] and "3 s" in planned["follows"]
        assert tcp_options(one.pid, one.fd)["keepalive"] == 0
        done = end(*selector(one), "--how", "keepalive", "--keepalive", "1s,1s,2", "--yes")
        assert (done["keepalive_time_s"], done["keepalive_interval_s"], done["keepalive_probes"]) == (1, 1, 2)
    assert client.said("returned", timeout=20)["error"] == "ETIMEDOUT"
    assert tcp_options(twin.pid, twin.fd) == {"keepalive": 1, "idle": 1, "interval": 1, "count": 2, "user_timeout": 0}
    answered(twin)


# probe


@pytest.mark.parametrize("before", [(), ("env", "--ignore-signal=CHLD")], ids=["plain", "sigchld_ignored"])
@pytest.mark.parametrize("steps", [(), ("keepalive=600,75,9", "user_timeout=90")], ids=["plain", "with_keepalive"])
def test_probe_of_a_peer_that_is_there(room, steps, before):
    client = reader(room, 5131, *steps)
    set_before = tcp_options(client.pid, client.fd)
    assert end(*selector(client), "--how", "probe")["peer"] is None
    done = end(*selector(client), "--how", "probe", "--yes", before=before)
    assert done["result"] == "done" and done["peer"] == "answers" and 0 <= done["answer_s"] <= 6
    assert tcp_options(client.pid, client.fd) == set_before
    assert still_reads(client)
    answered(client)


@pytest.mark.parametrize("gone", [False, True])
def test_probe_of_an_idle_connection(room, gone):
    """The question goes out at once, and is asked once where keepalive is on; the answer is there as soon."""
    client = reader(room, 5163, "keepalive=600,75,9", "user_timeout=90")
    if gone:
        room.there.drop("input", "tcp dport 5163")
    time.sleep(3)
    done = end(*selector(client), "--how", "probe", "--yes")
    assert done["peer"] == ("silent" if gone else "answers")


@pytest.mark.parametrize(
    "steps", [(), ("user_timeout=1",), ("keepalive=6,75,2",)], ids=["plain", "with_user_timeout", "with_keepalive"]
)
def test_probe_of_a_peer_that_is_gone(room, steps):
    """Nothing answers; but the connection is not ended by the question."""
    client = reader(room, 5132, *steps)
    before = tcp_options(client.pid, client.fd)
    dropped = room.there.drop("input", "tcp dport 5132")
    done = end(*selector(client), "--how", "probe", "--yes")
    assert done["result"] == "done" and done["peer"] == "silent" and done["answer_s"] is None
    assert tcp_options(client.pid, client.fd) == before
    if "keepalive" in str(steps):
        # Its own timer expires now, and must not find more of its two probes used up than one.
        wait_until(
            lambda: " timer:(keepalive,1min" in "".join(room.here.sockets("dport", "=", "5132")), 10, "its own probe"
        )
    assert still_reads(client)
    room.there.undrop(dropped)
    answered(client)


def test_probe_of_a_peer_that_forgot(room):
    """The machine is there, and knows no such connection."""
    client = reader(room, 5133)
    dropped = room.there.drop("output", "tcp sport 5133")
    room.there.run("ss", "-K", "-tn", "sport", "=", "5133")
    room.there.undrop(dropped)
    assert still_reads(client)
    done = end(*selector(client), "--how", "probe", "--yes")
    assert done["peer"] == "reset", done
    assert client.said("returned")["error"] == "ECONNRESET"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_probe_puts_everything_back(room, number):
    client = reader(room, 5134, "user_timeout=90")
    before = tcp_options(client.pid, client.fd)
    room.there.drop("input", "tcp dport 5134")
    probing = Child([run.SOCKSTALL, "end", *selector(client), "--how", "probe", "--yes", "-j"])
    wait_until(lambda: tcp_options(client.pid, client.fd)["keepalive"], 10, "keepalive to be on")
    code = probing.end(number)
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 1), probing.errors
    wait_until(lambda: tcp_options(client.pid, client.fd) == before, 5, "the options to be put back")
    if number != signal.SIGKILL:
        assert b"interrupted" in probing.errors
        assert run.parse_line(probing.lines[0])["result"] == "failed"
    assert still_reads(client)


# The connection that sockstall is used over.

source_ports = itertools.count(40131)  # one that was used is in TIME_WAIT


def below_a_session(room, port, *words, kind="terminal"):
    """`end` of the connection of a process that it was started from, as of sshd."""
    source = next(source_ports)
    before = [
        *room.here.enter(),
        PYTHON,
        os.path.join(STALLS, "session.py"),
        kind,
        source,
        f"{room.link.right4},{port}",
    ]
    ends = (f"local={room.link.left4}:{source}", f"peer={room.link.right4}:{port}")
    return run.sockstall("end", *ends, *words, before=map(str, before))


def test_own_session_by_who_it_was_started_from(room, stall):
    stall(room.there, "endpoint.py", f"listen={room.link.right4},5161,16").said("listening")
    done = below_a_session(room, 5161)
    assert done.returncode == 0 and done.stderr == b"", done.stderr
    _, _, warning, result = done.stdout.decode().splitlines()
    assert warning.startswith("warning: this is the connection that you are using (python3 (pid "), warning
    assert result == "nothing was done; to do it: --yes --force"
    for how in "destroy", "shutdown":
        done = below_a_session(room, 5161, "--how", how, "--yes")
        assert done.returncode == 1 and done.stdout == b"" and done.stderr.count(b"\n") == 1
        assert b"your session ends with it; to do it anyway: --force" in done.stderr
    done = below_a_session(room, 5161, "--how", "keepalive", "--yes")  # that does it no harm
    assert done.returncode == 0 and b"warning" not in done.stdout, done.stderr
    done = below_a_session(room, 5161, "--yes", "--force")
    assert done.returncode == 0 and done.stdout.endswith(b"\ndone\n"), done.stderr
    done = below_a_session(room, 5161, "--yes", kind="service")  # the twin: no session is behind it
    assert done.returncode == 0 and b"warning" not in done.stdout, done.stderr


def test_own_session_by_ssh_connection(room):
    """Where sudo or tmux stands between, the environment tells. The twin is another connection."""
    client, twin = reader(room, 5162), reader(room, 5163)
    there = {**os.environ, "SSH_CONNECTION": f"{room.link.right4} 5162 {room.link.left4} {client.port}"}
    for words in selector(client), (find(pid=client.pid)["id"],):
        planned = end(*words, env=there)
        assert planned["result"] == "planned" and "SSH_CONNECTION names it" in planned["warning"]
        failed = end(*words, "--yes", expect=1, env=there)
        assert failed["result"] == "failed" and "--force" in failed["error"]
        assert still_reads(client)
    done = end(*selector(twin), "--yes", env=there)
    assert done["result"] == "done" and done["warning"] is None
    assert twin.said("returned")["error"] == "ECONNABORTED"
    assert end(*selector(client), "--yes", "--force", env=there)["result"] == "done"
    assert client.said("returned")["error"] == "ECONNABORTED"


# What is not ended.


@pytest.mark.parametrize(
    "words, code, line",
    [
        ((), 2, "needs the id"),
        (("reader",), 2, "neither the id"),
        (("pid=1",), 2, "needs fd="),
        (("fd=1",), 2, "needs pid="),
        (("local=1.2.3.4:5",), 2, "need each other"),
        (("netns=1",), 2, "name what to end"),
        (("pid=1", "fd=3", "pid=2"), 2, "stands twice"),
        (("pid=0", "fd=3"), 2, "expected a process id"),
        (("pid=1x", "fd=3"), 2, "expected a process id"),
        (("pid=1", "fd=-3"), 2, "expected a descriptor"),
        (("cookie=0",), 2, "expected a socket's cookie"),
        (("cookie=18446744073709551616",), 2, "expected a socket's cookie"),
        (("local=1.2.3.4", "peer=1.2.3.4:5"), 2, "expected ADDR:PORT"),
        (("local=::1:80", "peer=[::1]:81"), 2, "expected ADDR:PORT"),
        (("local=[1.2.3.4]:80", "peer=[::1]:81"), 2, "expected ADDR:PORT"),
        (("local=1.2.3.4:80", "peer=1.2.3.4:65536"), 2, "expected ADDR:PORT"),
        (("lokal=1.2.3.4:80", "peer=1.2.3.4:81"), 2, "neither"),
        (("reader-1-1-1-45-3", "pid=1"), 2, "stands alone"),
        (("reader-1-1-1-45-3; reboot",), 2, "neither"),
        (("pid=1", "fd=3", "--how", "kill"), 2, "expected destroy"),
        (("pid=1", "fd=3", "--keepalive", "1s,1s,2"), 2, "--how keepalive"),
        (("pid=1", "fd=3", "--how", "keepalive", "--keepalive", "1s,1s"), 2, "expected two durations"),
        (("pid=1", "fd=3", "--how", "keepalive", "--keepalive", "500ms,1s,3"), 2, "expected two durations"),
        (("pid=1", "fd=3", "-a"), 2, "cannot be used"),
        (("reader-1-1-1-45-3",), 1, "any more"),
        (("pid=4194304", "fd=3"), 1, "no process"),
        (("cookie=18446744073709551615",), 1, "no such connection"),
        (("local=192.0.2.1:1", "peer=192.0.2.1:2"), 1, "no such connection"),
        (("netns=1", "cookie=5"), 1, "no such connection"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_mistyped(words, code, line):
    assert line in refused(*words, code=code)


def test_yes_belongs_to_end():
    done = run.sockstall("readers", "--yes")
    assert done.returncode == 2 and done.stderr == b"sockstall: --yes is for end: --yes cannot be used with readers\n"


def test_ambiguous(room):
    """The same addresses in two namespaces: neither is ended."""
    other = Room()
    try:
        clients = [reader(one, 5141, "source=40111") for one in (room, other)]
        ends = (f"local={room.link.left4}:40111", f"peer={room.link.right4}:5141")
        assert "2 connections fit" in refused(*ends)
        assert all(still_reads(client) for client in clients)
        end(*ends, f"netns={other.here.inode}", "--yes")
        assert clients[1].said("returned")["error"] == "ECONNABORTED"
        answered(clients[0])
    finally:
        other.close()


def test_halves_that_do_not_fit_together(room):
    """All that is given must fit."""
    client = reader(room, 5142)
    cookie = int(end(*selector(client))["cookie"])
    for words in (
        (*selector(client), f"cookie={cookie + 1000000}"),
        (f"pid={os.getpid()}", f"fd={client.fd}", f"cookie={cookie}"),
        (*selector(client), f"local={room.link.left4}:1", f"peer={room.link.right4}:5142"),
        (f"cookie={cookie}", f"netns={room.there.inode}"),
        (f"local={room.link.right4}:5142", f"peer={room.link.left4}:{client.port}", f"netns={room.here.inode}"),
    ):
        refused(*words)
    answered(client)


def test_other_kinds(room, stall):
    server = stall(room.here, "endpoint.py", f"listen={room.link.left4},5143,16")
    fd = server.said("listening")["fd"]
    assert "a listener is not ended" in refused(f"pid={server.pid}", f"fd={fd}")
    assert "no socket" in refused(f"pid={server.pid}", "fd=1")
    assert "no descriptor" in refused(f"pid={server.pid}", "fd=999")
    udp = stall(None, "other_reader.py", "udp", "127.0.0.1,0")
    assert "neither a TCP connection" in refused(f"pid={udp.pid}", f"fd={udp.said('blocking')['fd']}")
    pipe = stall(None, "other_reader.py", "pipe")
    assert "no socket" in refused(f"pid={pipe.pid}", f"fd={pipe.said('blocking')['fd']}")


def test_time_wait_is_over(room, stall):
    server = room_server(room, room.link.left4, 5144)
    client = run_client(room, room.link.left4, 5144)
    server.said("accepted")
    client.tell("close")
    client.said("closed")
    server.tell("block=recvfrom")
    server.said("returned")
    server.tell("close")
    server.said("closed")
    port = [json.loads(line)["port"] for line in client.lines if b"connected" in line][0]
    words = (f"local={room.link.right4}:{port}", f"peer={room.link.left4}:5144")
    wait_until(lambda: room.there.sockets("state", "time-wait"), 5, "TIME_WAIT")
    assert "it is already over" in refused(*words)
    assert room.there.sockets("state", "time-wait")


@pytest.mark.parametrize(
    "how, line", [("destroy", "CAP_NET_ADMIN"), ("shutdown", "no process was found"), ("probe", "no process was found")]
)
def test_without_rights(room, how, line):
    """By a user who may do nothing, in the socket's own network namespace."""
    client = reader(room, 5145)
    ends = (f"local={room.link.left4}:{client.port}", f"peer={room.link.right4}:5145")
    nobody = [*room.here.enter(), "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    assert line in refused(*ends, "--how", how, before=nobody)
    refused(*selector(client), "--how", how, before=nobody)
    answered(client)


# The journal.


@pytest.fixture
def journal(tmp_path):
    """What is written to /dev/log, in a mount namespace in which that is ours."""
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "null").touch()
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind(str(tmp_path / "dev" / "log"))
    lines = []

    def collect():
        while data := log.recv(65536):
            lines.append(data.decode())

    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    enter = ["unshare", "-m", "sh", "-c", f'mount --bind {tmp_path}/dev /dev && exec "$@"', "sh"]
    yield lines, enter
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stop:
        stop.sendto(b"", str(tmp_path / "dev" / "log"))
    thread.join()
    log.close()


def test_every_action_is_one_line_in_the_journal(room, journal):
    lines, enter = journal
    client = reader(room, 5151)
    stall = find(pid=client.pid)
    end(*selector(client), before=enter)
    assert not lines  # a plan is no action
    end(stall["id"], "--how", "shutdown", "--yes", before=enter)
    wait_until(lambda: lines, 5, "a line")
    assert len(lines) == 1
    assert "sockstall[" in lines[0] and "end (shutdown), asked by uid 0" in lines[0] and lines[0].endswith(": done")
    assert f"{room.link.left4}:{client.port}" in lines[0] and f"pid {client.pid}" in lines[0]


# Plain text.


def test_plain_text(room):
    client = reader(room, 5152)
    done = run.sockstall("end", *selector(client))
    assert done.returncode == 0 and done.stderr == b""
    what, follows, result = done.stdout.decode().splitlines()
    assert what.startswith(
        f"the connection {room.link.left4}:{client.port} -> {room.link.right4}:5152 of python3 "
        f"(pid {client.pid}, descriptor {client.fd}), ESTABLISHED"
    )
    assert follows.startswith("destroy: ") and result == "nothing was done; to do it: --yes"
    assert still_reads(client)
    done = run.sockstall("end", *selector(client), "--how", "probe", "--yes")
    assert done.stdout.decode().splitlines()[2].startswith("done: the peer's kernel answers, after ")
    answered(client)
