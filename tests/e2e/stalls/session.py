#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Stands where sshd does: has a connection open, and a terminal for who is at its other end, and runs a command below
itself. As a service that runs a command, it has no terminal.

usage: session.py terminal|service SOURCE_PORT ADDRESS,PORT COMMAND…
"""

import os
import socket
import subprocess
import sys

kind, source, target, *command = sys.argv[1:]
if kind == "terminal":
    os.openpty()
address, port = target.split(",")
with socket.create_connection((address, int(port)), source_address=("", int(source))):
    sys.exit(subprocess.run(command, check=False).returncode)
