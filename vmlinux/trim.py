#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Makes vmlinux.h from a kernel's BTF (as `bpftool -j btf dump file FILE` prints it) and types.list.

usage: bpftool -j btf dump file /sys/kernel/btf/vmlinux | vmlinux/trim.py vmlinux/types.list

Only the listed types with the listed members come out. A pointer needs its target by name only; a
member that is a struct needs that struct in the list, unless it has no name. Unions and structs without
a name are looked through: CO-RE does the same when it searches for a member.
"""
import json
import sys

PLAIN = {"CONST", "VOLATILE", "RESTRICT", "TYPE_TAG"}
INTEGERS = {
    (1, 0): "__u8",
    (2, 0): "__u16",
    (4, 0): "__u32",
    (8, 0): "__u64",
    (1, 1): "__s8",
    (2, 1): "__s16",
    (4, 1): "__s32",
    (8, 1): "__s64",
}


class Btf:
    def __init__(self, types):
        self.by_id = {t["id"]: t for t in types}
        self.named = {}
        for t in types:
            self.named.setdefault((t["kind"], t["name"]), t)

    def strip(self, type_id):
        """The type without const and the like; None is void."""
        t = self.by_id.get(type_id)
        while t and t["kind"] in PLAIN:
            t = self.by_id.get(t["type_id"])
        return t

    def member(self, owner, name):
        """The member of this name, through members without a name; None: there is none."""
        for m in owner["members"]:
            if m["name"] == name:
                return m
            if m["name"] in ("", "(anon)"):
                found = self.member(self.strip(m["type_id"]), name)
                if found:
                    return found
        return None


class Writer:
    def __init__(self, btf, wanted):
        self.btf, self.wanted = btf, wanted
        self.done, self.forward, self.out = set(), set(), []

    def integer(self, t):
        if t.get("encoding") == "BOOL" or t["name"] == "_Bool":
            return "_Bool"
        if t["name"] == "char":
            return "char"
        if t["name"] in ("long unsigned int", "long int"):
            return "unsigned long" if "unsigned" in t["name"] else "long"
        return INTEGERS[(t["size"], int(t.get("encoding") == "SIGNED"))]

    def declare(self, type_id, name, bits=0):
        """A C declaration of `name` with this type."""
        t = self.btf.strip(type_id)
        if t is None:
            return f"void {name}"
        kind = t["kind"]
        if kind == "INT":
            return f"{self.integer(t)} {name}" + (f": {bits}" if bits else "")
        if kind in ("ENUM", "ENUM64"):
            return f"{INTEGERS[(t['size'], 0)]} {name}"
        if kind == "PTR":
            return self.pointer(t, name)
        if kind == "ARRAY":
            return self.declare(t["type_id"], f"{name}[{t['nr_elems']}]")
        if kind == "TYPEDEF":
            return self.typedef(t, name, bits)
        if t["name"] in ("", "(anon)"):
            return self.anonymous(t, name)
        self.emit(kind, t["name"])
        return f"{kind.lower()} {t['name']} {name}"

    def pointer(self, t, name):
        target = self.btf.strip(t["type_id"])
        if target is None or target["kind"] == "FUNC_PROTO":
            return f"void *{name}"
        if target["kind"] in ("STRUCT", "UNION") and target["name"] not in ("", "(anon)"):
            self.forward.add(f"{target['kind'].lower()} {target['name']};")
            return f"{target['kind'].lower()} {target['name']} *{name}"
        if target["kind"] == "TYPEDEF" and ("TYPEDEF", target["name"]) not in self.wanted:
            return f"void *{name}"
        return self.declare(t["type_id"], f"*{name}")

    def typedef(self, t, name, bits):
        if ("TYPEDEF", t["name"]) in self.wanted:
            self.emit("TYPEDEF", t["name"])
            return f"{t['name']} {name}"
        return self.declare(t["type_id"], name, bits)

    def members(self, t, names):
        lines = []
        for name in names:
            m = self.btf.member(t, name)
            if m is None:
                sys.exit(f"trim: {t['kind'].lower()} {t['name']} has no member {name}")
            lines.append("\t" + self.declare(m["type_id"], name, m.get("bitfield_size", 0)) + ";")
        return lines

    def anonymous(self, t, name):
        body = " ".join(
            self.declare(m["type_id"], m["name"] if m["name"] != "(anon)" else "", m.get("bitfield_size", 0)) + ";"
            for m in t["members"]
        )
        return f"{t['kind'].lower()} {{ {body} }} {name}"

    def emit(self, kind, name):
        if (kind, name) in self.done:
            return
        if (kind, name) not in self.wanted:
            sys.exit(f"trim: a member needs {kind.lower()} {name}: add it to the list")
        self.done.add((kind, name))
        t = self.btf.named.get((kind, name))
        if t is None:
            sys.exit(f"trim: this kernel has no {kind.lower()} {name}")
        names = self.wanted[(kind, name)]
        if kind == "TYPEDEF":
            self.emit_typedef(t, name, names)
        elif names is None:
            self.body(kind, name, [m["name"] for m in t["members"]], t)
        else:
            self.body(kind, name, names, t)

    def emit_typedef(self, t, name, names):
        target = self.btf.strip(t["type_id"])
        if names:
            lines = self.members(target, names)
            self.out.append("typedef struct {\n" + "\n".join(lines) + f"\n}} {name};\n")
        else:
            self.out.append(f"typedef {self.declare(t['type_id'], name)};\n")

    def body(self, kind, name, names, t):
        lines = []
        for n in names:
            m = self.btf.member(t, n) if n not in ("", "(anon)") else None
            if m is not None:
                lines.append("\t" + self.declare(m["type_id"], n, m.get("bitfield_size", 0)) + ";")
            elif n in ("", "(anon)"):
                continue
            else:
                sys.exit(f"trim: {kind.lower()} {name} has no member {n}")
        for m in t["members"] if self.wanted[(kind, name)] is None else []:
            if m["name"] in ("", "(anon)"):
                lines.append("\t" + self.anonymous(self.btf.strip(m["type_id"]), "").rstrip() + ";")
        text = "\n".join(lines)
        self.out.append(f"{kind.lower()} {name} {{\n{text}\n}};\n" if lines else f"{kind.lower()} {name};\n")


def read_list(path):
    wanted = {}
    for line in open(path, encoding="utf-8"):
        line = line.split("#")[0].strip()
        if not line:
            continue
        whole = line.startswith("whole ")
        line = line.removeprefix("whole ").replace("*", "").strip()
        head, _, names = line.partition(":")
        kind, name = head.split()
        wanted[(kind.upper(), name)] = None if whole else names.split()
    return wanted


HEAD = """/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Made by vmlinux/trim.py from vmlinux/types.list and a kernel's BTF: do not edit. */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#include <linux/types.h>

typedef _Bool bool;
enum { false, true };
"""


def main():
    wanted = read_list(sys.argv[1])
    writer = Writer(Btf(json.load(sys.stdin)["types"]), wanted)
    for kind, name in wanted:
        writer.emit(kind, name)
    print(HEAD)
    print(
        "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n"
        "#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)\n#endif\n"
    )
    print("\n".join(sorted(writer.forward)) + "\n")
    print("\n".join(writer.out))
    print("#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n#pragma clang attribute pop\n#endif\n\n#endif")


main()
