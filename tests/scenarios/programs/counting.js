/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
// storm: 50,000 turns of the loop by setImmediate, then "turns N" and silence. workers: the same in two worker threads.
const { Worker, isMainThread, workerData, parentPort } = require("worker_threads");
const net = require("net");

const TURNS = 50000;

// Something to watch: without it libuv has no reason to wait at all.
function storm(done) {
  const server = net.createServer().listen(0, "127.0.0.1", () => {
    let turns = 0;
    const turn = () => (++turns < TURNS ? setImmediate(turn) : done(turns));
    setTimeout(() => setImmediate(turn), 1500);
  });
}

if (!isMainThread) {
  storm((turns) => parentPort.postMessage(turns));
} else if (process.argv[2] === "storm") {
  storm((turns) => console.log(`turns ${turns}`));
} else {
  const workers = [1, 2].map(() => new Promise((done) => new Worker(__filename).on("message", done)));
  setInterval(() => {}, 60000);
  Promise.all(workers).then((all) => console.log(`turns ${all[0] + all[1]}`));
}
