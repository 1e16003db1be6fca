/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <locale.h>
#include <math.h>

#include "output/html/html.h"
#include "rows/links.h"
#include "rules/meanings.h"
#include "sample.h"

#define SECOND 1000000000ULL

/* Samples are alike: nearly all tests are about each of them. */
static const struct options plain = {.sinks.no_fold = true};
static const struct options folding;

static void take(void *html, uint64_t seconds, struct row *rows, size_t count)
{
	struct look_record head = {.realtime_ns = SAMPLE_TIME + seconds * SECOND};
	struct look look = {.head = &head};
	struct report report = {.rows = rows, .count = count};

	for (size_t i = 0; i < count; i++)
		rows[i].time_ns = head.realtime_ns;
	assert_int_equal(emit_html.look(html, &report, &look), 0);
}

static void *begin_with(struct capture *capture, const struct options *options)
{
	struct row start;
	void *html = NULL;

	capture_open(capture);
	assert_int_equal(emit_html.open(&html, options, capture->file), 0);
	row_init(&start, ROW_START);
	start.time_ns = SAMPLE_TIME;
	start.start.host = "web<1>";
	start.start.kernel = "6.1.0";
	assert_int_equal(emit_html.record(html, &start), 0);
	return html;
}

static void *begin(struct capture *capture)
{
	return begin_with(capture, &plain);
}

static const char *end(void *html, struct capture *capture, const char *damage)
{
	assert_int_equal(emit_html.finish(html, damage), 0);
	emit_html.close(html);
	return capture_close(capture);
}

/* What stands between the first of `from` and the next of `to`, which must be there. */
static const char *between(const char *page, const char *from, const char *to)
{
	static char part[1 << 18];
	const char *begin = strstr(page, from), *finish = begin ? strstr(begin, to) : NULL;

	assert_non_null(finish);
	snprintf(part, sizeof(part), "%.*s", (int)(finish - begin), begin);
	return part;
}

static void causes_stand_on_top(void **state)
{
	struct row rows[3] = {sample_reader(), sample_reader(), sample_reader()};
	struct capture capture;
	void *html = begin(&capture);
	const char *page, *causes;

	(void)state;
	rows[0].id = "a";
	rows[0].cause_id = "b";
	rows[1].id = "b";
	rows[1].type = ROW_LOOP;
	rows[1].comm = HOSTILE "<b>";
	rows[1].verdict = "stalled";
	rows[2].id = "c";
	take(html, 0, rows, 3);
	page = end(html, &capture, NULL);
	causes = between(page, "<section class=\"causes\"", "</section>");
	assert_non_null(strstr(causes, "<h2>1 cause</h2>"));
	assert_non_null(strstr(causes, ">stalled</b> <a href=\"#stall-1\">"));
	assert_non_null(strstr(causes, "<li><a href=\"#stall-0\">1 reader of java/1234: peer_dead for "));
	assert_null(strstr(causes, "#stall-2"));
	assert_null(strstr(causes, "<b>:"));
	assert_null(strchr(causes, '\x1b'));
	assert_true(strstr(page, "<section class=\"causes\"") < strstr(page, "class=\"lane\""));
}

static void a_page_about_nothing(void **state)
{
	struct capture capture;
	void *html = begin(&capture);
	const char *page;

	(void)state;
	take(html, 0, NULL, 0);
	page = end(html, &capture, NULL);
	assert_string_equal(
		between(page, "<header>", "<script>"),
		"<header><h1>What was stuck on web&lt;1&gt;</h1>\n"
		"<p>From <time>2026-11-23T02:34:31Z</time> for 0us, 1 look.</p>\n"
		"<details><summary>how this was recorded</summary><dl><dt>time</dt><dd>2026-11-23T02:34:31.123456Z</dd>"
		"<dt>kernel</dt><dd>6.1.0</dd><dt>host</dt><dd>web&lt;1&gt;</dd></dl></details>\n"
		"<p class=\"sum\">Nothing was stuck.</p>\n"
		"<input id=\"filter\" type=\"search\" placeholder=\"show only what has \xe2\x80\xa6\" "
		"aria-label=\"show only what has these words\" hidden>\n</header>\n<main>\n</main>\n");
	assert_null(strstr(page, "://"));
	assert_non_null(strstr(page, "<title>sockstall: web&lt;1&gt;</title>"));
	assert_string_equal(page + strlen(page) - 32, "})();\n</script>\n</body>\n</html>\n");
}

static struct row short_reader(void)
{
	struct row row;

	row_init(&row, ROW_READER);
	row.event = STALL_OPEN;
	row.id = "reader-1";
	row.since_ns = SAMPLE_TIME - 20 * SECOND;
	row.age_s = 20;
	row.verdict = "awaiting_reply";
	row.severity = 30;
	row.stuck = true;
	row.why = "nothing came back";
	row.advice = "ask \"a&b\"";
	row.pid = row.tid = 7;
	row.comm = "</script><img";
	row.local_addr = "10.0.0.1";
	row.local_port = 40000;
	row.peer_addr = "fd00::1";
	row.peer_port = 80;
	return row;
}

/* Threads of one process stand under its name, and the table has a column for which thread it is. */
static void threads_are_of_one_process(void **state)
{
	struct row rows[] = {short_reader(), short_reader()};
	struct capture capture;
	void *html = begin(&capture);
	const char *page;

	(void)state;
	rows[1].id = "reader-2";
	rows[1].tid = 4711;
	rows[0].comm = rows[1].comm = "payment-service";
	take(html, 0, rows, 2);
	page = end(html, &capture, NULL);
	assert_string_equal(between(page, "<h3>", "\n"), "<h3>payment-service/7</h3>");
	assert_null(strstr(strstr(page, "<h3>") + 1, "<h3>"));
	assert_non_null(strstr(page, ">PROCESS</th><th title=\"Thread\">TID</th>"));
	assert_non_null(strstr(page, "<td data-heading=\"PROCESS\">payment-service/7</td>"
				     "<td class=\"number\" data-heading=\"TID\">-</td>"));
	assert_non_null(strstr(page, "<td data-heading=\"PROCESS\">payment-service/7</td>"
				     "<td class=\"number\" data-heading=\"TID\">4711</td>"));
}

static void hosts_have_processes_of_the_same_number(void **state)
{
	struct row rows[] = {short_reader(), short_reader()};
	struct capture capture;
	void *html = begin(&capture);
	const char *page;

	(void)state;
	rows[0].comm = rows[1].comm = "app";
	rows[0].host = "web";
	rows[1].host = "db";
	rows[0].with_others = rows[1].with_others = true;
	rows[1].id = "reader-2";
	rows[1].host_at = 1;
	take(html, 0, rows, 2);
	page = end(html, &capture, NULL);
	assert_non_null(strstr(page, "<h3>web:app/7</h3>"));
	assert_non_null(strstr(page, "<h3>db:app/7</h3>"));
}

/* How often this is in the page. */
static size_t count_of(const char *page, const char *text)
{
	size_t count = 0;

	for (; (page = strstr(page, text)); page += strlen(text))
		count++;
	return count;
}

/* One lane, whose bar is there while one of them is; one row with a list of them. What is over stays apart. */
static void what_is_alike_is_one_lane(void **state)
{
	static const char *const ids[] = {"reader-1", "reader-2", "reader-3", "reader-4"};
	struct row rows[COUNT_OF(ids)];
	struct capture capture;
	void *html = begin_with(&capture, &folding);
	const char *page;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		rows[i] = short_reader();
		rows[i].id = ids[i];
		rows[i].comm = "a-worker";
		rows[i].pid = rows[i].tid = 7 + (int64_t)i / 2;
		rows[i].tid = 7 + (int64_t)i;
		rows[i].local_port += (int64_t)i;
	}
	rows[2].since_ns += 15 * SECOND;
	take(html, 0, rows, COUNT_OF(ids));
	for (size_t i = 0; i < COUNT_OF(ids); i++)
		rows[i].event = i == 3 ? STALL_CLOSE : STALL_NONE;
	rows[3].why = "it was answered";
	take(html, 10, rows, COUNT_OF(ids));
	page = end(html, &capture, NULL);
	assert_non_null(strstr(page, "4 stalls, 3 of them not over at the end."));
	assert_int_equal(count_of(page, "<a class=\"lane\""), 2);
	assert_int_equal(count_of(page, "<tbody id="), 2);
	assert_non_null(strstr(page, "<h3>a-worker \xc3\x97"
				     "3 (2 pids)</h3>\n<a class=\"lane\" href=\"#stall-0\">"
				     "<span class=\"name\">reader \xc3\x97"
				     "3 10.0.0.1 \xe2\x80\x93 [fd00::1]:80</span>"));
	assert_non_null(strstr(page, "<span class=\"what\">awaiting_reply, 30.0s, not over</span>"));
	assert_non_null(strstr(page, "<h2>4 readers</h2>"));
	assert_non_null(strstr(page, "<details><summary>each of the 3</summary><ol class=\"members\">"
				     "<li>a-worker/7 10.0.0.1:40000 [fd00::1]:80 30.0s</li>"));
	assert_int_equal(count_of(between(page, "each of the 3", "</ol>"), "<li>"), 3);
	assert_non_null(strstr(page, "<h3>a-worker/8</h3>"));
	assert_int_equal(count_of(between(page, "stall-0", "</svg>"), "<rect"), 2);
}

/* It opens at the first look, is worse at the second, gone at the third. The axis: 10 s before, 20 s of looks. */
static void a_stall_from_beginning_to_end(void **state)
{
	struct row row = short_reader();
	struct capture capture;
	void *html = begin(&capture);
	const char *page;

	(void)state;
	take(html, 0, &row, 1);
	row.event = STALL_CHANGE;
	row.verdict = "peer_dead";
	row.severity = 70;
	row.age_s = 30;
	take(html, 10, &row, 1);
	row.event = STALL_CLOSE;
	row.why = "it was <ended>";
	take(html, 20, &row, 1);
	page = end(html, &capture, NULL);
	assert_string_equal(between(page, "<p class=\"sum\">", "<input"),
			    "<p class=\"sum\">1 stall, 0 of them not over at the end.</p>\n<ul class=\"verdicts\">\n"
			    "<li><a href=\"#reader\"><b class=\"bad\">peer_dead</b> 1 reader</a></li>\n</ul>\n");
	assert_string_equal(
		between(page, "<section id=\"timeline\">", "<section id=\"meanings\">"),
		"<section id=\"timeline\"><h2>When</h2>\n"
		"<div class=\"lane axis\" aria-hidden=\"true\"><span class=\"name\">UTC</span><div class=\"ticks\">"
		"<span>02:34:21</span><span>02:34:28</span><span>02:34:36</span><span>02:34:43</span><span>02:34:51</span>"
		"</div></div>\n"
		"<section class=\"process\"><h3>&lt;/script&gt;&lt;img/7</h3>\n"
		"<a class=\"lane\" href=\"#stall-0\"><span class=\"name\">reader 10.0.0.1:40000 \xe2\x80\x93 [fd00::1]:80</span>"
		"<svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
		"<rect x=\"0\" y=\"1\" width=\"333.333333\" height=\"8\" class=\"before\"/>"
		"<rect x=\"0\" y=\"1\" width=\"666.666667\" height=\"8\" class=\"waits\"/>"
		"<rect x=\"666.666667\" y=\"1\" width=\"333.333333\" height=\"8\" class=\"bad\"/></svg>"
		"<span class=\"what\">awaiting_reply, then peer_dead, 40.0s</span></a>\n</section>\n</section>\n"
		"<section class=\"table\" id=\"reader\"><h2>1 reader</h2>\n<div class=\"scroll\"><table><thead><tr>"
		"<th title=\"How long ago the wait began\">AGE</th><th title=\"What is wrong\">VERDICT</th>"
		"<th title=\"Command name; bytes that are no UTF-8 are U+FFFD\">PROCESS</th>"
		"<th title=\"Address of this end; IPv4-mapped IPv6 is shown as IPv4\">LOCAL</th>"
		"<th title=\"Address of the other end; IPv4-mapped IPv6 is shown as IPv4\">PEER</th></tr></thead>\n"
		"<tbody id=\"stall-0\"><tr><td class=\"number\" data-heading=\"AGE\">30.0s</td>"
		"<td data-heading=\"VERDICT\"><b class=\"bad\" title=\"the peer no longer answers the kernel\">peer_dead</b></td>"
		"<td data-heading=\"PROCESS\">&lt;/script&gt;&lt;img/7</td><td data-heading=\"LOCAL\">10.0.0.1:40000</td>"
		"<td data-heading=\"PEER\">[fd00::1]:80</td></tr><tr class=\"more\"><td colspan=\"5\">"
		"<p class=\"why\">nothing came back</p><p class=\"advice\">ask &quot;a&amp;b&quot;</p>"
		"<p class=\"course\">began 2026-11-23T02:34:11.123Z; from 2026-11-23T02:34:41.123Z on peer_dead; "
		"over at 2026-11-23T02:34:51.123Z: it was &lt;ended&gt;</p>"
		"<details><summary>all fields</summary><dl><dt>v</dt><dd>1</dd><dt>type</dt><dd>reader</dd>"
		"<dt>time</dt><dd>2026-11-23T02:34:41.123456Z</dd><dt>event</dt><dd>change</dd><dt>id</dt><dd>reader-1</dd>"
		"<dt>since</dt><dd>2026-11-23T02:34:11.123456Z</dd><dt>age_s</dt><dd>30.0s</dd>"
		"<dt>verdict</dt><dd>peer_dead</dd><dt>severity</dt><dd>70</dd><dt>why</dt><dd>nothing came back</dd>"
		"<dt>advice</dt><dd>ask &quot;a&amp;b&quot;</dd><dt>pid</dt><dd>7</dd><dt>tid</dt><dd>7</dd>"
		"<dt>comm</dt><dd>&lt;/script&gt;&lt;img</dd><dt>local_addr</dt><dd>10.0.0.1</dd>"
		"<dt>local_port</dt><dd>40000</dd><dt>peer_addr</dt><dd>fd00::1</dd><dt>peer_port</dt><dd>80</dd>"
		"</dl></details></td></tr></tbody>\n</table></div>\n</section>\n");
	/* What it means, in the words of `sockstall explain`, and no other verdict. */
	assert_string_equal(between(page, "<section id=\"meanings\">", "<dl>"),
			    "<section id=\"meanings\"><h2>What the verdicts mean</h2>\n"
			    "<details><summary>reader.peer_dead: the peer no longer answers the kernel</summary>");
	assert_non_null(strstr(page, verdict_meaning("reader", "peer_dead")->evidence));
	assert_int_equal(count_of(strstr(page, "<section id=\"meanings\">"), "<summary>"), 1);
}

/* Each in <code>, with a button that the script shows; and not once more among the fields. */
static void commands_can_be_copied(void **state)
{
	struct row row = short_reader();
	struct capture capture;
	void *html = begin(&capture);
	const char *page;

	(void)state;
	row.commands = "sockstall end 'local=<1>'\nss -lnp";
	take(html, 0, &row, 1);
	page = end(html, &capture, NULL);
	assert_non_null(strstr(page, "<p class=\"command\"><code>sockstall end &#39;local=&lt;1&gt;&#39;</code> "
				     "<button type=\"button\" hidden>copy</button></p>"
				     "<p class=\"command\"><code>ss -lnp</code> "));
	assert_null(strstr(page, "<dt>commands</dt>"));
}

/* The worst is in the first table, whatever its type. */
static void tables_are_in_the_order_of_severity(void **state)
{
	static const struct {
		int64_t listener;
		const char *first, *second;
	} cases[] = {{90, "id=\"listener\"", "id=\"reader\""}, {10, "id=\"reader\"", "id=\"listener\""}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct row rows[2] = {short_reader()};
		struct capture capture;
		void *html = begin(&capture);
		const char *page;

		row_init(&rows[1], ROW_LISTENER);
		rows[1].event = STALL_OPEN;
		rows[1].id = "listener-1";
		rows[1].stuck = true;
		rows[1].verdict = "not_accepting";
		rows[1].severity = cases[i].listener;
		take(html, 0, rows, 2);
		page = end(html, &capture, NULL);
		assert_non_null(strstr(page, cases[i].first));
		assert_non_null(strstr(strstr(page, cases[i].first), cases[i].second));
	}
}

/* Every text of a row that another process can choose, with every byte that markup is made of. */
static void hostile_text_stays_text(void **state)
{
	static const char evil[] = "'\"><img src=x onerror=1></td></style></script>\x1b[2J\xff\xe2\x80\xae&amp;";
	struct row rows[2] = {short_reader(), short_reader()};
	struct capture capture;
	void *html = begin(&capture);
	const char *page;

	(void)state;
	rows[0].comm = rows[0].why = rows[0].advice = rows[0].cgroup = rows[0].container = rows[0].netns_name = evil;
	rows[0].reader.syscall = evil;
	row_init(&rows[1], ROW_THREAD);
	rows[1].comm = rows[1].thread.syscall = evil;
	take(html, 0, rows, 2);
	page = end(html, &capture, evil);
	assert_null(strstr(page, "<img"));
	assert_null(strchr(page, '\x1b'));
	assert_null(strchr(page, '\xff'));
	assert_null(strstr(page, "\xe2\x80\xae"));
	assert_ptr_equal(strstr(page, "</style>"), strstr(page, "</style>\n</head>"));
	assert_ptr_equal(strstr(page, "</script>"), strstr(page, "</script>\n</body>"));
	assert_string_equal(
		between(page, "<td data-heading=\"SYSCALL\">", "</td>"),
		"<td data-heading=\"SYSCALL\">&#39;&quot;&gt;&lt;img src=x onerror=1&gt;&lt;/td&gt;&lt;/style&gt;"
		"&lt;/script&gt;\\x1b[2J\\xff\\u202e&amp;amp;");
}

/* Below its sentences stand its links, in order; names in them are as hostile as any. */
static void a_chain_has_its_links(void **state)
{
	struct link links[2] = {
		{.pid = 7,
		 .tid = 9,
		 .comm = "<b>&",
		 .fd = 3,
		 .kind = "tcp",
		 .holders = NOT_KNOWN,
		 .netns = NOT_KNOWN,
		 .local_addr = "10.0.0.1",
		 .local_port = 40000,
		 .peer_addr = "10.0.0.2",
		 .peer_port = 80,
		 .in = "recvfrom",
		 .verdict = "awaiting_reply",
		 .age_s = 4},
		{.pid = 8,
		 .tid = 8,
		 .comm = "x",
		 .fd = NOT_KNOWN,
		 .kind = "pipe",
		 .holders = 3,
		 .netns = NOT_KNOWN,
		 .local_port = NOT_KNOWN,
		 .peer_port = NOT_KNOWN,
		 .verdict = "waiting",
		 .age_s = NAN},
	};
	struct arena arena = {0};
	struct row row = short_reader();
	struct capture capture;
	void *html = begin(&capture);
	const char *page;

	(void)state;
	row.type = ROW_CHAIN;
	row.chain.waiters = 1;
	row.chain.links = links_add(&arena, links_add(&arena, NULL, &links[0]), &links[1]);
	take(html, 0, &row, 1);
	page = end(html, &capture, NULL);
	assert_non_null(strstr(
		page, "</p><ol class=\"links\"><li>&lt;b&gt;&amp;/7/9  awaiting_reply  recvfrom  4.0s  fd 3  tcp  "
		      "10.0.0.1:40000 -&gt; 10.0.0.2:80</li><li>x/8 (one of 3)  waiting  pipe</li></ol>"
		      "<p class=\"course\">"));
	arena_free(&arena);
}

static void what_is_missing_is_told(void **state)
{
	struct capture capture;
	void *html = begin(&capture);
	struct row lost;

	(void)state;
	row_init(&lost, ROW_LOST);
	lost.lost.count = 12;
	assert_int_equal(emit_html.record(html, &lost), 0);
	assert_string_equal(
		between(end(html, &capture, "it ends in the middle"), "<p class=\"warning\">", "<p class=\"sum\">"),
		"<p class=\"warning\">The recording is not whole: it ends in the middle. This page shows only "
		"the part before that.</p>\n<p class=\"warning\">12 events or records were lost: something may be missing "
		"here.</p>\n");
}

/* More than are drawn, more than are listed: both say so. */
static void many_stalls_are_bounded(void **state)
{
	static struct row rows[600];
	static char ids[COUNT_OF(rows)][16];
	struct buffer page = {0};
	struct story story = {0};
	struct look_record head = {.realtime_ns = SAMPLE_TIME};
	struct look look = {.head = &head};
	struct report report = {.rows = rows, .count = COUNT_OF(rows)};
	size_t lanes = 0, bodies = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		rows[i] = short_reader();
		rows[i].time_ns = SAMPLE_TIME;
		snprintf(ids[i], sizeof(ids[i]), "reader-%zu", i);
		rows[i].id = ids[i];
	}
	row_init(&story.start, ROW_START);
	assert_int_equal(story_look(&story, &report, &look), 0);
	assert_int_equal(story.count, COUNT_OF(rows));
	assert_int_equal(html_page(&page, &story, NULL, true), 0);
	assert_int_equal(buffer_append(&page, "", 1), 0);
	for (const char *at = page.data; (at = strstr(at, "<a class=\"lane\"")); at++)
		lanes++;
	for (const char *at = page.data; (at = strstr(at, "<tbody id=")); at++)
		bodies++;
	assert_int_equal(lanes, 400);
	assert_int_equal(bodies, 500);
	assert_non_null(strstr(page.data, "<p>The 400 worst are drawn; 200 more are in the recording.</p>"));
	assert_non_null(strstr(page.data, "<p>100 more are in the recording.</p>"));
	buffer_free(&page);
	story_free(&story);
}

static void a_full_disk_is_told(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	void *html = NULL;

	(void)state;
	assert_int_equal(emit_html.open(&html, &plain, full), 0);
	assert_int_equal(emit_html.finish(html, NULL), -ENOSPC);
	emit_html.close(html);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(causes_stand_on_top),
		cmocka_unit_test(what_is_alike_is_one_lane),
		cmocka_unit_test(a_page_about_nothing),
		cmocka_unit_test(threads_are_of_one_process),
		cmocka_unit_test(hosts_have_processes_of_the_same_number),
		cmocka_unit_test(a_stall_from_beginning_to_end),
		cmocka_unit_test(commands_can_be_copied),
		cmocka_unit_test(tables_are_in_the_order_of_severity),
		cmocka_unit_test(hostile_text_stays_text),
		cmocka_unit_test(a_chain_has_its_links),
		cmocka_unit_test(what_is_missing_is_told),
		cmocka_unit_test(many_stalls_are_bounded),
		cmocka_unit_test(a_full_disk_is_told),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
