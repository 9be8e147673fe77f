/**
 * Functions of sh: `connected LOCAL REMOTE` says whether a connection is established (01) between a port of ours and one of
 * the other side, each four hexadecimal digits or a pattern of them. The kernel's list is not of one moment: while other
 * connections go, one may be left out. So it must be seen twice that there is none.
 */
export const CONNECTED = `
listed() { grep -qsE "^ *[0-9]+: [0-9A-F]+:$1 [0-9A-F]+:$2 01 " /proc/net/tcp /proc/net/tcp6; }
connected() { listed "$1" "$2" || { sleep 0.5; listed "$1" "$2"; }; }
`.trim();

/** Any port, for one of the two sides. */
export const ANY_PORT = "[0-9A-F]{4}";
