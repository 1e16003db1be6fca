-- SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
--
-- Fills the table of fleet.sql, in DuckDB. A file is named by its host (web1.jsonl): that stands where a record has no host.
--
--   duckdb fleet.db -f fleet.sql -cmd "SET VARIABLE files = 'logs/*.jsonl'" -f fleet-duckdb.sql
INSERT INTO sockstall BY NAME
SELECT * EXCLUDE (filename, host), coalesce(host, parse_filename(filename, true)) AS host
FROM read_json(
	getvariable('files'),
	format = 'newline_delimited',
	filename = true,
	columns = {
		host: 'VARCHAR', type: 'VARCHAR', time: 'TIMESTAMPTZ', event: 'VARCHAR', id: 'VARCHAR', since: 'TIMESTAMPTZ',
		age_s: 'DOUBLE', verdict: 'VARCHAR', severity: 'BIGINT', why: 'VARCHAR', cause_id: 'VARCHAR', pid: 'BIGINT',
		comm: 'VARCHAR', unit: 'VARCHAR', pod: 'VARCHAR', namespace: 'VARCHAR', container_name: 'VARCHAR',
		netns: 'BIGINT', local_addr: 'VARCHAR', local_port: 'BIGINT', peer_addr: 'VARCHAR', peer_port: 'BIGINT',
		path: 'VARCHAR', role: 'VARCHAR', side: 'VARCHAR', waiters: 'BIGINT', awaits_addr: 'VARCHAR',
		awaits_port: 'BIGINT'
	}
);
