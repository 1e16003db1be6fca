-- SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
--
-- Three questions about an incident, to the JSON Lines of sockstall. To ask them:
--
--   sqlite3 -batch -init incident.sql :memory: .quit < stalls.jsonl

-- A line is one value: neither of these two stands in it.
.mode ascii
.separator "\037" "\n"
CREATE TABLE record (line TEXT);
.import /dev/stdin record

-- One row for each stall: as it was when it was told of last, which is the row that max() picks.
CREATE TABLE stall AS
SELECT json_extract(line, '$.id') AS id,
	json_extract(line, '$.type') AS type,
	json_extract(line, '$.verdict') AS verdict,
	-- A process chooses its name: it may hold what breaks lines, or a terminal.
	replace(replace(json_extract(line, '$.comm'), char(10), '?'), char(27), '?') || '/' || json_extract(line, '$.pid') AS process,
	json_extract(line, '$.since') AS since,
	-- What is not over has gone on to the end of the file.
	iif(json_extract(line, '$.event') = 'close', json_extract(line, '$.age_s'),
	    86400 * (julianday((SELECT max(json_extract(line, '$.time')) FROM record))
		     - julianday(json_extract(line, '$.since')))) AS age_s,
	json_extract(line, '$.event') = 'close' AS is_over,
	max(json_extract(line, '$.time')) AS told,
	json_extract(line, '$.local_addr') || ' ' || json_extract(line, '$.local_port') AS local,
	json_extract(line, '$.peer_addr') || ' ' || json_extract(line, '$.peer_port') AS peer,
	coalesce(json_extract(line, '$.role'), json_extract(line, '$.side')) AS role
FROM record
WHERE json_extract(line, '$.event') IS NOT NULL
GROUP BY id;

.mode column
.headers on

.print What began first? It may be what the rest waits for.
SELECT since, process, type, verdict, round(age_s, 1) AS lasted_s, iif(is_over, 'yes', 'no') AS over
FROM stall
ORDER BY since
LIMIT 10;

.print
.print Who was waited for? Peers by how long all of their clients waited together.
SELECT peer, count(*) AS waits, count(DISTINCT process) AS processes, round(sum(age_s), 1) AS waited_s,
	round(max(age_s), 1) AS longest_s
FROM stall
WHERE role = 'client'
GROUP BY peer
ORDER BY sum(age_s) DESC, peer
LIMIT 10;

.print
.print Who let nobody in, from when on, and for how long?
SELECT process, local, verdict, since, round(age_s, 1) AS lasted_s, iif(is_over, 'yes', 'no') AS over
FROM stall
WHERE type = 'listener'
ORDER BY since
LIMIT 10;
