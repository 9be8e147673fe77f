#!/bin/sh
# `connected LOCAL REMOTE`: whether a connection is established (01) between a local and a remote port, each four
# hexadecimal digits or a pattern of them. The kernel's list is no snapshot and may omit a connection while others end, so
# there is none only if two reads show none. Pods of Alpa have this text: changing it below this header restarts them.

listed() { grep -qsE "^ *[0-9]+: [0-9A-F]+:$1 [0-9A-F]+:$2 01 " /proc/net/tcp /proc/net/tcp6; }
connected() { listed "$1" "$2" || { sleep 0.5; listed "$1" "$2"; }; }
