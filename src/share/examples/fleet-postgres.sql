-- SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
--
-- Fills the table of fleet.sql, in PostgreSQL, with the lines of one host: its name stands where a record has no host.
--
--   psql -f fleet.sql
--   psql -v host=web1 -f fleet-postgres.sql < web1.jsonl
\set ON_ERROR_STOP on
BEGIN;
CREATE TEMPORARY TABLE line (line text) ON COMMIT DROP;
-- A line is one value: neither of these two bytes stands in it.
\copy line FROM pstdin WITH (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')
-- A record begins as a row with this host alone, and takes what its line has.
INSERT INTO sockstall
SELECT record.*
FROM (SELECT json_populate_record(NULL::sockstall, json_build_object('host', :'host')) AS empty) AS named,
	line,
	json_populate_record(named.empty, json_strip_nulls(line.line::json)) AS record;
COMMIT;
