#!/bin/sh
# Function that prints the processes that use ports of MicroK8s, and nothing if all are free.
# @PORTS@: these ports, for example tcp/16443, separated by blanks.

# Prints a line for each used port, for example "19001/tcp by ray, process 4711".
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
