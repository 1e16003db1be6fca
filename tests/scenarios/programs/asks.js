/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
// asks.js http|http2 URL PATH: asks URL now and then on one connection; after eight times, if there is a PATH, that.
const [, , how, url, path] = process.argv;
const agent = new (require("http").Agent)({ keepAlive: true, maxSockets: 1 });
const session = how === "http2" ? require("http2").connect(url) : null;
let asked = 0;

function request(to, answered) {
  if (session) session.request({ ":path": to }).on("data", () => {}).on("end", answered).end();
  else require("http").get(url + to.slice(1), { agent }, (answer) => answer.resume().on("end", answered));
}

function ask() {
  const last = path && ++asked > 8;
  request(last ? path : "/", () => setTimeout(ask, 1200));
  if (last) console.log("asked");
}

ask();
