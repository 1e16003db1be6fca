# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# fish completion of sockstall(8): a template, see make/documents.h

# Cgroup paths begin at the mount point of cgroup v2.
function __sockstall_cgroups
    set -l top /sys/fs/cgroup
    test -e $top/cgroup.procs; or set top $top/unified
    set -l typed (commandline -ct | string replace -r '^--cgroup=' '')
    set -l found $top$typed*/ # set, unlike others, takes a pattern without a match
    string replace $top '' $found
end

# Not lsns: it fails when a process ends while it looks.
function __sockstall_netns
    string split ' ' 'all self'
    readlink /proc/*/ns/net 2>/dev/null | string match -r '\d+' | sort -u
    ls /run/netns 2>/dev/null | string match -r '^\w[\w.-]*$'
end

function __sockstall_pids
    __fish_append , (__fish_complete_pids)
end

function __sockstall_comms
    __fish_append , (ps -A -o comm= 2>/dev/null | sort -u)
end

function __sockstall_folders
    __fish_complete_directories
end

function __sockstall_programs
    __fish_complete_command
end

# What is stuck now and can be ended, for whoever may look.
function __sockstall_ids
    sockstall --once --json 2>/dev/null | string replace -rf '.*"id":"([^"]*)".*' '$1' | string match -rv '^(loop|listener)-'
end

complete -c sockstall -f
@fish-commands@
@fish-verdicts@
complete -c sockstall -n "__fish_seen_subcommand_from replay" -F
complete -c sockstall -n "__fish_seen_subcommand_from end" -a 'pid= fd= local= peer= cookie= netns='
complete -c sockstall -n 'test (commandline -opc)[-1] = help' -a "$commands"
complete -c sockstall -n 'test (commandline -opc)[-1] = explain' -a "$verdicts"
complete -c sockstall -n 'test (commandline -opc)[-1] = end' -a '(__sockstall_ids)'

@fish-options@
