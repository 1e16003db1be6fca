/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
// h2_server.js ADDRESS PORT: HTTP/2 without TLS. It never answers /wait/600.
require("http2").createServer((request, response) => {
  if (!request.url.startsWith("/wait")) response.end("ok\n");
}).listen(Number(process.argv[3]), process.argv[2]);
