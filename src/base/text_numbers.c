/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Times, durations and numbers as text: see text.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"

#define TIME_DIGITS 9

/* Without libm. The value must fit. */
static int64_t nearest(double value)
{
	return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

static double magnitude(double value)
{
	return value < 0 ? -value : value;
}

static int add_date(struct buffer *out, const struct tm *tm, uint64_t realtime_ns, unsigned int digits,
		    const char *zone)
{
	char date[32], fraction[TIME_DIGITS + 1];

	if (!strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", tm))
		return -EINVAL;
	snprintf(fraction, sizeof(fraction), "%09u", (unsigned int)(realtime_ns % NS_PER_S));
	return text_printf(out, "%s%s%.*s%s", date, digits ? "." : "", (int)digits, fraction, zone);
}

int text_time(struct buffer *out, uint64_t realtime_ns, unsigned int digits)
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_S);
	struct tm tm;

	return gmtime_r(&seconds, &tm) ? add_date(out, &tm, realtime_ns, digits, "Z") : -EINVAL;
}

int text_local_time(struct buffer *out, uint64_t realtime_ns, unsigned int digits)
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_S);
	char zone[16];
	struct tm tm;
	long minutes;

	if (!localtime_r(&seconds, &tm))
		return -EINVAL;
	minutes = labs(tm.tm_gmtoff) / 60;
	snprintf(zone, sizeof(zone), "%c%02ld:%02ld", tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60 % 100, minutes % 60);
	return add_date(out, &tm, realtime_ns, digits, zone);
}

/* Below a minute: one decimal, if it tells something. */
static int short_duration(struct buffer *out, double seconds)
{
	if (seconds < 0.0009995)
		return text_printf(out, "%" PRId64 "us", nearest(seconds * 1e6));
	if (seconds < 0.9995)
		return text_printf(out, "%" PRId64 "ms", nearest(seconds * 1e3));
	return text_printf(out, "%" PRId64 ".%" PRId64 "s", nearest(seconds * 10) / 10, nearest(seconds * 10) % 10);
}

int text_duration(struct buffer *out, double seconds)
{
	uint64_t whole;

	if (seconds < 0)
		return text_add(out, "-") ?: text_duration(out, -seconds);
	if (seconds < 59.95)
		return short_duration(out, seconds);
	if (seconds >= 1e15)
		return text_printf(out, "%.0fd", seconds / 86400);
	whole = (uint64_t)nearest(seconds);
	if (whole < 3600)
		return text_printf(out, "%" PRIu64 "m%02" PRIu64 "s", whole / 60, whole % 60);
	if (whole < 86400)
		return text_printf(out, "%" PRIu64 "h%02" PRIu64 "m", whole / 3600, whole / 60 % 60);
	return text_printf(out, "%" PRIu64 "d%02" PRIu64 "h", whole / 86400, whole / 3600 % 24);
}

/* Appends value as an integer number of 10^-decimals; no printf of a double, for that follows the locale. */
static int add_fixed(struct buffer *out, double value, unsigned int decimals, double scale)
{
	int64_t scaled = nearest(value * scale), unit = nearest(scale);

	if (scaled < 0) {
		scaled = -scaled;
		return text_printf(out, "-%" PRId64 ".%0*" PRId64, scaled / unit, (int)decimals, scaled % unit);
	}
	return text_printf(out, "%" PRId64 ".%0*" PRId64, scaled / unit, (int)decimals, scaled % unit);
}

int text_rate(struct buffer *out, double value)
{
	double size = magnitude(value);

	if (size < 0.005)
		return text_add(out, "0");
	if (size < 9.995)
		return add_fixed(out, value, 2, 1e2);
	if (size < 99.95)
		return add_fixed(out, value, 1, 1e1);
	return text_printf(out, "%.0f", value);
}

int text_number(struct buffer *out, double value)
{
	size_t from = out->size;
	int error;

	/* Above this a double has no six decimals, and the sum does not fit into 64 bits. */
	if (magnitude(value) >= 1e12)
		return text_printf(out, "%.0f", value);
	if (magnitude(value) < 0.5e-6)
		return text_add(out, "0");
	error = add_fixed(out, value, 6, 1e6);
	if (error)
		return error;
	while (out->size > from && out->data[out->size - 1] == '0')
		out->size--;
	if (out->data[out->size - 1] == '.')
		out->size--;
	return 0;
}
