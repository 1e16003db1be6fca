#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Processes with pipes between them: KIND [ADDRESS,PORT].
`answer` serves one connection with what its child is to write into a pipe, and that sleeps; `answers` has two children.
`left` runs a shell for that, which starts a program and goes; `kept`: the shell waits for it; `threads`: a thread of several runs it.
`idle` reads what its child will write, which sleeps; `talk`: which writes ten times a second; `listen`: once somebody
connects to it. `full` writes more than its child, which sleeps, has read. `cross`: it and its child write to each other,
and neither reads; `selfish` is `cross` with a third one that holds all ends too, and sleeps. `spins`: the parent of two
that read its commands, of which none comes; the first has taken a question; `polls`: it sleeps between steps.
"""

import os
import socket
import sys
import time

from say import leave_parent, say

LONG = 1000000
MUCH = b"x" * (1 << 20)


def fork(work, *others):
    """A child that does that, with no more than it needs."""
    child = os.fork()
    if child:
        return child
    leave_parent()
    for fd in others:
        os.close(fd)
    work()
    time.sleep(LONG)


def write_all(fd):
    data = MUCH
    while data:
        data = data[os.write(fd, data) :]


def read_from(work, children=1):
    reader, writer = os.pipe()
    pids = [fork(lambda: work(writer), reader) for _ in range(children)]
    os.close(writer)
    return reader, pids


def sleep(_):
    time.sleep(LONG)


def talk(fd):
    while True:
        os.write(fd, b"x")
        time.sleep(0.1)


def listen(fd):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.write(fd, listener.accept()[0].recv(100))


def answer(children):
    address, port = sys.argv[2].rsplit(",", 1)
    reader, pids = read_from(sleep, children)
    listener = socket.create_server((address, int(port)), backlog=16)
    say("listening", fd=listener.fileno(), children=pids)
    connection, _ = listener.accept()
    connection.recv(100)
    connection.sendall(os.read(reader, 100))


def run_in_background(stay):
    """A shell with a program behind it, which falls asleep after the reader has. Returns its output, and the program's process id."""
    import subprocess

    text = f"{{ sleep 1; exec sleep {LONG}; }} & echo $! >&2; {'wait' if stay else ''}"
    shell = subprocess.Popen(["sh", "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    pid = int(shell.stderr.readline())
    if not stay:
        shell.wait()
    return shell.stdout, pid


def serve_by_program(stay, threads):
    address, port = sys.argv[2].rsplit(",", 1)
    listener = socket.create_server((address, int(port)), backlog=16)

    def serve():
        connection, _ = listener.accept()
        connection.recv(100)
        output, pid = run_in_background(stay)
        say("running", children=[pid])
        connection.sendall(output.read(100))

    say("listening", fd=listener.fileno(), children=[])
    if threads:
        import threading

        threading.Thread(target=serve).start()
        time.sleep(LONG)
    serve()


def read_on(work):
    reader, pids = read_from(work)
    say("blocking", fd=reader, children=pids)
    while os.read(reader, 100):
        pass


def full():
    reader, writer = os.pipe()
    child = fork(lambda: None, writer)
    os.close(reader)
    say("blocking", fd=writer, children=[child])
    write_all(writer)


def cross(third):
    (reader, its_writer), (its_reader, writer) = os.pipe(), os.pipe()
    children = [fork(lambda: write_all(its_writer), reader, writer)]
    if third:
        children.append(fork(lambda: None))
    os.close(its_reader)
    os.close(its_writer)
    say("blocking", fd=writer, children=children)
    write_all(writer)


def commanded(address, port):
    """A child that reads commands, once it has been asked something if it has an address. Its pipe is the parent's to fill."""
    reader, writer = os.pipe()
    ready, done = os.pipe()

    def serve():
        if address:
            listener = socket.create_server((address, int(port)), backlog=16)
        os.write(done, b"x")
        if address:
            connection, _ = listener.accept()
            connection.recv(100)
        os.read(reader, 100)

    pid = fork(serve, writer, ready)
    os.read(ready, 1)
    os.close(reader)
    return pid


def command(pause):
    address, port = sys.argv[2].rsplit(",", 1)
    say("listening", children=[commanded(address, port), commanded(None, None)])
    while True:
        if pause:
            time.sleep(pause)


def main():
    kind = sys.argv[1]
    {
        "answer": lambda: answer(1),
        "answers": lambda: answer(2),
        "left": lambda: serve_by_program(False, False),
        "kept": lambda: serve_by_program(True, False),
        "threads": lambda: serve_by_program(True, True),
        "idle": lambda: read_on(sleep),
        "talk": lambda: read_on(talk),
        "listen": lambda: read_on(listen),
        "full": full,
        "cross": lambda: cross(False),
        "spins": lambda: command(0),
        "polls": lambda: command(0.02),
        "selfish": lambda: cross(True),
    }[kind]()


main()
