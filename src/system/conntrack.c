/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Conntrack's table over netlink: /proc/net/nf_conntrack is not there on many kernels. */
#include "system/conntrack.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system/netlink.h"

/* Messages that are read of one namespace's table. */
#define MAX_ENTRIES 65536

/* A tuple of conntrack: from and to, in one direction. */
struct tuple {
	__u8 source[16], destination[16];
	__u16 source_port, destination_port;
	__u8 protocol;
};

/* Steps over attributes; NULL at the end. */
static const struct nlattr *next_attribute(const char **at, size_t *left)
{
	const struct nlattr *attribute = (const void *)*at;
	size_t step;

	if (*left < sizeof(*attribute) || attribute->nla_len < sizeof(*attribute) || attribute->nla_len > *left)
		return NULL;
	step = NLA_ALIGN(attribute->nla_len);
	step = step < *left ? step : *left;
	*at += step;
	*left -= step;
	return attribute;
}

static int type_of(const struct nlattr *attribute)
{
	return attribute->nla_type & NLA_TYPE_MASK;
}

static const char *data_of(const struct nlattr *attribute)
{
	return (const char *)attribute + NLA_HDRLEN;
}

static size_t size_of(const struct nlattr *attribute)
{
	return attribute->nla_len - NLA_HDRLEN;
}

static void read_address(__u8 address[16], const struct nlattr *attribute)
{
	if (size_of(attribute) == 16) {
		memcpy(address, data_of(attribute), 16);
	} else if (size_of(attribute) == 4) {
		address[10] = address[11] = 0xff;
		memcpy(address + 12, data_of(attribute), 4);
	}
}

static void read_addresses(struct tuple *tuple, const struct nlattr *nest)
{
	const struct nlattr *attribute;
	const char *at = data_of(nest);
	size_t left = size_of(nest);

	while ((attribute = next_attribute(&at, &left))) {
		int type = type_of(attribute);

		if (type == CTA_IP_V4_SRC || type == CTA_IP_V6_SRC)
			read_address(tuple->source, attribute);
		else if (type == CTA_IP_V4_DST || type == CTA_IP_V6_DST)
			read_address(tuple->destination, attribute);
	}
}

static __u16 read_port(const struct nlattr *attribute)
{
	__u16 port = 0;

	if (size_of(attribute) == sizeof(port))
		memcpy(&port, data_of(attribute), sizeof(port));
	return ntohs(port);
}

static void read_protocol(struct tuple *tuple, const struct nlattr *nest)
{
	const struct nlattr *attribute;
	const char *at = data_of(nest);
	size_t left = size_of(nest);

	while ((attribute = next_attribute(&at, &left))) {
		if (type_of(attribute) == CTA_PROTO_NUM && size_of(attribute))
			tuple->protocol = (__u8)*data_of(attribute);
		else if (type_of(attribute) == CTA_PROTO_SRC_PORT)
			tuple->source_port = read_port(attribute);
		else if (type_of(attribute) == CTA_PROTO_DST_PORT)
			tuple->destination_port = read_port(attribute);
	}
}

static void read_tuple(struct tuple *tuple, const struct nlattr *nest)
{
	const struct nlattr *attribute;
	const char *at = data_of(nest);
	size_t left = size_of(nest);

	while ((attribute = next_attribute(&at, &left))) {
		if (type_of(attribute) == CTA_TUPLE_IP)
			read_addresses(tuple, attribute);
		else if (type_of(attribute) == CTA_TUPLE_PROTO)
			read_protocol(tuple, attribute);
	}
}

static bool is_translated(const struct tuple *original, const struct tuple *reply)
{
	return memcmp(original->source, reply->destination, 16) || memcmp(original->destination, reply->source, 16) ||
	       original->source_port != reply->destination_port || original->destination_port != reply->source_port;
}

int probe_conntrack_entry(struct buffer *buffer, __u32 netns, const struct nlmsghdr *header)
{
	struct translation_record record = {.header = {RECORD_TRANSLATION, sizeof(record)}, .netns = netns};
	struct tuple original = {0}, reply = {0};
	const char *at = (const char *)NLMSG_DATA(header) + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	size_t used = NLMSG_LENGTH(NLMSG_ALIGN(sizeof(struct nfgenmsg)));
	const struct nlattr *attribute;
	size_t left;

	if (header->nlmsg_len < used)
		return 0;
	left = header->nlmsg_len - used;
	while ((attribute = next_attribute(&at, &left))) {
		if (type_of(attribute) == CTA_TUPLE_ORIG)
			read_tuple(&original, attribute);
		else if (type_of(attribute) == CTA_TUPLE_REPLY)
			read_tuple(&reply, attribute);
	}
	if (original.protocol != IPPROTO_TCP || !is_translated(&original, &reply))
		return 0;
	memcpy(record.client_addr, original.source, 16);
	memcpy(record.asked_addr, original.destination, 16);
	memcpy(record.server_addr, reply.source, 16);
	memcpy(record.asker_addr, reply.destination, 16);
	record.client_port = original.source_port;
	record.asked_port = original.destination_port;
	record.server_port = reply.source_port;
	record.asker_port = reply.destination_port;
	return buffer_append(buffer, &record, sizeof(record));
}

struct taker {
	struct buffer *buffer;
	__u32 netns;
	size_t left; /* of MAX_ENTRIES */
};

/* A dump that a busy gateway makes long is cut short: what is behind the cut is not followed. */
static int take_entry(void *context, const struct nlmsghdr *header)
{
	struct taker *taker = context;

	if (!taker->left)
		return -E2BIG;
	taker->left--;
	return probe_conntrack_entry(taker->buffer, taker->netns, header);
}

static int ask(int fd, __u16 question, __u16 flags, __u16 answer,
	       int (*each)(void *context, const struct nlmsghdr *header), void *context)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg message;
	} request = {
		.header =
			{
				.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | question,
				.nlmsg_flags = NLM_F_REQUEST | flags,
			},
		.message = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0},
	};

	return netlink_ask(fd, &request.header, sizeof(request), NFNL_SUBSYS_CTNETLINK << 8 | answer, each, context);
}

static int take_count(void *context, const struct nlmsghdr *header)
{
	const char *at = (const char *)NLMSG_DATA(header) + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	size_t used = NLMSG_LENGTH(NLMSG_ALIGN(sizeof(struct nfgenmsg)));
	const struct nlattr *attribute;
	__u32 count;
	size_t left;

	if (header->nlmsg_len < used)
		return 0;
	left = header->nlmsg_len - used;
	while ((attribute = next_attribute(&at, &left))) {
		if (type_of(attribute) != CTA_STATS_GLOBAL_ENTRIES || size_of(attribute) != sizeof(count))
			continue;
		memcpy(&count, data_of(attribute), sizeof(count));
		*(bool *)context = !count;
	}
	return 0;
}

/*
 * A dump walks the table of the whole machine, milliseconds for each namespace; most of them have no entry. False also
 * where the kernel does not tell.
 */
static bool is_empty(int fd)
{
	bool empty = false;
	/* The answer says that more follow, and only the acknowledgement does (ctnetlink_stat_ct_fill_info()). */
	int err = ask(fd, IPCTNL_MSG_CT_GET_STATS, NLM_F_ACK, IPCTNL_MSG_CT_GET_STATS, take_count, &empty);

	return !err && empty;
}

int probe_conntrack_add(struct buffer *buffer, __u32 netns, __u64 *lost)
{
	struct taker taker = {.buffer = buffer, .netns = netns, .left = MAX_ENTRIES};
	int fd = netlink_open(NETLINK_NETFILTER), err = 0;

	if (fd < 0)
		return 0;
	if (!is_empty(fd))
		err = ask(fd, IPCTNL_MSG_CT_GET, NLM_F_DUMP, IPCTNL_MSG_CT_NEW, take_entry, &taker);
	close(fd);
	*lost += err == -E2BIG;
	return err == -ENOMEM ? err : 0;
}
