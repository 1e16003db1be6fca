# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
A blocking IMAP client that has logged in and chosen its folder: ADDRESS PORT HOW. Then "idle" waits for news, "again" asks on, "silent"
does nothing, and "told" asks once for each line of its input.
"""

import imaplib
import sys
import time

address, port, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
client = imaplib.IMAP4(address, port)
client.login("somebody", "secret")
client.select("INBOX")
print("ready", flush=True)
if how == "idle":
    client.send(b"x IDLE\r\n")
    while client.readline():
        pass
elif how == "again":
    while True:
        client.noop()
        time.sleep(0.2)
elif how == "silent":
    time.sleep(3600)
else:
    for _ in sys.stdin:
        client.noop()
