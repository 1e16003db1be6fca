// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// OTLP lines on stdin, through the messages that are made from opentelemetry-proto: JSON to protobuf's bytes, and back. What a
// message does not know, or knows as another type, does not come back as it was.
"use strict";
const assert = require("assert");
const path = require("path");

const [modules] = process.argv.slice(2);
const root = require(path.join(modules, "@opentelemetry/otlp-transformer/build/src/generated/root.js"));
const { LogsData } = root.opentelemetry.proto.logs.v1;

let rest = "";
let count = 0;
process.stdin.setEncoding("utf8");
process.stdin.on("data", (text) => {
	const lines = (rest + text).split("\n");
	rest = lines.pop();
	for (const line of lines) {
		const wanted = JSON.parse(line);
		const bytes = LogsData.encode(LogsData.fromObject(wanted)).finish();
		const found = LogsData.toObject(LogsData.decode(bytes), { longs: String, oneofs: false });
		assert.deepStrictEqual(JSON.parse(JSON.stringify(found)), wanted);
		count++;
	}
});
process.stdin.on("end", () => {
	assert.strictEqual(rest, "", "a line without an end");
	console.log(count);
});
