#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
Stands where sshd does: has a connection open, and runs a command below itself.

usage: session.py SOURCE_PORT ADDRESS,PORT COMMAND…
"""

import socket
import subprocess
import sys

source, target, *command = sys.argv[1:]
address, port = target.split(",")
with socket.create_connection((address, int(port)), source_address=("", int(source))):
    sys.exit(subprocess.run(command, check=False).returncode)
