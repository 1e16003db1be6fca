/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Made by vmlinux/trim.py from vmlinux/types.list and a kernel's BTF: do not edit. */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#include <linux/types.h>

typedef _Bool bool;
enum { false, true };

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif

struct bpf_iter_meta;
struct cgroup;
struct css_set;
struct dentry;
struct epitem;
struct eventpoll;
struct fdtable;
struct file;
struct file_operations;
struct files_struct;
struct fs_struct;
struct hlist_node;
struct inet_bind_bucket;
struct inode;
struct kernfs_node;
struct list_head;
struct mm_struct;
struct net;
struct nsproxy;
struct pid;
struct pipe_buffer;
struct poll_table_page;
struct rb_node;
struct request_sock;
struct seq_file;
struct sighand_struct;
struct signal_struct;
struct sk_buff;
struct sock;
struct sock_common;
struct socket;
struct socket_wq;
struct super_block;
struct task_struct;
struct tcp_ulp_ops;
struct tty_struct;
struct udp_sock;
struct unix_address;
struct unix_sock;

struct bpf_iter_meta {
	__u64 session_id;
	__u64 seq_num;
	union { struct seq_file *seq; };
};

struct bpf_iter__task {
	union { struct bpf_iter_meta *meta; };
	union { struct task_struct *task; };
};

struct bpf_iter__task_file {
	__u32 fd;
	union { struct bpf_iter_meta *meta; };
	union { struct task_struct *task; };
	union { struct file *file; };
};

struct bpf_iter__tcp {
	__u32 uid;
	union { struct bpf_iter_meta *meta; };
	union { struct sock_common *sk_common; };
};

struct bpf_iter__unix {
	__u32 uid;
	union { struct bpf_iter_meta *meta; };
	union { struct unix_sock *unix_sk; };
};

struct bpf_iter__udp {
	__u32 uid;
	__s32 bucket;
	union { struct bpf_iter_meta *meta; };
	union { struct udp_sock *udp_sk; };
};

struct trace_entry {
	__u16 type;
	__u8 flags;
	__u8 preempt_count;
	__s32 pid;
};

struct trace_event_raw_sys_enter {
	unsigned long args[6];
};

struct trace_event_raw_sys_exit {
	long ret;
};

struct hlist_node {
	struct hlist_node *next;
	struct hlist_node **pprev;
};

struct sched_entity {
	__u64 sum_exec_runtime;
	__u64 prev_sum_exec_runtime;
};

struct sched_info {
	__u64 last_arrival;
	__u64 last_queued;
	__u64 run_delay;
};

struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

struct task_struct {
	__s32 pid;
	__s32 tgid;
	struct task_struct *real_parent;
	struct pid *thread_pid;
	char comm[16];
	__u32 flags;
	__u32 policy;
	__s32 exit_state;
	__u64 start_boottime;
	struct task_struct *group_leader;
	struct hlist_node pid_links[4];
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
	struct sched_entity se;
	struct sched_info sched_info;
	unsigned long nvcsw;
	unsigned long nivcsw;
	void *stack;
	struct { unsigned long sig[1]; } blocked;
	struct list_head children;
	struct list_head sibling;
};

struct upid {
	__s32 nr;
};

struct hlist_head {
	struct hlist_node *first;
};

struct pid {
	__u32 level;
	struct upid numbers[0];
	struct hlist_head tasks[4];
};

struct mm_struct {
	struct file *exe_file;
};

struct hrtimer {
	__s64 _softexpires;
};

struct wait_queue_head {
	struct list_head head;
};

typedef struct wait_queue_head wait_queue_head_t;

struct signal_struct {
	__s32 nr_threads;
	struct hrtimer real_timer;
	__s64 it_real_incr;
	struct tty_struct *tty;
	wait_queue_head_t wait_chldexit;
};

struct nsproxy {
	struct net *net_ns;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct kernfs_node {
	__u64 id;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fdtable {
	__u32 max_fds;
	struct file **fd;
};

struct path {
	struct dentry *dentry;
};

struct file {
	struct file_operations *f_op;
	struct inode *f_inode;
	__u32 f_flags;
	void *private_data;
	struct path f_path;
};

struct qstr {
	__u8 *name;
};

struct dentry {
	struct qstr d_name;
	struct inode *d_inode;
};

struct inode {
	unsigned long i_ino;
	__u16 i_mode;
	struct super_block *i_sb;
};

struct super_block {
	unsigned long s_magic;
};

struct rb_node {
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};

struct epoll_filefd {
	struct file *file;
	__s32 fd;
};

struct epoll_event {
	__u32 events;
};

struct epitem {
	struct rb_node rbn;
	struct list_head rdllink;
	struct epoll_filefd ffd;
	struct epoll_event event;
	struct eventpoll *ep;
};

struct wait_queue_entry {
	void *private;
	struct list_head entry;
};

typedef struct wait_queue_entry wait_queue_entry_t;

struct eppoll_entry {
	struct epitem *base;
	wait_queue_entry_t wait;
	wait_queue_head_t *whead;
};

struct eventfd_ctx {
	__u64 count;
};

struct timerfd_ctx {
	__u64 ticks;
};

struct pipe_inode_info {
	wait_queue_head_t rd_wait;
	__u32 head;
	__u32 tail;
	__u32 ring_size;
	struct pipe_buffer *bufs;
};

struct pipe_buffer {
	__u32 offset;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct rb_root_cached {
	struct rb_root rb_root;
};

struct eventpoll {
	wait_queue_head_t wq;
	struct list_head rdllist;
	struct rb_root_cached rbr;
};

struct poll_table_entry {
	struct file *filp;
	wait_queue_entry_t wait;
	wait_queue_head_t *wait_address;
};

struct poll_wqueues {
	struct task_struct *polling_task;
	__s32 inline_index;
	struct poll_table_page *table;
	struct poll_table_entry inline_entries[9];
};

struct socket {
	struct sock *sk;
	struct file *file;
	__s16 type;
};

struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
};

struct mptcp_sock {
	struct sock *first;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct in6_addr {
	union { __u8 u6_addr8[16]; __u16 u6_addr16[8]; __u32 u6_addr32[4]; } in6_u;
};

typedef struct {
	__s64 counter;
} atomic64_t;

struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport;
	__u16 skc_num;
	__u16 skc_family;
	__u8 skc_state;
	__u8 skc_reuseport: 1;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
	unsigned long skc_flags;
	struct sock *skc_listener;
	__s32 skc_incoming_cpu;
};

struct netns_core {
	__s32 sysctl_somaxconn;
};

struct ns_common {
	__u32 inum;
};

struct netns_ipv4 {
	__s32 sysctl_tcp_keepalive_time;
	__s32 sysctl_tcp_keepalive_intvl;
	__u8 sysctl_tcp_keepalive_probes;
	__u8 sysctl_tcp_syn_retries;
	__u8 sysctl_tcp_synack_retries;
	__u8 sysctl_tcp_retries2;
	__u8 sysctl_tcp_syncookies;
	__s32 sysctl_max_syn_backlog;
	__u8 sysctl_tcp_orphan_retries;
};

struct net {
	struct ns_common ns;
	struct netns_core core;
	struct netns_ipv4 ipv4;
};

struct sk_buff_head {
	struct sk_buff *next;
	__u32 qlen;
};

struct sk_buff {
	struct sk_buff *next;
	__u32 len;
	struct sock *sk;
	char cb[48];
};

struct timer_list {
	struct hlist_node entry;
	unsigned long expires;
};

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__s32 counter;
} atomic_t;

typedef struct {
	atomic_t refs;
} refcount_t;

struct sock {
	struct sock_common __sk_common;
	__u8 sk_userlocks;
	long sk_rcvtimeo;
	__s32 sk_rcvlowat;
	__s32 sk_err;
	struct socket *sk_socket;
	struct timer_list sk_timer;
	kuid_t sk_uid;
	__u16 sk_protocol;
	__u16 sk_type;
	__u8 sk_shutdown;
	__u32 sk_ack_backlog;
	__u32 sk_max_ack_backlog;
	atomic_t sk_drops;
	struct { atomic_t rmem_alloc; __s32 len; struct sk_buff *head; struct sk_buff *tail; } sk_backlog;
	struct sk_buff_head sk_receive_queue;
	long sk_sndtimeo;
	__s32 sk_sndbuf;
	__s32 sk_wmem_queued;
	refcount_t sk_wmem_alloc;
	unsigned long sk_lingertime;
	struct socket_wq *sk_wq;
	struct pid *sk_peer_pid;
	__u8 sk_kern_sock: 1;
};

struct socket_wq {
	wait_queue_head_t wait;
};

struct inet_sock {
	struct sock sk;
};

struct request_sock_queue {
	__u8 rskq_defer_accept;
	atomic_t qlen;
	atomic_t young;
	struct request_sock *rskq_accept_head;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	struct request_sock_queue icsk_accept_queue;
	struct inet_bind_bucket *icsk_bind_hash;
	struct timer_list icsk_retransmit_timer;
	__u32 icsk_rto;
	__u8 icsk_retransmits;
	__u8 icsk_pending;
	__u8 icsk_backoff;
	__u8 icsk_syn_retries;
	__u8 icsk_probes_out;
	struct { __u8 pending; __u8 quick; __u8 pingpong; __u8 retry; __u32 ato: 8; __u32 lrcv_flowlabel: 20; __u32 dst_quick_ack: 1; __u32 unused: 3; __u32 lrcvtime; __u16 last_seg_size; __u16 rcv_mss; } icsk_ack;
	__u32 icsk_user_timeout;
	struct tcp_ulp_ops *icsk_ulp_ops;
};

struct inet_bind_bucket {
	__s8 fastreuse;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	__u32 copied_seq;
	__u32 snd_wl1;
	__u64 bytes_sent;
	__u64 bytes_retrans;
	__u32 write_seq;
	__u32 lsndtime;
	__u64 tcp_mstamp;
	__u32 rcv_nxt;
	__u32 snd_nxt;
	__u32 snd_una;
	__u32 snd_wnd;
	__u32 packets_out;
	__u32 rcv_tstamp;
	__u64 bytes_received;
	__u64 bytes_acked;
	__u8 keepalive_probes;
	__u32 keepalive_time;
	__u32 keepalive_intvl;
	__u32 retrans_stamp;
	__u32 total_retrans;
	__u64 delivered_mstamp;
	__u32 data_segs_in;
	__u32 data_segs_out;
	__u32 chrono_start;
	__u8 chrono_type;
	__u32 srtt_us;
	__u64 first_tx_mstamp;
	__u32 rcv_rtt_last_tsecr;
};

struct request_sock {
	struct sock_common __req_common;
	struct request_sock *dl_next;
	__u8 num_retrans;
	__u8 num_timeout: 7;
	struct timer_list rsk_timer;
	struct sock *sk;
};

struct inet_request_sock {
	struct request_sock req;
	__u16 acked: 1;
};

struct tcp_request_sock {
	struct inet_request_sock req;
	__u64 snt_synack;
};

struct unix_sock {
	struct sock sk;
	struct sock *peer;
	struct unix_address *addr;
	struct socket_wq peer_wq;
};

struct sockaddr_un {
	char sun_path[108];
};

struct unix_address {
	__s32 len;
	struct sockaddr_un name[0];
};

struct udp_sock {
	struct inet_sock inet;
};

struct unix_skb_parms {
	__u32 consumed;
};

struct inet_timewait_sock {
	struct sock_common __tw_common;
	__u8 tw_substate;
	struct timer_list tw_timer;
};

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif
