#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
One end of TCP connections, driven by steps: first those on the command line, then those on standard
input, until it ends. A step is NAME or NAME=VALUE. Each says what it did; a step that fails says so.
"""

import ctypes
import errno
import os
import signal
import socket
import struct
import sys
import time

from say import error_name, say

RWF_HIPRI = 1  # means nothing to a socket

TCP_ULP, SOL_TLS, TLS_RX, TLS_CIPHER_AES_GCM_128 = 31, 282, 2, 51  # linux/tcp.h, linux/socket.h, linux/tls.h

libc = ctypes.CDLL(None, use_errno=True)


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Endpoint:
    def __init__(self):
        self.listener = None
        self.sock = None
        self.held = []
        self.options = []
        self.source_address = ("", 0)

    def _new_socket(self, family):
        sock = socket.socket(family, socket.SOCK_STREAM)
        self._apply(sock)
        return sock

    def _apply(self, sock):
        for level, name, value in self.options:
            sock.setsockopt(level, name, value)

    def source(self, value):
        """The local port of the next connection."""
        self.source_address = ("", int(value))

    def source_from(self, value):
        """The local address of the next connection, and whatever port bind() chooses."""
        self.source_address = (value, 0)

    # Options: for every socket made after them.

    def _option(self, name, value, level=socket.IPPROTO_TCP):
        self.options.append((level, name, value))

    def syncnt(self, value):
        self._option(socket.TCP_SYNCNT, int(value))

    def defer(self, value):
        self._option(socket.TCP_DEFER_ACCEPT, int(value))

    def user_timeout(self, value):
        self._option(socket.TCP_USER_TIMEOUT, int(float(value) * 1000))

    def rcvtimeo(self, value):
        seconds = float(value)
        timeval = struct.pack("ll", int(seconds), int(seconds % 1 * 1000000))
        self._option(socket.SO_RCVTIMEO, timeval, socket.SOL_SOCKET)

    def sndtimeo(self, value):
        seconds = float(value)
        timeval = struct.pack("ll", int(seconds), int(seconds % 1 * 1000000))
        self._option(socket.SO_SNDTIMEO, timeval, socket.SOL_SOCKET)

    def keepalive(self, value):
        idle, interval, count = map(int, value.split(","))
        self._option(socket.SO_KEEPALIVE, 1, socket.SOL_SOCKET)
        self._option(socket.TCP_KEEPIDLE, idle)
        self._option(socket.TCP_KEEPINTVL, interval)
        self._option(socket.TCP_KEEPCNT, count)

    def linger(self, _):
        """Closed with a reset: nothing of it stays in the kernel."""
        self._option(socket.SO_LINGER, struct.pack("ii", 1, 0), socket.SOL_SOCKET)

    # Connections.

    def listen(self, value):
        address, port, backlog = value.split(",")
        self.listener = self._new_socket(family_of(address))
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if address == "::":
            self.listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.listener.bind((address, int(port)))
        self.listener.listen(int(backlog))
        say("listening", fd=self.listener.fileno())

    def accept(self, _):
        say("accepting")
        self.sock, _ = self.listener.accept()
        self._apply(self.sock)
        self.held.append(self.sock)
        say("accepted", fd=self.sock.fileno())

    def rcvbuf(self, value):
        """Of the connection that there is: what the peer was told it has room for, it may then have no memory for."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, int(value))
        say("changed")

    def connect(self, value):
        address, port = value.split(",")
        self.sock = self._new_socket(family_of(address))
        self.held.append(self.sock)
        if any(self.source_address):
            self.sock.bind(self.source_address)
            self.source_address = ("", 0)
        say("connecting", fd=self.sock.fileno())
        try:
            self.sock.connect((address, int(port)))
        except OSError as error:
            say("failed", error=error_name(error))
            return
        say("connected", fd=self.sock.fileno(), port=self.sock.getsockname()[1])

    def connect_later(self, value):
        """Begin to connect, without waiting for the outcome."""
        address, port = value.split(",")
        sock = self._new_socket(family_of(address))
        sock.setblocking(False)
        self.held.append(sock)
        sock.connect_ex((address, int(port)))
        sock.setblocking(True)
        self.sock = sock
        say("connecting", fd=sock.fileno())

    def accept_every(self, value):
        """Accept for ever, but no oftener than this."""
        while True:
            time.sleep(float(value))
            self.listener.accept()[0].close()

    def hammer(self, value):
        """Begin five hundred connections a second, for ever; the last hundred are held open."""
        say("hammering")
        while True:
            self.held = self.held[-100:]
            address, port = value.split(",")
            self.held.append(self._new_socket(family_of(address)))
            self.held[-1].setblocking(False)
            self.held[-1].connect_ex((address, int(port)))
            time.sleep(0.002)

    # Data.

    def send(self, value):
        self.sock.sendall(b"x" * int(value))
        say("sent")

    def say(self, value):
        self.sock.sendall(value.encode())
        say("sent")

    def record(self, value):
        """The beginning of a TLS record of so many bytes: its header, and one of them."""
        self.sock.sendall(struct.pack(">BHHB", 23, 0x0303, int(value), 0))
        say("sent")

    def asks(self, value):
        """The same question twenty times a second, each answered."""
        say("asking")
        while True:
            self.sock.sendall(value.encode())
            self.sock.recv(4096)
            time.sleep(0.05)

    def take(self, value):
        left = int(value)
        while left:
            left -= len(self.sock.recv(left))
        say("took")

    def drain(self, _):
        """Read whatever comes, for ever."""
        while self.sock.recv(65536):
            pass

    def sip(self, _):
        """Read slowly, for ever."""
        while self.sock.recv(65536):
            time.sleep(0.005)

    def finish(self, _):
        """Read to the end of file."""
        while self.sock.recv(4096):
            pass
        say("finished")

    def stuff(self, value):
        """Send until nothing more can be sent, then write once more, with the syscall that is named; that blocks."""
        write = getattr(self, "_stuff_" + value)
        fd = self.sock.fileno()
        self.fill("")
        say("blocking", fd=fd, port=self.sock.getsockname()[1])
        try:
            say("returned", count=write(fd))
        except OSError as error:
            say("returned", error=error_name(error))

    def push(self, value):
        """Send, and say when that began and ended."""
        say("blocking", fd=self.sock.fileno(), port=self.sock.getsockname()[1])
        try:
            say("returned", count=self.sock.send(b"x" * int(value)))
        except OSError as error:
            say("returned", error=error_name(error))

    def fill(self, _):
        """Send until nothing more can be sent."""
        timeout = self.sock.gettimeout()
        self.sock.setblocking(False)
        last = time.monotonic()
        while time.monotonic() < last + 0.3:
            try:
                self.sock.send(b"x" * 65536)
                last = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
        self.sock.settimeout(timeout)
        say("filled")

    def pour(self, _):
        """Send for ever."""
        say("pouring")
        while True:
            self.sock.sendall(b"x" * 1000000)

    def _stuff_write(self, fd):
        return os.write(fd, b"x" * 10000000)

    def _stuff_writev(self, fd):
        return os.writev(fd, [b"x" * 5000000, b"x" * 5000000])

    def _stuff_sendto(self, _):
        return self.sock.send(b"x" * 10000000)

    def _stuff_sendmsg(self, _):
        return self.sock.sendmsg([b"x" * 10000000])

    def _stuff_sendfile(self, fd):
        with open("/proc/self/exe", "rb") as file:
            return os.sendfile(fd, file.fileno(), 0, 10000000)

    def echo(self, _):
        """Answer everything, for ever."""
        while data := self.sock.recv(4096):
            self.sock.sendall(data)

    def ask(self, _):
        """Ask and get an answer, fifty times a second, for ever."""
        say("asking")
        while True:
            self.sock.sendall(b"?")
            self.sock.recv(4096)
            time.sleep(0.02)

    def block(self, value):
        """Read once, with the syscall that is named, and say when that began and ended."""
        read = getattr(self, "_block_" + (value or "recvfrom"))
        fd = self.sock.fileno()
        say("blocking", fd=fd, port=self.sock.getsockname()[1])
        try:
            say("returned", count=read(fd))
        except OSError as error:
            say("returned", error=error_name(error))

    def _block_recvfrom(self, _):
        return len(self.sock.recv(4096))

    def _block_peek(self, _):
        return len(self.sock.recv(50, socket.MSG_PEEK | socket.MSG_WAITALL))

    def _block_read(self, fd):
        return len(os.read(fd, 4096))

    def _block_readv(self, fd):
        return os.readv(fd, [bytearray(4096)])

    def _block_preadv2(self, fd):
        """An offset of -1 is for what has none; with flags libc has no other syscall to take."""
        space = ctypes.create_string_buffer(4096)
        iovec = ctypes.create_string_buffer(struct.pack("PL", ctypes.addressof(space), 4096))
        count = libc.preadv2(fd, iovec, 1, ctypes.c_long(-1), RWF_HIPRI)
        if count < 0:
            raise OSError(ctypes.get_errno(), "preadv2")
        return count

    def _block_splice(self, fd):
        return os.splice(fd, os.pipe()[1], 4096)

    def _block_recvmsg(self, _):
        return len(self.sock.recvmsg(4096)[0])

    def _block_recvmmsg(self, fd):
        space = ctypes.create_string_buffer(4096)
        iovec = ctypes.create_string_buffer(struct.pack("PL", ctypes.addressof(space), 4096))
        # struct mmsghdr: name, namelen, iov, iovlen, control, controllen, flags; then the length.
        header = struct.pack("PIxxxxPLPLixxxxIxxxx", 0, 0, ctypes.addressof(iovec), 1, 0, 0, 0, 0)
        header = ctypes.create_string_buffer(header)
        if libc.recvmmsg(fd, header, 1, 0, None) < 0:
            raise OSError(ctypes.get_errno(), "recvmmsg")
        return 0

    def unlisten(self, _):
        self.listener.close()
        say("unlistened")

    def shut(self, _):
        self.sock.shutdown(socket.SHUT_WR)
        say("shut")

    def close(self, _):
        self.sock.close()
        say("closed")

    def pause(self, value):
        time.sleep(float(value))

    # The process.

    def tls(self, _):
        """Have the kernel decrypt what comes on the connection: TLS 1.2 with AES-GCM, and a key of zeros."""
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b"tls")
            self.sock.setsockopt(SOL_TLS, TLS_RX, struct.pack("HH36x", 0x0303, TLS_CIPHER_AES_GCM_128))
        except OSError as error:
            say("refused", error=error_name(error))
        else:
            say("encrypted")

    def enter(self, value):
        """Go to another network namespace; sockets stay where they were made."""
        with open(f"/run/netns/{value}") as namespace:
            libc.setns(namespace.fileno(), 0)
        say("entered")

    def alarm(self, value):
        """After so many seconds, and with a second number again and again; the first ends a read that Python makes."""

        def interrupt(*_):
            raise InterruptedError(errno.EINTR, "alarm")

        signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, *map(float, value.split(",")))

    def comm(self, value):
        """The bytes are given in hexadecimal: a comm may hold what an argument cannot."""
        libc.prctl(15, ctypes.c_char_p(bytes.fromhex(value)))  # PR_SET_NAME
        say("named")


def main():
    endpoint = Endpoint()

    def step(words):
        name, _, value = words.partition("=")
        getattr(endpoint, name)(value)

    for words in sys.argv[1:]:
        step(words)
    for line in sys.stdin:
        step(line.strip())


main()
