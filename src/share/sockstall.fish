# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
# fish completion of sockstall(8)

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
    readlink /proc/*/ns/net 2>/dev/null | string match -r '\d+' | sort -u
    ls /run/netns 2>/dev/null | string match -r '^\w[\w.-]*$'
end

# What is stuck now and can be ended, for whoever may look.
function __sockstall_ids
    sockstall --once --json 2>/dev/null | string replace -rf '.*"id":"([^"]*)".*' '$1' | string match -rv '^(loop|listener)-'
end

set -l commands handshakes readers writers closing chains epoll threads check replay schema end metrics help

complete -c sockstall -f
complete -c sockstall -n "not __fish_seen_subcommand_from $commands" -a handshakes -d 'TCP handshakes that do not complete'
complete -c sockstall -n "not __fish_seen_subcommand_from $commands" -a readers -d 'Threads blocked reading a socket'
complete -c sockstall -n "not __fish_seen_subcommand_from $commands" -a writers -d 'Threads blocked writing'
complete -c sockstall -n "not __fish_seen_subcommand_from $commands" -a closing -d 'Connections whose closing does not get on'
complete -c sockstall -n "not __fish_seen_subcommand_from $commands" -a chains -d 'Who waits for whom on this machine'
complete -c sockstall -n "not __fish_seen_subcommand_from $commands" -a epoll -d 'Event loops'
complete -c sockstall -n "not __fish_seen_subcommand_from $commands" -a threads -d 'Every thread of a process'
complete -c sockstall -n "not __fish_seen_subcommand_from $commands" -a check -d 'What this kernel allows'
complete -c sockstall -n "not __fish_seen_subcommand_from $commands" -a replay -d 'The same reports from a recording'
complete -c sockstall -n "not __fish_seen_subcommand_from $commands" -a schema -d 'The JSON Schema of every record'
complete -c sockstall -n "not __fish_seen_subcommand_from $commands" -a end -d 'End a stall'
complete -c sockstall -n "not __fish_seen_subcommand_from $commands" -a metrics -d 'How much is stuck, for Prometheus'
complete -c sockstall -n "not __fish_seen_subcommand_from $commands" -a help -d 'The options of one command'
complete -c sockstall -n "__fish_seen_subcommand_from replay" -F
complete -c sockstall -n "__fish_seen_subcommand_from end" -a 'pid= fd= local= peer= cookie= netns='
complete -c sockstall -n 'test (commandline -opc)[-1] = end' -a '(__sockstall_ids)'

complete -c sockstall -s j -l json -d 'JSON Lines on stdout'
complete -c sockstall -s 1 -l once -d 'One look, then exit'
complete -c sockstall -s i -l interval -x -a '100ms 500ms 1s 5s 1m' -d 'Time between looks'
complete -c sockstall -s d -l duration -x -a '5s 30s 1m 10m 1h' -d 'Stop after this long'
complete -c sockstall -s m -l min-age -x -a '0 100ms 1s 10s 1m' -d 'Only stalls at least this old'
complete -c sockstall -s a -l all -d 'What is normal too'
complete -c sockstall -s p -l pid -x -a '(__fish_append , (__fish_complete_pids))' -d 'Only these processes'
complete -c sockstall -s c -l comm -x -a '(__fish_append , (ps -A -o comm= 2>/dev/null | sort -u))' -d 'Only processes with this name'
complete -c sockstall -l port -x -d 'Only sockets with this port'
complete -c sockstall -l peer -x -d 'Only this peer or network'
complete -c sockstall -l netns -x -a 'all self (__sockstall_netns)' -d 'Which network namespaces'
complete -c sockstall -l cgroup -x -a '(__sockstall_cgroups)' -d 'Only processes in this cgroup'
complete -c sockstall -l interfaces -x -a 'epoll all' -d 'Which waits epoll counts'
complete -c sockstall -s v -l verbose -d 'also where in the kernel a stalled loop or thread is'
complete -c sockstall -l stacks -d 'The same, and where in the program'
complete -c sockstall -l watches -d 'With epoll -p PID: every descriptor that is watched'
complete -c sockstall -l record -r -F -d 'Also write the raw kernel records to a file'
complete -c sockstall -l html -r -F -d 'Write a page about the recording'
complete -c sockstall -l diff -r -F -d 'What is new, gone and worse in a later recording'
complete -c sockstall -l trace -r -F -d 'Write a trace of the recording for Perfetto'
complete -c sockstall -l textfile -x -a '(__fish_complete_directories)' -d 'With metrics: write DIR/sockstall.prom at every look'
complete -c sockstall -l force -d 'Replace an existing file; with end: even your session'
complete -c sockstall -l btf -r -F -d "The running kernel's BTF"
complete -c sockstall -l ready-fd -x -d 'Write a newline here once attached'
complete -c sockstall -l exit-code -d 'Exit 10 if anything is stuck, 3 if a filter fits nobody'
complete -c sockstall -l on-stall -x -a 'handshake. listener. reader. writer. closing. chain. loop.' -d 'When a stall first meets this, run --exec'
complete -c sockstall -l exec -x -a '(__fish_complete_command)' -d 'With --on-stall: what to run'
complete -c sockstall -l exec-limit -x -a '1 6 60' -d 'How often in a minute'
complete -c sockstall -l shell -d "Give --exec's command to a shell"
complete -c sockstall -l flight -x -a '30s 60s 5m' -d 'Keep the last looks'
complete -c sockstall -l dump-on -x -a 'handshake. listener. reader. writer. closing. chain. loop.' -d 'When a stall first meets this, write them'
complete -c sockstall -l dump-file -r -F -d 'Where to'
complete -c sockstall -l yes -d 'With end: do it'
complete -c sockstall -l how -x -a 'destroy shutdown keepalive probe' -d 'With end: in which way'
complete -c sockstall -l keepalive -x -a '10s,5s,3 60s,10s,6' -d 'Times of --how keepalive'
complete -c sockstall -l read-only -d 'The live view cannot end anything'
complete -c sockstall -l no-color -d 'No colour'
complete -c sockstall -s V -l version -d 'The version'
complete -c sockstall -s h -l help -d 'Commands and options'
