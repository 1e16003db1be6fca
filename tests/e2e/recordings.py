# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Recordings, taken apart and put together."""

import struct
import zlib


def chunks(data):
    """(type, contents) of each, and where the first begins."""
    start = 104 + 4 * int.from_bytes(data[96:100], "little")
    found, at = [], start
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        found.append((kind, data[at + 12 : at + 12 + length]))
        at += 12 + length
    return found, start


def chunk(kind, contents):
    head = struct.pack("<II", kind, len(contents))
    return head + struct.pack("<I", zlib.crc32(contents, zlib.crc32(head))) + contents


def edited(data, edit):
    """The recording with other looks: edit(number, bytes) of each, without compression."""
    found, start = chunks(data)
    number, made = 0, data[:start]
    for kind, contents in found:
        if kind in (2, 4):
            look = bytearray(zlib.decompress(contents[4:]) if kind == 4 else contents)
            edit(number, look)
            number += 1
            made += chunk(2, bytes(look))
        else:
            made += chunk(kind, contents)
    return made
