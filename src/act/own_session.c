/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Whether who asks would cut himself off. See act.h. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "act/act.h"
#include "base/text.h"
#include "system/address.h"
#include "system/descriptors.h"
#include "system/process.h"

/* Deeper than any that begins with a login. */
#define MAX_ANCESTORS 64

struct end {
	__u8 address[16];
	__u16 port;
};

static bool take_end(struct end *end, char *address, unsigned int port)
{
	struct in6_addr parsed;

	address[strcspn(address, "%")] = '\0'; /* of a link-local one the interface */
	if (!port || port > 65535 || !address_parse(address, &parsed))
		return false;
	memcpy(end->address, &parsed, sizeof(end->address));
	end->port = (__u16)port;
	return true;
}

static bool is_between(const struct socket_name *name, const struct end *local, const struct end *peer)
{
	return name->local_port == local->port && name->peer_port == peer->port &&
	       address_equal(name->local_addr, local->address) && address_equal(name->peer_addr, peer->address);
}

/* Either end of it: an ssh to this very machine has both here. */
bool act_is_ssh_connection(const struct socket_name *name, const char *text)
{
	char client_address[64], server_address[64];
	unsigned int client_port, server_port;
	struct end client, server;

	if (!text || name->kind != SOCKET_KIND_TCP ||
	    sscanf(text, "%63s %u %63s %u", client_address, &client_port, server_address, &server_port) != 4)
		return false;
	return take_end(&client, client_address, client_port) && take_end(&server, server_address, server_port) &&
	       (is_between(name, &server, &client) || is_between(name, &client, &server));
}

/* sshd has no terminal where it runs a command that needs none. */
static bool relays_a_session(__u32 pid)
{
	char comm[16];
	__u64 ticks;

	return held_terminal(pid) >= 0 || (!process_start(pid, &ticks, comm) && !strncmp(comm, "sshd", 4));
}

/*
 * The nearest process above this one that has it open and stands between it and a session; 0: none. A service that
 * runs sockstall to end connections of its own is none. Not process 1, above which there is no session.
 */
static __u32 find_ancestor(__u64 inode)
{
	__u32 pid = (__u32)getppid();
	int left = MAX_ANCESTORS;

	for (; inode && pid > 1 && left--; pid = process_parent(pid))
		if (held_by(pid, inode) >= 0 && relays_a_session(pid))
			return pid;
	return 0;
}

static const char *say_ancestor(struct act *act, __u32 pid)
{
	struct buffer name = {0};
	const char *said = "a process";
	char comm[16];
	__u64 ticks;

	if (!process_start(pid, &ticks, comm) && !text_printable(&name, comm) && !buffer_append(&name, "", 1))
		said = arena_printf(&act->arena, "%s", name.data);
	buffer_free(&name);
	return arena_printf(&act->arena, "%s (pid %u), from which sockstall was started, has it open", said, pid);
}

static bool cuts(enum act_how how)
{
	return how == ACT_DESTROY || how == ACT_SHUTDOWN;
}

void act_warn(struct act *act)
{
	const struct socket_name *name = &act->target.socket.name;
	__u32 ancestor;
	const char *because = NULL;

	act->warning = NULL;
	if (!cuts(act->how))
		return;
	ancestor = find_ancestor(name->inode);
	if (ancestor)
		because = say_ancestor(act, ancestor);
	else if (act_is_ssh_connection(name, getenv("SSH_CONNECTION")))
		because = "SSH_CONNECTION names it";
	if (because)
		act->warning = arena_printf(&act->arena,
					    "this is the connection that you are using (%s): your session ends with it",
					    because);
}
