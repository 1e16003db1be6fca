// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// NATS's own client: nats_stream.js NODE_MODULES make|read SERVER. Makes a stream for sockstall.*; or writes what it holds, SUBJECT
// and record on a line.
"use strict";
const path = require("path");

const [modules, what, servers] = process.argv.slice(2);
const { connect, AckPolicy, StorageType } = require(path.join(modules, "nats"));

(async () => {
	const client = await connect({ servers });
	const manager = await client.jetstreamManager();
	if (what === "make") {
		await manager.streams.add({ name: "sockstall", subjects: ["sockstall.*"], storage: StorageType.File });
	} else {
		const { state } = await manager.streams.info("sockstall");
		await manager.consumers.add("sockstall", { durable_name: "engine", ack_policy: AckPolicy.Explicit });
		const consumer = await client.jetstream().consumers.get("sockstall", "engine");
		const messages = await consumer.consume({ max_messages: 100 });
		let count = 0;
		if (state.messages)
			for await (const message of messages) {
				console.log(`${message.subject} ${message.string()}`);
				message.ack();
				if (++count === state.messages)
					break;
			}
	}
	await client.drain();
})().catch((error) => {
	console.error(String(error.message || error));
	process.exit(1);
});
