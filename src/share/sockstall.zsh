#compdef sockstall
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# zsh completion of sockstall(8)

_sockstall_commands() {
	local -a commands=(
		'handshakes:TCP handshakes that do not complete, and connections no one accepts'
		'readers:threads blocked reading a socket'
		'writers:threads blocked writing'
		'closing:connections whose closing does not get on'
		'chains:who waits for whom on this machine'
		'epoll:event loops'
		'threads:every thread of a process'
		'check:what this kernel allows'
		'replay:the same reports from a recording'
		'schema:the JSON Schema of every record'
		'end:end a stall'
		'metrics:how much is stuck, for Prometheus'
		'help:the options of one command'
	)
	_describe command commands
}

_sockstall_pids() {
	_sequence -s , _pids
}

_sockstall_comm() {
	compadd "$@" -- ${(fu)"$(ps -A -o comm= 2>/dev/null)"}
}

_sockstall_comms() {
	_sequence -s , _sockstall_comm
}

# What is stuck now and can be ended, for whoever may look.
_sockstall_ids() {
	compadd -- ${(f)"$(_call_program ids $words[1] --once --json 2>/dev/null | sed -n 's/.*"id":"\([^"]*\)".*/\1/p' |
		grep -v '^loop-\|^listener-')"}
}

# Not lsns: it fails when a process ends while it looks.
_sockstall_netns() {
	_values 'network namespace' all self \
		${(f)"$(readlink /proc/[0-9]*/ns/net 2>/dev/null | tr -cd '0-9\n' | sort -u)"} \
		${(f)"$(ls /run/netns 2>/dev/null | grep -x '[[:alnum:]_][[:alnum:]_.-]*')"}
}

# From the mount point of cgroup v2 on.
_sockstall_cgroup() {
	local top=/sys/fs/cgroup

	[[ -e $top/cgroup.procs ]] || top+=/unified
	if compset -P /; then
		_path_files -W $top -/
	else
		compadd -S '' -- /
	fi
}

_sockstall_argument() {
	[[ ${words[(r)replay]} == replay ]] && _files
	[[ ${words[(r)end]} == end ]] || return
	compadd -S '' -- pid= fd= local= peer= cookie= netns=
	[[ $words[CURRENT-1] == end ]] && _sockstall_ids
}

_arguments -s -S \
	'(-j --json)'{-j,--json}'[JSON Lines on stdout]' \
	'(-1 --once)'{-1,--once}'[one look, then exit]' \
	'(-i --interval)'{-i+,--interval=}'[time between looks]:duration:(100ms 500ms 1s 5s 1m)' \
	'(-d --duration)'{-d+,--duration=}'[stop after this long]:duration:(5s 30s 1m 10m 1h)' \
	'(-m --min-age)'{-m+,--min-age=}'[only stalls at least this old]:duration:(0 100ms 1s 10s 1m)' \
	'(-a --all)'{-a,--all}'[what is normal too]' \
	'*'{-p+,--pid=}'[only these processes]:process:_sockstall_pids' \
	'*'{-c+,--comm=}'[only processes with this command name]:command name:_sockstall_comms' \
	'*--port=[only sockets with this port]:port: ' \
	'--peer=[only this peer or network]:address: ' \
	'*--netns=[which network namespaces]:network namespace:_sockstall_netns' \
	'--cgroup=[only processes in this cgroup or below it]:cgroup:_sockstall_cgroup' \
	'--interfaces=[which waits epoll counts]:interfaces:(epoll all)' \
	'(-v --verbose)'{-v,--verbose}'[also where in the kernel a stalled loop or thread is]' \
	'--stacks[the same, and where in the program]' \
	'--watches[with epoll -p PID: every descriptor that is watched]' \
	'--record=[also write the raw kernel records to a file]:file:_files' \
	'--html=[write a page about the recording]:file:_files' \
	'--diff=[what is new, gone and worse in a later recording]:file:_files' \
	'--trace=[write a trace of the recording for Perfetto]:file:_files' \
	'--textfile=[with metrics: write DIR/sockstall.prom at every look]:folder:_files -/' \
	'--force[replace an existing file; with end: even your session]' \
	"--btf=[the running kernel's BTF]:file:_files" \
	'--ready-fd=[write a newline to this descriptor once attached]:descriptor: ' \
	'--exit-code[exit 10 if anything is stuck, 3 if a filter fits nobody]' \
	'--on-stall=[run --exec when a stall first meets this]:condition:(handshake. listener. reader. writer. closing. chain. loop.)' \
	'--exec=[with --on-stall, what to run]:command:_command_names -e' \
	'--exec-limit=[how often in a minute]:number:(1 6 60)' \
	"--shell[give --exec's command to /bin/sh -c]" \
	'--flight=[keep the looks of this long]:duration:(30s 60s 5m)' \
	'--dump-on=[write them when a stall first meets this]:condition:(handshake. listener. reader. writer. closing. chain. loop.)' \
	'--dump-file=[where to]:file:_files' \
	'--yes[with end: do it]' \
	'--how=[with end: in which way]:way:(destroy shutdown keepalive probe)' \
	'--keepalive=[times of --how keepalive]:idle,interval,probes:(10s,5s,3 60s,10s,6)' \
	'--read-only[the live view cannot end anything]' \
	'--no-color[no colour]' \
	'(- *)'{-V,--version}'[the version]' \
	'(- *)'{-h,--help}'[commands and options]' \
	'1:command:_sockstall_commands' \
	'*:recording:_sockstall_argument'
