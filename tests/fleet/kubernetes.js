// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Reads the documents of a YAML file, checks each against Kubernetes' own schema, and writes them as JSON: kubernetes.js NODE_MODULES FILE.
"use strict";
const fs = require("fs");
const path = require("path");

const [modules, file] = process.argv.slice(2);
const yaml = require(path.join(modules, "js-yaml"));
const kinds = {
	DaemonSet: require(path.join(modules, "kubernetes-models/apps/v1/DaemonSet")).DaemonSet,
	Namespace: require(path.join(modules, "kubernetes-models/v1/Namespace")).Namespace,
};

const documents = [];
yaml.loadAll(fs.readFileSync(file, "utf8"), (one) => documents.push(one));
for (const one of documents) {
	if (!kinds[one.kind])
		throw new Error(`no such kind: ${one.kind}`);
	new kinds[one.kind](one).validate();
}
console.log(JSON.stringify(documents));
