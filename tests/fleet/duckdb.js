// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Runs SQL in DuckDB: duckdb.js NODE_MODULES DATABASE, with the statements on stdin. Writes the rows of the last one as JSON.
"use strict";
const fs = require("fs");
const path = require("path");

const [modules, database] = process.argv.slice(2);
const { DuckDBInstance } = require(path.join(modules, "@duckdb/node-api"));

(async () => {
	const connection = await (await DuckDBInstance.create(database)).connect();
	const reader = await connection.runAndReadAll(fs.readFileSync(0, "utf8"));
	console.log(JSON.stringify(reader.getRowObjectsJson()));
})().catch((error) => {
	console.error(String(error.message || error));
	process.exit(1);
});
