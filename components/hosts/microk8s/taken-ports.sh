#!/bin/sh
# Function that names the processes that hold ports of MicroK8s; it prints nothing where all are free.
# @PORTS@: these ports, as tcp/16443, with a blank between two.

# Lines of "port, protocol, process" for what others listen on.
taken_ports() {
    { ss -Hltnp | sed 's/^/tcp /'; ss -Hlunp | sed 's/^/udp /'; } 2>/dev/null | awk '
        BEGIN { split("@PORTS@", list, " "); for (i in list) ours[list[i]] = 1 }
        {
            n = split($5, part, ":"); key = $1 "/" part[n]
            if (!(key in ours) || key in seen) next
            seen[key] = 1
            name = "another program"
            if (match($0, /users:\(\("[^"]*",pid=[0-9]+/)) {
                split(substr($0, RSTART, RLENGTH), word, "\""); pid = $0; sub(/.*pid=/, "", pid); sub(/[^0-9].*/, "", pid)
                name = word[2] ", process " pid
            }
            print part[n] "/" $1 " by " name
        }'
}
