# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""The outage of `make demo`: the first screen names who is to blame, and what goes on is not on it."""

import re

import pytest

import run
from child import wait_until
from demo import Shop


@pytest.fixture
def shop(room):
    shop = Shop(room)
    shop.netns = ("--netns", room.here.inode, "--netns", room.there.inode)
    return shop


def names_the_cause(text, shop):
    """The screen, if it begins with the database, says why, and has what waits below."""
    lines = text.splitlines()
    cause = [i for i, line in enumerate(lines) if re.search(rf"blocked +database/{shop.database.pid}", line)]
    return (
        len(cause) == 2
        and cause[0] == 1
        and re.match(r" +\d+ wait; thread \d+ \(vacuum\) of database ", lines[cause[1] + 1])
        and "\u2514 checkout" in text
        and f"\u2514 orders/{shop.orders.pid}" in text
        and f"backup/{shop.backup.pid}" in text
        and text
    )


def test_the_first_screen_names_the_cause(shop, tmux):
    holder = shop.break_it()

    def look():
        records = run.once("-m", "1s", *shop.netns)
        ends = run.findings(records, type="chain", pid=shop.database.pid)
        return records if ends and ends[0]["tid"] == holder and ends[0]["waiters"] >= 150 else None

    records = wait_until(look, 40, "a chain to the thread that has the lock")
    cause = run.only(records, type="chain", pid=shop.database.pid)
    hanging = {record["comm"] for record in records if record.get("cause_id") == cause["id"]}
    assert {"checkout", "orders"} <= hanging, hanging
    assert cause["commands"] == [f"sockstall threads -p {shop.database.pid}"]
    screen = tmux("-m", "1s", *shop.netns, columns=80, rows=24)
    text = wait_until(lambda: names_the_cause(screen.screen(), shop), 40, "the first screen")
    assert "users/" not in text and "browse" not in text, text
    screen.keys("q")
    screen.check_restored()


def test_before_it_breaks(shop):
    """All but the backup's peer is fine."""
    wait_until(lambda: run.findings(run.once("-m", "1s", "-p", shop.backup.pid), verdict="peer_dead"), 40, "the twin")
    parts = shop.database, shop.orders, shop.users, shop.proxy, shop.browsers, *shop.checkouts
    records = run.once("-m", "1s", *shop.netns)
    assert run.findings(records, pid=shop.backup.pid), records
    found = [record for record in run.findings(records) if record["pid"] in {one.pid for one in parts}]
    assert not found, found
