/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Half-open connections, as many as one likes.
 *
 *   flood N      makes them by N SYNs from as many addresses of a network in which nobody lives, prints "ready", and
 *                stays until its standard input is closed
 *
 * All in a network namespace of its own, whose only link is a TUN device: a packet written to it comes in at once, in
 * the context of the writer, so that none is lost to a full backlog; what goes out there is dropped. The listener is at
 * 10.0.0.1:80; the sources are 10.1.0.0 and up, of that same network.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

#define SERVER_ADDRESS 0x0a000001u /* 10.0.0.1 */
#define FIRST_SOURCE   0x0a010000u /* 10.1.0.0 */
#define SERVER_PORT    80
#define BACKLOG	       16777216

static void run(const char *command)
{
	if (system(command))
		die(command);
}

static void set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die(path);
	close(fd);
}

struct syn {
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

static unsigned int sum_words(const void *data, size_t size)
{
	const unsigned char *bytes = data;
	unsigned int sum = 0;
	size_t i;

	for (i = 0; i < size; i += 2)
		sum += (unsigned int)bytes[i] << 8 | bytes[i + 1];
	return sum;
}

static unsigned short fold(unsigned int sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((unsigned short)~sum);
}

static void make_syn(struct syn *syn, unsigned int source)
{
	*syn = (struct syn){
		.ip = {.version = 4,
		       .ihl = 5,
		       .tot_len = htons(sizeof(*syn)),
		       .ttl = 64,
		       .protocol = IPPROTO_TCP,
		       .saddr = htonl(source),
		       .daddr = htonl(SERVER_ADDRESS)},
		.tcp = {.source = htons(12345),
			.dest = htons(SERVER_PORT),
			.seq = htonl(source),
			.doff = 5,
			.syn = 1,
			.window = htons(65535)},
	};
	syn->ip.check = fold(sum_words(&syn->ip, sizeof(syn->ip)));
	/* With the pseudo-header of RFC 9293, 3.1: addresses, protocol, length. */
	syn->tcp.check = fold(sum_words(&syn->ip.saddr, 8) + IPPROTO_TCP + sizeof(syn->tcp) +
			      sum_words(&syn->tcp, sizeof(syn->tcp)));
}

static int make_device(void)
{
	struct ifreq request = {.ifr_name = "sst0", .ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		die("/dev/net/tun");
	return fd;
}

static void set_up(void)
{
	set("/proc/sys/net/ipv4/tcp_syncookies", "0");
	set("/proc/sys/net/ipv4/tcp_max_syn_backlog", "16777216");
	set("/proc/sys/net/core/somaxconn", "16777216");
	set("/proc/sys/net/ipv4/tcp_synack_retries", "20");
	run("ip addr add 10.0.0.1/8 dev sst0 && ip link set sst0 up");
}

static void listen_there(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(SERVER_PORT), .sin_addr.s_addr = htonl(SERVER_ADDRESS)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (void *)&address, sizeof(address)) || listen(fd, BACKLOG))
		die("listen");
}

static void send_syns(int device, long count)
{
	struct syn syn;
	long i;

	for (i = 0; i < count; i++) {
		make_syn(&syn, FIRST_SOURCE + (unsigned int)i);
		if (write(device, &syn, sizeof(syn)) != sizeof(syn))
			die("write");
	}
}

int main(int argc, char **argv)
{
	long count = argc == 2 ? atol(argv[1]) : 0;
	int device;
	char byte;

	if (count <= 0 || count > 0xfe0000)
		return 2;
	if (unshare(CLONE_NEWNET))
		die("unshare");
	device = make_device();
	set_up();
	listen_there();
	send_syns(device, count);
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
