# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""A blocking HTTP client without a timeout, as most are: one request, or with "again" one after the other."""

import sys
import time
import urllib.request

url, again = sys.argv[1], sys.argv[2:] == ["again"]
while True:
    with urllib.request.urlopen(url) as answer:
        answer.read()
    print("answered", flush=True)
    if not again:
        break
    time.sleep(0.02)
