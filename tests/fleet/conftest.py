# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""What sockstall hands on, taken by the programs that it is for. The tools of tests/e2e are used here too."""

import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
# pylint: disable=wrong-import-position
import pytest

import child
import netns
import run
from child import Stall
from scene import block, waiting_client
from zoo import Room

SHARE = pathlib.Path(run.ROOT) / "src" / "share"
HOSTILE = b'e"v\\i\n</l>'


@pytest.fixture(scope="session", autouse=True)
def sweep():
    yield
    child.end_all()
    netns.delete_all()


@pytest.fixture(scope="session")
def incident():
    """
    `reader` waits for a reply of port 5001; `server` does not accept, and its queue of 3 is full; `loop` stands still,
    and another loop turns as it should.
    """
    room = Room()
    room.reader = block(waiting_client(room, 5001, room.link.right4, "comm=" + HOSTILE.hex()))
    room.server = Stall(room.here, "endpoint.py", f"listen={room.link.left4},5004,2")
    room.server.said("listening")
    Stall(room.there, "endpoint.py", *[f"connect_later={room.link.left4},5004"] * 6).said("connecting")
    room.loop = Stall(room.here, "loop.py")
    room.loop.said("turned")
    room.loop.tell("sleep=1000")
    Stall(room.here, "loop.py").said("turned")
    yield room
    room.close()


@pytest.fixture
def open_folder():
    """One that other users can read."""
    with tempfile.TemporaryDirectory(prefix="sst-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        yield pathlib.Path(folder)


@pytest.fixture
def stream():
    started = []

    def start(*arguments, **options):
        started.append(run.Stream(*arguments, **options))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture
def program():
    """Starts another program; ends it after the test."""
    started = []

    def start(argv, **options):
        started.append(child.Child([str(word) for word in argv], **options))
        return started[-1]

    yield start
    for one in reversed(started):
        one.end()
