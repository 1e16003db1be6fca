-- SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
--
-- The JSON Lines of many hosts in one table, and three questions. For DuckDB and PostgreSQL, with nothing that only one of them has.
-- This file makes the table; fleet-duckdb.sql and fleet-postgres.sql fill it. Then ask:
--
--   SELECT * FROM began_first LIMIT 10;
--   SELECT * FROM stopped_answering_first LIMIT 10;
--   SELECT * FROM ends_of_chains LIMIT 10;
--
-- Who serves an address is told by looks at all there is: beside a stream, or by itself, take on each host
--
--   sockstall -1 --all -j --at 10s >> HOST.jsonl
--
-- ClickHouse was not tried. It needs another table (String, Nullable(Int64), DateTime64(6), ENGINE = MergeTree), takes JSONEachRow as
-- it is, and has other words for chr (char) and UNION (UNION DISTINCT).

-- A column is a key of the records, with its name (sockstall-records(5)). Keys that are not here are left out when it is filled.
CREATE TABLE sockstall (
	host text NOT NULL,
	type text NOT NULL,
	time timestamp with time zone NOT NULL,
	event text,
	id text,
	since timestamp with time zone,
	age_s double precision,
	verdict text,
	severity bigint,
	why text,
	cause_id text,
	pid bigint,
	comm text,
	unit text,
	pod text,
	namespace text,
	container_name text,
	netns bigint,
	local_addr text,
	local_port bigint,
	peer_addr text,
	peer_port bigint,
	path text,
	role text,
	side text,
	waiters bigint,
	awaits_addr text,
	awaits_port bigint
);

-- A row for each stall, as it was when it was reported last. Without a close it was still there at the end of the file.
CREATE VIEW stall AS
SELECT
	told.*,
	coalesce(since, first_told) AS began,
	event = 'close' AS is_over,
	-- A process chooses its comm, its paths and its functions: no character that controls a terminal is shown.
	regexp_replace(coalesce(pod, container_name, unit, comm), '[' || chr(1) || '-' || chr(31) || chr(127) || '-' || chr(159) || ']', '?', 'g') AS name,
	regexp_replace(why, '[' || chr(1) || '-' || chr(31) || chr(127) || '-' || chr(159) || ']', '?', 'g') AS shown_why,
	regexp_replace(path, '[' || chr(1) || '-' || chr(31) || chr(127) || '-' || chr(159) || ']', '?', 'g') AS shown_path
FROM (
	SELECT
		s.*,
		min(time) OVER (PARTITION BY host, id) AS first_told,
		row_number() OVER (PARTITION BY host, id ORDER BY time DESC) AS place
	FROM sockstall AS s
	WHERE event IS NOT NULL
) AS told
WHERE place = 1;

-- What began first, and where? It may be what the rest waits for.
CREATE VIEW began_first AS
SELECT began, host, name, pid, type, verdict, age_s AS lasted_s, is_over, shown_why AS why
FROM stall
WHERE severity > 0
ORDER BY began, host, id;

-- Which service stopped answering first, or lets nobody in any more?
CREATE VIEW stopped_answering_first AS
SELECT
	began, host, name, pid, local_addr, local_port, shown_path AS path, verdict, age_s AS lasted_s, is_over,
	shown_why AS why
FROM stall
WHERE type IN ('service', 'listener') AND severity > 0
ORDER BY began, host, id;

-- Who waits for an address: each process once for each address, with its stalls that do.
CREATE VIEW waits AS
WITH stuck AS (SELECT * FROM stall WHERE severity > 0 AND pid IS NOT NULL)
SELECT host, pid, netns, max(name) AS name, addr, port, count(*) AS stalls, min(began) AS began
FROM (
	SELECT host, pid, netns, name, peer_addr AS addr, peer_port AS port, began
	FROM stuck
	WHERE (role = 'client' OR side = 'client') AND peer_addr IS NOT NULL
	UNION ALL
	SELECT host, pid, netns, name, awaits_addr, awaits_port, began
	FROM stuck
	WHERE type = 'service' AND awaits_addr IS NOT NULL
) AS one
GROUP BY host, pid, netns, addr, port;

-- Who serves an address. One that is bound to all addresses serves those that its host was seen to have.
CREATE VIEW serves AS
SELECT DISTINCT host, netns, pid, local_addr AS addr, local_port AS port
FROM sockstall
WHERE (type IN ('service', 'listener') OR role = 'server' OR side = 'server')
	AND pid IS NOT NULL AND local_addr NOT IN ('0.0.0.0', '::')
UNION
SELECT DISTINCT s.host, s.netns, s.pid, own.local_addr, s.local_port
FROM sockstall AS s
JOIN (SELECT DISTINCT host, netns, local_addr FROM sockstall WHERE local_addr NOT IN ('0.0.0.0', '::')) AS own
	ON own.host = s.host AND own.netns = s.netns
WHERE s.type IN ('service', 'listener') AND s.pid IS NOT NULL AND s.local_addr IN ('0.0.0.0', '::');

-- From who waits to who serves that. Loopback leads to another process of the same network namespace alone. Null: no record tells who
-- serves it.
CREATE VIEW hops AS
SELECT w.host, w.pid, w.name, w.addr, w.port, w.stalls, s.host AS to_host, s.pid AS to_pid
FROM waits AS w
LEFT JOIN serves AS s
	ON s.addr = w.addr AND s.port = w.port
	AND (s.host = w.host AND s.netns = w.netns OR NOT (w.addr LIKE '127.%' OR w.addr = '::1'))
	AND NOT (s.host = w.host AND s.pid = w.pid);

-- Who is at the end of most chains, across hosts? An end waits for nobody that is known: a process, or an address that no host here
-- has. A circle, in which everybody waits, has no end.
CREATE VIEW ends_of_chains AS
WITH RECURSIVE hop AS (SELECT * FROM hops),
chain (host, pid, stalls, to_host, to_pid, addr, port) AS (
	SELECT host, pid, stalls, to_host, to_pid, addr, port FROM hop
	UNION
	SELECT c.host, c.pid, c.stalls, h.to_host, h.to_pid, h.addr, h.port
	FROM chain AS c
	JOIN hop AS h ON h.host = c.to_host AND h.pid = c.to_pid
)
SELECT
	ends.to_host AS host,
	ends.to_pid AS pid,
	replace(replace(max(named.name), chr(10), '?'), chr(27), '?') AS name,
	ends.addr,
	ends.port,
	count(DISTINCT ends.host) AS hosts,
	count(*) AS processes,
	sum(ends.stalls) AS stalls
FROM (SELECT DISTINCT host, pid, to_host, to_pid, addr, port, stalls FROM chain) AS ends
LEFT JOIN (SELECT host, pid, max(coalesce(pod, container_name, unit, comm)) AS name FROM sockstall GROUP BY host, pid) AS named
	ON named.host = ends.to_host AND named.pid = ends.to_pid
LEFT JOIN (SELECT DISTINCT host, pid FROM hop) AS further
	ON further.host = ends.to_host AND further.pid = ends.to_pid
WHERE further.host IS NULL
GROUP BY ends.to_host, ends.to_pid, ends.addr, ends.port
ORDER BY sum(ends.stalls) DESC, ends.to_host, ends.to_pid, ends.addr, ends.port;
