# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# shellcheck shell=bash
# bash completion of sockstall(8)

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

_sockstall_pids()
{
	ps -A -o pid= 2>/dev/null
}

# Not lsns: it fails when a process ends while it looks.
_sockstall_netns()
{
	readlink /proc/[0-9]*/ns/net 2>/dev/null | tr -cd '0-9\n' | sort -u
	ls /run/netns 2>/dev/null | grep -x '[[:alnum:]_][[:alnum:]_.-]*'
}

_sockstall_value()
{
	case $1 in
	--interval | -i) _sockstall_words "100ms 500ms 1s 5s 1m" ;;
	--duration | -d) _sockstall_words "5s 30s 1m 10m 1h" ;;
	--min-age | -m) _sockstall_words "0 100ms 1s 10s 1m" ;;
	--pid | -p) _sockstall_list "$(_sockstall_pids)" ;;
	--comm | -c) _sockstall_list "$(ps -A -o comm= 2>/dev/null | grep -x '[[:alnum:]_.-]*')" ;;
	--netns) _sockstall_words "all self $(_sockstall_netns)" ;;
	--interfaces) _sockstall_words "epoll all" ;;
	--how) _sockstall_words "destroy shutdown keepalive probe" ;;
	--keepalive) _sockstall_words "10s,5s,3 60s,10s,6" ;;
	--record | --html | --trace | --diff | --btf | --dump-file) _sockstall_files ;;
	--textfile) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	--exec-limit) _sockstall_words "1 6 60" ;;
	--flight) _sockstall_words "30s 60s 5m" ;;
	--on-stall | --dump-on) _sockstall_words "handshake. listener. reader. writer. closing. chain. loop." ;;
	--exec) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
	--cgroup) _sockstall_cgroup ;;
	--port | --peer | --ready-fd) ;;
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
_sockstall_cgroup()
{
	local top=/sys/fs/cgroup

	[[ -e $top/cgroup.procs ]] || top=$top/unified
	compopt -o nospace
	mapfile -t COMPREPLY < <(compgen -d -S / -- "$top$cur")
	COMPREPLY=("${COMPREPLY[@]#"$top"}")
}

_sockstall()
{
	local commands="handshakes readers writers closing chains epoll threads check replay schema end metrics help"
	local options="--json --once --interval --duration --min-age --all --pid --comm --port --peer --netns --cgroup
		--interfaces --verbose --stacks --watches --record --html --diff --trace --textfile --force --btf --ready-fd --exit-code
		--on-stall --exec --exec-limit --shell --flight --dump-on --dump-file
		--yes --how --keepalive --read-only --no-color --version --help"
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
	elif [[ $before == replay ]]; then
		_sockstall_files
	elif [[ $given == end ]]; then
		_sockstall_words "pid= fd= local= peer= cookie= netns="
		[[ $before == end ]] && _sockstall_ids
	elif [[ -z $given ]]; then
		_sockstall_words "$commands"
	fi
} && complete -F _sockstall sockstall
