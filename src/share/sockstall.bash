# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# shellcheck shell=bash
# bash completion of sockstall(8): a template, see make/documents.h

_sockstall_words()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# Behind the last comma of a list.
_sockstall_list()
{
	local before=

	[[ $cur == *,* ]] && before=${cur%,*},
	mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "${cur##*,}")
}

_sockstall_files()
{
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

_sockstall_folders()
{
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -d -- "$cur")
}

_sockstall_programs()
{
	mapfile -t COMPREPLY < <(compgen -c -- "$cur")
}

_sockstall_pids()
{
	_sockstall_list "$(ps -A -o pid= 2>/dev/null)"
}

_sockstall_comms()
{
	_sockstall_list "$(ps -A -o comm= 2>/dev/null | grep -x '[[:alnum:]_.-]*')"
}

# Not lsns: it fails when a process ends while it looks.
_sockstall_netns()
{
	_sockstall_words "all self $(readlink /proc/[0-9]*/ns/net 2>/dev/null | tr -cd '0-9\n' | sort -u
		ls /run/netns 2>/dev/null | grep -x '[[:alnum:]_][[:alnum:]_.-]*')"
}

_sockstall_value()
{
	case $1 in
@bash-values@
	*) return 1 ;;
	esac
}

# What is stuck now and can be ended, for whoever may look. Readline cuts words at colons, which few ids have.
_sockstall_ids()
{
	local word=${COMP_LINE:0:COMP_POINT} found
	word=${word##* }
	found=$("${COMP_WORDS[0]}" --once --json 2>/dev/null | sed -n 's/.*"id":"\([^"]*\)".*/\1/p' | grep -v '^loop-\|^listener-')
	mapfile -t found < <(compgen -W "$found" -- "$word")
	COMPREPLY+=("${found[@]#"${word%"${word##*:}"}"}")
}

# Cgroup paths begin at the mount point of cgroup v2.
_sockstall_cgroups()
{
	local top=/sys/fs/cgroup

	[[ -e $top/cgroup.procs ]] || top=$top/unified
	compopt -o nospace
	mapfile -t COMPREPLY < <(compgen -d -S / -- "$top$cur")
	COMPREPLY=("${COMPREPLY[@]#"$top"}")
}

_sockstall()
{
@bash-commands@
@bash-options@
@bash-verdicts@
	local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} word given=

	COMPREPLY=()
	# readline cuts --netns=all into three words.
	if [[ $cur == = ]]; then
		cur=
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	_sockstall_value "$before" && return
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ " $commands " == *" $word "* ]] && given=$word
	done
	if [[ $cur == -* ]]; then
		_sockstall_words "$options"
	elif [[ $given == replay ]]; then
		_sockstall_files
	elif [[ $before == help ]]; then
		_sockstall_words "$commands"
	elif [[ $before == explain ]]; then
		_sockstall_words "$verdicts"
	elif [[ $given == end ]]; then
		_sockstall_words "pid= fd= local= peer= cookie= netns="
		[[ $before == end ]] && _sockstall_ids
	elif [[ -z $given ]]; then
		_sockstall_words "$commands"
	fi
} && complete -F _sockstall sockstall
