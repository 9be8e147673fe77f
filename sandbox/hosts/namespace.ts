import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { createInterface } from "node:readline";
import { BORROWED, makePlaces, OWN } from "./folders";

/**
 * This machine may have these programs, but a host does not see them. A host has only emulators of them, which are in the
 * host's own folders.
 */
const ABSENT = ["snap", "snapctl", "kubectl"];

/** Whether a process on the host runs as root or as a user. */
type Rights = "root" | "user";

interface Entering {
    /** Name of the user as whom the program runs. */
    user: string;
    environment?: Record<string, string>;
    /** Standard input, output and error of the program. */
    stdio: ("ignore" | "pipe" | number)[];
}

/** Starts a program on the host, as leader of its own process group. */
export type Enter = (rights: Rights, argv: string[], options: Entering) => ChildProcess;

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin";

const READ_ONLY = `ro() {
    mount -o remount,bind,ro "$1" 2>/dev/null || mount -o remount,bind,ro,nosuid,nodev "$1" 2>/dev/null ||
        mount -o remount,bind,ro,nosuid,nodev,noexec "$1"
}
`;

/**
 * Creates two mount namespaces of the host: a namespace for root, and a namespace for users, who can write only in /home,
 * /tmp and /run. The script prints the id of the process in the second namespace, and keeps both namespaces until it reads a
 * line.
 */
const BUILD = `
set -eu
own=$1 visible=$2 full=$3 restrict=$4
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
        if [ ! -e ".$shown" ]; then
            if [ -d "$shown" ]; then mkdir -p ".$shown"; else mkdir -p "$(dirname ".$shown")" && : >".$shown"; fi
        fi
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
unshare --mount --propagation private sh -c "$restrict" restrict "$own/.view/root"
`;

const RESTRICT = `
set -eu
cd "$1"
${READ_ONLY}for folder in etc var opt root snap usr/local; do ro "$folder"; done
mount -t tmpfs -o mode=700,size=4k none root
echo $$
read -r _ || :
`;

/**
 * Starts a program of a user. A separate mount namespace hides the files in /etc that only root can read: all users have the
 * same user id on a host, so file modes alone would not protect these files.
 */
const HIDE = `
set -eu
cd "$1"
shift
hidden=$(find etc -xdev -mindepth 1 -maxdepth 3 \\( -type d -perm 700 -prune -o -type f -perm 600 \\) -print)
[ -n "$hidden" ] || exec chroot . "$@"
exec unshare --mount --propagation private sh -c '
set -eu
hidden=$1
shift
IFS="
"
for name in $hidden; do
    if [ -d "$name" ]; then mount -t tmpfs -o mode=700,size=4k,ro none "$name"; else mount --bind /dev/null "$name"; fi
done
unset IFS
exec chroot . "$@"' hide "$hidden" "$@"
`;

const UNSHARE = ["--user", "--map-root-user", "--mount", "--propagation", "private"];

/** @throws Error if this machine does not allow the namespaces of hosts, with the command that allows them */
export function checkNamespaces(): void {
    const tried = spawnSync("unshare", [...UNSHARE, "true"], { encoding: "utf8" });
    if (tried.status === 0) return;
    const why = tried.error?.message ?? tried.stderr.trim();
    throw new Error(
        `sandbox hosts: this machine must allow user and mount namespaces (${why}). ` +
            "On Linux, run: sysctl -w user.max_user_namespaces=15000. On Ubuntu, also run: " +
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0. On other systems, run the sandbox in a Linux VM.",
    );
}

/** The namespaces of a host, in which programs are started. */
interface Namespaces {
    enter: Enter;
    /** Closes the open files. The namespaces end when the last process on the host has ended. */
    close(): void;
}

/** Every process of the host has this file descriptor open. It refers to root's mount namespace. `sudo` uses it. */
export const ROOT_NAMESPACE = 9;

/**
 * Creates the namespaces of the host whose folders are in `root`. Open files keep them alive while no process is in them.
 * @param visible files and folders of this machine that are visible at the same paths
 * @param marks environment variables of all processes on the host, by which the sandbox finds and ends them
 */
export async function openNamespaces(
    root: string,
    { visible, diskFull, marks }: { visible: string[]; diskFull: boolean; marks: Record<string, string> },
): Promise<Namespaces> {
    const shown = makePlaces(root, visible).join(":");
    const builder = spawn(
        "unshare",
        [...UNSHARE, "sh", "-c", BUILD, "host", root, shown, diskFull ? "yes" : "no", RESTRICT],
        { stdio: "pipe", cwd: "/", env: { PATH, ...marks } },
    );
    let said = "";
    builder.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    const ended = new Promise<number | null>((resolve) => builder.once("close", resolve));
    const user = await new Promise<string>((resolve, reject) => {
        builder.once("error", reject);
        createInterface(builder.stdout).once("line", resolve);
        void ended.then((code) =>
            reject(new Error(`cannot create the namespaces of a sandbox host (${code}: ${said})`)),
        );
    });
    const files = [`${builder.pid}/ns/user`, `${builder.pid}/ns/mnt`, `${user}/ns/mnt`];
    const [users, rootView, userView] = files.map((file) => fs.openSync(`/proc/${file}`, "r"));
    builder.stdin.end("\n");
    await ended;
    const view = `${root}/.view/root`;
    const into = ["--user=/proc/self/fd/3", "--mount=/proc/self/fd/4", "--preserve-credentials"];
    const start: Record<Rights, { mounts: number; as: string[] }> = {
        root: { mounts: rootView, as: ["chroot", view] },
        user: { mounts: userView, as: ["sh", "-c", HIDE, "hide", view] },
    };
    return {
        enter: (rights, argv, { user, environment, stdio }) =>
            spawn("nsenter", [...into, ...start[rights].as, ...argv], {
                // File descriptors above 4 are closed, except the one for sudo.
                stdio: Object.assign(Array(ROOT_NAMESPACE).fill("ignore"), {
                    ...stdio,
                    3: users,
                    4: start[rights].mounts,
                    [ROOT_NAMESPACE]: rootView,
                }),
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
            }),
        close: () => [users, rootView, userView].forEach((file) => fs.closeSync(file)),
    };
}
