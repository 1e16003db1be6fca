/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
// A client with an event loop, of Node: see held_client.py.
"use strict";
const fs = require("fs");
const net = require("net");
const readline = require("readline");

const sockets = new Map();

function say(event, more) {
  fs.writeSync(1, JSON.stringify({ event, pid: process.pid, tid: process.pid, time: Date.now() / 1000, ...more }) + "\n");
}

function connect(name, address, port) {
  const socket = net.connect({ host: address, port: Number(port) });
  sockets.set(name, socket);
  socket.on("connect", () => say("connected", { name, fd: socket._handle.fd, port: socket.localPort }));
  socket.on("data", (data) => say("answer", { name, size: data.length }));
  socket.on("error", () => say("closed", { name }));
  say("connecting", { name });
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const [command, name, ...words] = line.split(" ");
  if (command === "connect") connect(name, ...words);
  else if (command === "send") {
    say("sending", { name });
    sockets.get(name).write(words[0].repeat(Number(words[1])));
  } else if (command === "close") {
    sockets.get(name).destroy();
    say("closed", { name });
  }
});
say("ready");
