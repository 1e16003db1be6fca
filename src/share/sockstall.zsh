#compdef sockstall
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# zsh completion of sockstall(8): a template, see make/documents.h

_sockstall_commands() {
	local -a commands=(
@zsh-commands@
	)
	_describe command commands
}

_sockstall_pids() {
	_sequence -s , _pids
}

_sockstall_name() {
	compadd "$@" -- ${(fu)"$(ps -A -o comm= 2>/dev/null)"}
}

_sockstall_comms() {
	_sequence -s , _sockstall_name
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

_sockstall_files() {
	_files
}

_sockstall_folders() {
	_files -/
}

_sockstall_programs() {
	_command_names -e
}

# From the mount point of cgroup v2 on.
_sockstall_cgroups() {
	local top=/sys/fs/cgroup

	[[ -e $top/cgroup.procs ]] || top+=/unified
	if compset -P /; then
		_path_files -W $top -/
	else
		compadd -S '' -- /
	fi
}

_sockstall_verdicts() {
@zsh-verdicts@
	compadd -- $verdicts
}

_sockstall_argument() {
	[[ ${words[(r)replay]} == replay ]] && _files
	[[ $words[CURRENT-1] == help ]] && _sockstall_commands
	[[ $words[CURRENT-1] == explain ]] && _sockstall_verdicts
	[[ ${words[(r)end]} == end ]] || return
	compadd -S '' -- pid= fd= local= peer= cookie= netns=
	[[ $words[CURRENT-1] == end ]] && _sockstall_ids
}

_arguments -s -S \
@zsh-options@
	'1:command:_sockstall_commands' \
	'*:recording:_sockstall_argument'
