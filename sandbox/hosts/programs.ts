/** Emulated programs whose results differ from host to host, for example `hostname`. */
import { ROOT_NAMESPACE } from "./namespace";

interface ProgramOptions {
    /** Folder on this machine that contains one folder per host. */
    root: string;
    /** Hostname. */
    name: string;
    /** Rights for sudo, see HostOptions. */
    sudo: "none" | "nopasswd" | "nopasswd-sh" | "nopasswd-true" | "password";
    /** SHA-256 of the users' password, in hex. */
    passwordHash: string;
    /** Output of `uname -m`. @default this machine's */
    machine?: string;
}

/**
 * Emulator of sudo(8) with the options that scripts use: -n, -S, -k, -p PROMPT. It never remembers a password.
 * With -S it reads one line of standard input as the password, like the real sudo; the command gets the remaining input.
 */
const sudo = ({ root, sudo: policy, passwordHash }: ProgramOptions) => `#!/bin/sh
ask=yes stdin=no prompt="[sudo] password for $LOGNAME: "
while [ $# -gt 0 ]; do
    case $1 in
    -n) ask=no ;;
    -S) stdin=yes ;;
    -k) ;;
    -p) prompt=$2; shift ;;
    -*) echo "sudo: unsupported by the sandbox: option $1" >&2; exit 1 ;;
    *) break ;;
    esac
    shift
done
case \${SANDBOX_RIGHTS:-user}:${policy} in
root:*) policy=nopasswd ;;
*) policy=${policy} ;;
esac
# As with "ALL, NOPASSWD: /bin/sh" in sudoers.
[ $policy != nopasswd-sh ] || case \${1:-} in sh) policy=nopasswd ;; *) policy=password ;; esac
# As with "NOPASSWD: /bin/true" alone: all other commands are denied, even after a password.
[ $policy != nopasswd-true ] || case \${1:-} in true) policy=nopasswd ;; *) policy=none ;; esac
denied() { echo "$LOGNAME is not in the sudoers file." >&2; exit 1; }
case $policy in
nopasswd) ;;
*)
    [ $ask = yes ] || { echo "sudo: a password is required" >&2; exit 1; }
    [ $stdin = yes ] || { echo "sudo: a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper" >&2; exit 1; }
    tries=0
    while :; do
        printf '%s' "$prompt" >&2
        IFS= read -r line || { echo "sudo: no password was provided" >&2; echo "sudo: a password is required" >&2; exit 1; }
        hash=$(printf '%s' "$line" | sha256sum)
        [ "\${hash%% *}" = "${passwordHash}" ] && break
        tries=$((tries + 1))
        [ $tries -lt 3 ] || { echo "sudo: 3 incorrect password attempts" >&2; exit 1; }
        echo "Sorry, try again." >&2
    done
    [ $policy = password ] || denied
    ;;
esac
exec nsenter --mount=/proc/self/fd/${ROOT_NAMESPACE} chroot "${root}/.view/root" env -i PATH="$PATH" HOME=/root USER=root LOGNAME=root SUDO_USER="$LOGNAME" SANDBOX_RIGHTS=root LANG="\${LANG:-C}" "$@"
`;

const id = `#!/bin/sh
# All users of the host have one user id of this machine; on the host, only root has 0.
case \${SANDBOX_RIGHTS:-user} in root) number=0 ;; *) number=1000 ;; esac
case \${1:-} in
-u) echo $number ;;
-un) echo "$LOGNAME" ;;
*) echo "id: unsupported by the sandbox: $*" >&2; exit 1 ;;
esac
`;

const uname = (machine: string | undefined) => `#!/bin/sh
case "$*" in
${machine ? `-m) echo ${machine} ;;\n` : ""}*) exec /usr/bin/uname "$@" ;;
esac
`;

const hostname = (name: string) => `#!/bin/sh
[ $# = 0 ] || { echo "hostname: unsupported by the sandbox: $*" >&2; exit 1; }
echo ${name}
`;

/** The programs as scripts, by path on the host without a leading slash. */
export function programs(options: ProgramOptions): Record<string, string> {
    const files: Record<string, string> = {
        sudo: sudo(options),
        id,
        uname: uname(options.machine),
        hostname: hostname(options.name),
    };
    return Object.fromEntries(Object.entries(files).map(([name, text]) => [`usr/local/sbin/${name}`, text]));
}
