# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""A recording of an incident, for what `replay` makes of one. The tools of tests/e2e are used here too."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
# pylint: disable=wrong-import-position
import pytest

import child
import netns
import run
from child import Stall
from scene import block, waiting_client
from zoo import Room

# 15 bytes are all that the kernel keeps of a name.
HOSTILE = [b"</script><img s", b"<svg onload=a()", b"'\"><b>&amp;\x1b[2J"]


@pytest.fixture(scope="session", autouse=True)
def sweep():
    yield
    child.end_all()
    netns.delete_all()


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """Readers with hostile names of which one is served, a full accept queue, a loop that stands still for a time."""
    path = tmp_path_factory.mktemp("recording") / "looks"
    room = Room()
    live = run.Stream("-j", "-i", "100ms", "-m", "200ms", "--netns", room.here.inode, "--record", path)
    readers = [
        block(waiting_client(room, 5041 + i, room.link.right4, "comm=" + name.hex())) for i, name in enumerate(HOSTILE)
    ]
    server = Stall(room.here, "endpoint.py", f"listen={room.link.left4},5004,2")
    server.said("listening")
    Stall(room.there, "endpoint.py", *[f"connect_later={room.link.left4},5004"] * 6).said("connecting")
    loop = Stall(room.here, "loop.py")
    loop.said("turned")
    loop.tell("sleep=1")
    for reader in readers:
        live.wait(10, event="open", pid=reader.pid)
    live.wait(20, event="close", pid=loop.pid)
    live.wait(20, event="open", type="listener", pid=server.pid)
    readers[0].peer.tell("send=1")
    live.wait(20, event="close", pid=readers[0].pid)
    # And the others go on.
    late = block(waiting_client(room, 5049, room.link.right4))
    live.wait(20, event="open", pid=late.pid)
    live.stop()
    room.close()
    return path, live.records()
