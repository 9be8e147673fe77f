#!/bin/sh
# Functions: `connected LOCAL REMOTE` says whether a connection is established (01) between a port of this side and one of
# the other side, each four hexadecimal digits or a pattern of them. The kernel's list is not of one moment: while other
# connections end, one may be left out. So `connected` must see twice that there is none.

listed() { grep -qsE "^ *[0-9]+: [0-9A-F]+:$1 [0-9A-F]+:$2 01 " /proc/net/tcp /proc/net/tcp6; }
connected() { listed "$1" "$2" || { sleep 0.5; listed "$1" "$2"; }; }
