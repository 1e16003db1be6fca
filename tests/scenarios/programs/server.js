/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
// An HTTP server. /busy/SECONDS computes, and /exec/SECONDS waits for a child, in the event loop.
const http = require("http");
const { execSync } = require("child_process");

function busy(seconds) {
  const end = performance.now() + seconds * 1000; // Date.now() counts whole ms
  while (performance.now() < end);
}

http.createServer((request, response) => {
  const [, what, seconds] = request.url.split("/");
  if (what === "busy") busy(Number(seconds));
  if (what === "exec") execSync(`sleep ${Number(seconds)}`);
  response.end("ok\n");
}).listen(Number(process.argv[3]), process.argv[2]);
