import { type ChildProcess, spawn, spawnSync, type StdioOptions } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

/** Folders that each host has for itself; everything else is this machine's, and cannot be written. */
export const OWN = ["etc", "var", "run", "opt", "home", "root", "tmp", "snap", "usr/local"];

/** Programs of this machine that a host does not have: where it has them, they are stand-ins in folders of its own. */
const ABSENT = ["snap", "snapctl", "kubectl"];

/** Files of this machine's /etc that its programs need. */
const BORROWED = ["alternatives", "ssl", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "pki", "ca-certificates"];

/** Who a process is on the host. */
export type Rights = "root" | "user";

export interface Entering {
    /** Name of the user it runs as. */
    user: string;
    environment?: Record<string, string>;
    stdio: StdioOptions;
}

/** Starts a program on the host, as leader of a process group of its own. */
export type Enter = (rights: Rights, argv: string[], options: Entering) => ChildProcess;

export const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin";

const READ_ONLY = `ro() {
    mount -o remount,bind,ro "$1" 2>/dev/null || mount -o remount,bind,ro,nosuid,nodev "$1" 2>/dev/null ||
        mount -o remount,bind,ro,nosuid,nodev,noexec "$1"
}
`;

/**
 * Builds what root sees on the host, then becomes root's process; or a user's, which goes on with HIDE in a mount namespace
 * of its own. Root's namespace stays open as file 9: that is how `sudo` gets there.
 */
const BUILD = `
set -eu
own=$1 visible=$2 full=$3 rights=$4 hide=$5
shift 5
${READ_ONLY}build() {
    mount -t tmpfs -o mode=755 none "$1"
    cd "$1"
    mkdir -p usr proc dev ${OWN.filter((folder) => !folder.startsWith("usr/")).join(" ")}
    mount --rbind /usr usr
    ro usr
    for name in ${ABSENT.join(" ")}; do
        if [ -e "usr/bin/$name" ]; then mount --bind /dev/null "$(readlink -f "usr/bin/$name")"; fi
    done
    for link in bin sbin lib lib32 lib64 libx32; do
        if [ -L "/$link" ]; then ln -s "$(readlink "/$link")" "$link"
        elif [ -d "/$link" ]; then mkdir "$link" && mount --rbind "/$link" "$link" && ro "$link"; fi
    done
    mount --rbind /proc proc
    mount --rbind /dev dev
    for folder in ${OWN.join(" ")}; do mount --bind "$own/$folder" "$folder"; done
    for name in ${BORROWED.join(" ")}; do
        [ -e "/etc/$name" ] || continue
        mount --rbind "/etc/$name" "etc/$name"
        ro "etc/$name"
    done
    IFS=:
    for shown in $visible; do
        mount --rbind "$shown" ".$shown"
        ro ".$shown"
    done
    unset IFS
    if [ "$full" = yes ]; then
        for folder in usr/local/bin opt var/lib; do
            mount -t tmpfs -o size=4k,mode=755 none "$folder"
            head -c 4096 /dev/zero >"$folder/.full"
        done
    fi
}
mount -t tmpfs -o mode=755 none "$own/.view"
mkdir "$own/.view/root"
build "$own/.view/root"
if [ "$rights" = root ]; then
    cd "$own/.view/root"
    exec chroot . "$@"
fi
exec 9</proc/self/ns/mnt
exec unshare --mount --propagation private sh -c "$hide" hide "$own" "$@"
`;

/**
 * Takes from a process what only root may do: it can write in /home, /tmp and /run only, and what only root may read is not
 * there. Everybody has the same user id here, so permissions alone would keep nobody out.
 */
const HIDE = `
set -eu
cd "$1/.view/root"
shift
${READ_ONLY}for folder in etc var opt root snap usr/local; do ro "$folder"; done
mount -t tmpfs -o mode=700,size=4k none root
for hidden in $(find etc -xdev -mindepth 1 -maxdepth 2 -type d -perm 700 -prune); do
    mount -t tmpfs -o mode=700,size=4k,ro none "$hidden"
done
for hidden in $(find etc -xdev -mindepth 1 -maxdepth 3 -type f -perm 600); do mount --bind /dev/null "$hidden"; done
exec chroot . "$@"
`;

const UNSHARE = ["--user", "--map-root-user", "--mount", "--propagation", "private"];

/** Throws where hosts cannot be imitated, with what to do. */
export function checkNamespaces(): void {
    const tried = spawnSync("unshare", [...UNSHARE, "true"], { encoding: "utf8" });
    if (tried.status === 0) return;
    const why = tried.error?.message ?? tried.stderr.trim();
    throw new Error(
        `sandbox hosts: this machine must let you make user and mount namespaces (${why}). ` +
            "On Linux: sysctl -w user.max_user_namespaces=15000, and on Ubuntu also " +
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0. Elsewhere run the sandbox in a Linux machine.",
    );
}

/** Makes a host's folders below `root`. */
export function makeFolders(root: string, files: Record<string, string>): void {
    for (const folder of [...OWN, ".view", "usr/local/bin", "usr/local/sbin", "etc/systemd/system", "var/lib"])
        fs.mkdirSync(path.join(root, folder), { recursive: true });
    for (const name of BORROWED) {
        const theirs = fs.statSync(path.join("/etc", name), { throwIfNoEntry: false });
        if (theirs?.isDirectory()) fs.mkdirSync(path.join(root, "etc", name), { recursive: true });
        else if (theirs) fs.writeFileSync(path.join(root, "etc", name), "");
    }
    for (const [name, content] of Object.entries(files)) {
        const file = path.join(root, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, content, { mode: /\/sbin\//.test(name) ? 0o755 : 0o644 });
    }
}

/**
 * How programs are started on the host in `root`.
 * @param visible files and folders of this machine that are there too, under their own names
 * @param marks variables that every process carries, so that it can be found and ended by others
 */
export function entering(
    root: string,
    { visible, diskFull, marks }: { visible: string[]; diskFull: boolean; marks: Record<string, string> },
): Enter {
    for (const shown of visible) {
        const place = path.join(root, shown);
        if (!OWN.some((folder) => shown.startsWith(`/${folder}/`))) continue; // below /usr: there already
        if (fs.statSync(shown).isDirectory()) fs.mkdirSync(place, { recursive: true });
        else if (!fs.existsSync(place)) {
            fs.mkdirSync(path.dirname(place), { recursive: true });
            fs.writeFileSync(place, "");
        }
    }
    const shown = visible.filter((name) => OWN.some((folder) => name.startsWith(`/${folder}/`)));
    return (rights, argv, { user, environment, stdio }) =>
        spawn(
            "unshare",
            [
                ...UNSHARE,
                "sh",
                "-c",
                BUILD,
                "host",
                root,
                shown.join(":"),
                diskFull ? "yes" : "no",
                rights,
                HIDE,
                ...argv,
            ],
            {
                stdio,
                detached: true,
                cwd: "/",
                env: {
                    PATH,
                    HOME: user === "root" ? "/root" : `/home/${user}`,
                    USER: user,
                    LOGNAME: user,
                    SHELL: "/bin/sh",
                    LANG: "C.UTF-8",
                    ...environment,
                    ...marks,
                    SANDBOX_RIGHTS: rights,
                },
            },
        );
}
