/**
 * Emulator of a Linux server with SSH and systemd. The host's commands run with this machine's /bin/sh, bash and programs,
 * in a user namespace and a mount namespace of the host. There, /usr is this machine's and read-only; /etc, /var, /run,
 * /opt, /home, /root, /tmp and /usr/local belong to the host. The emulator needs no privileges, and cannot change this
 * machine's /etc.
 *
 * Emulated: sshd (ssh-server.ts), systemd (systemd/manager.ts), sudo, id, uname and hostname (programs.ts),
 * os-release. microk8s/emulator.ts adds snap and MicroK8s.
 *
 * Unsupported: separate users (all have one user id, but users can write only in some folders, and in /etc they can read
 * neither files of mode 600 nor folders of mode 700), a separate network (ports and addresses are this machine's), booting,
 * packages, quotas. The namespaces protect this machine from mistakes, not from attackers: do not run untrusted programs on
 * a host.
 */
import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { TRACKED_MARK } from "../processes/proc-table";
import { makeFolders } from "./folders";
import { newKey, publicLine } from "./keys";
import { checkNamespaces, openNamespaces } from "./namespace";
import { openStage, type Stage } from "./emulated-program";
import { programs } from "./programs";
import type { Reply } from "./reply";
import { serveSsh } from "./ssh-server";
import { Manager } from "./systemd/manager";

/** Contents of /etc/os-release. */
const SYSTEMS = {
    ubuntu: { ID: "ubuntu", VERSION_ID: "22.04", ID_LIKE: "debian", PRETTY_NAME: "Ubuntu 22.04.5 LTS" },
    alpine: { ID: "alpine", VERSION_ID: "3.20.3", PRETTY_NAME: "Alpine Linux v3.20" },
} as const;

export interface HostOptions {
    /** Hostname. */
    name: string;
    /** Users that may log in, all with the same key. @default ["ops"] */
    users?: string[];
    /**
     * Rights for sudo. `nopasswd`: every command without a password; `nopasswd-sh`: `sh` without a password, every other
     * command with a password; `nopasswd-true`: only `true`, without a password; `password`: every command with a password;
     * `none`: no command. The user `root` needs no rights. @default "nopasswd"
     */
    sudo?: "none" | "nopasswd" | "nopasswd-sh" | "nopasswd-true" | "password";
    /** The users' password, for sudo. */
    password?: string;
    /** Private host key in OpenSSH format. @default a new one */
    hostKey?: string;
    /** Private key with which all users log in. @default a new one */
    privateKey?: string;
    /** @default "ubuntu" */
    os?: keyof typeof SYSTEMS;
    /** Output of `uname -m`. @default this machine's */
    machine?: string;
    /** Version of systemd. @default 252 */
    systemdVersion?: number;
    /**
     * Whether services can notify their readiness over the socket in NOTIFY_SOCKET, as real programs do. Needs perl on this
     * machine, because Node.js has no datagram sockets in the file system. @default false
     */
    notifySockets?: boolean;
    /** Whether the disk for installed programs is full. @default false */
    diskFull?: boolean;
    /** Initial files, by path without a leading slash. */
    files?: Record<string, string>;
    /** Folder of the host's files, which `close` keeps. @default a temporary folder, which `close` deletes */
    folder?: string;
    /** Address of the SSH server: 127.0.0.x, a different one for each host. @default "127.0.0.1" */
    address?: string;
    /** @default any free one */
    port?: number;
    /**
     * State directory of the sandbox, which records the host's processes. If the sandbox was killed, `down` and the guard
     * process end them.
     */
    stateDir?: string;
}

export interface Host {
    address: string;
    port: number;
    /** The host's public key, as `<type> <base64>`. */
    hostKey: string;
    privateKey: string;
    /** Folder on this machine that contains the host's own folders. */
    root: string;
    /** Process ids of the running services. */
    pids(): number[];
    /** Process id of a service, for example "ray.service"; undefined if the service does not run. */
    pidOf(unit: string): number | undefined;
    /** Runs systemctl as root, without SSH. */
    systemctl(...args: string[]): Promise<Reply>;
    /** Emulated programs, see {@link Stage}. */
    readonly stage: Pick<Stage, "lay" | "take" | "run">;
    /** Stops the host's services and all running commands. Closes the ports of the host. */
    close(): Promise<void>;
}

/**
 * Path of a file on the host, without a leading slash. The file contains the secret header that authenticates the scripts of
 * relay.ts.
 */
const HEADER_FILE = "run/sandbox/systemd";

export async function startHost(options: HostOptions): Promise<Host> {
    checkNamespaces();
    const { name, users = ["ops"], hostKey = newKey(), privateKey = newKey(), address = "127.0.0.1" } = options;
    const root = fs.realpathSync(options.folder ?? fs.mkdtempSync(path.join(os.tmpdir(), "host-")));
    fs.chmodSync(root, 0o700); // the file HEADER_FILE in this folder contains a secret
    const header = `Authorization: Bearer ${randomBytes(16).toString("hex")}`;
    makeFolders(root, {
        ...system(options, name, users),
        [HEADER_FILE]: `${header}\n`,
        ...programsOf(options, { root, name }),
        ...options.files,
    });
    const namespaces = await openNamespaces(root, {
        visible: [process.execPath],
        diskFull: options.diskFull ?? false,
        marks: options.stateDir ? { [TRACKED_MARK]: options.stateDir } : {},
    });
    const manager = new Manager(root, namespaces.enter, options);
    const stage = await openStage(root, { line: header, file: `/${HEADER_FILE}` });
    for (const program of ["systemctl", "journalctl", "systemd-notify"])
        stage.lay(`/usr/local/sbin/${program}`, ({ args, privileged, notifySocket }) =>
            manager.run(program, args, privileged, notifySocket),
        );
    const ssh = await serveSsh({
        address,
        port: options.port ?? 0,
        hostKey,
        users,
        authorizedKey: publicLine(privateKey),
        run: (user, command) =>
            namespaces.enter(user === "root" ? "root" : "user", ["/bin/sh", "-c", command], {
                user,
                stdio: ["pipe", "pipe", "pipe"],
            }),
    });
    return {
        address,
        port: ssh.port,
        hostKey: publicLine(hostKey),
        privateKey,
        root,
        pids: () => manager.pids(),
        pidOf: (unit) => manager.pidOf(unit),
        systemctl: (...args) => manager.run("systemctl", args, true, ""),
        stage,
        close: async () => {
            await ssh.close();
            await manager.close();
            stage.close();
            namespaces.close();
            if (!options.folder) fs.rmSync(root, { recursive: true, force: true });
        },
    };
}

function programsOf(
    { sudo = "nopasswd", password, machine }: HostOptions,
    at: { root: string; name: string },
): Record<string, string> {
    const passwordHash = createHash("sha256")
        .update(password ?? randomBytes(16))
        .digest("hex");
    return programs({ ...at, sudo, passwordHash, machine });
}

/** Files in /etc and /run of the host that contain its hostname, operating system and users. */
function system(options: HostOptions, name: string, users: string[]): Record<string, string> {
    const release = Object.entries(SYSTEMS[options.os ?? "ubuntu"]);
    const others = users.filter((user) => user !== "root");
    const homes = others.map((user) => `${user}:x:1000:1000::/home/${user}:/bin/sh`);
    return {
        "etc/os-release": release.map(([key, value]) => `${key}="${value}"\n`).join(""),
        "etc/hostname": `${name}\n`,
        "etc/machine-id": `${randomBytes(16).toString("hex")}\n`,
        "etc/hosts": `127.0.0.1 localhost ${name}\n`,
        "etc/nsswitch.conf": "hosts: files dns\n",
        "etc/passwd": ["root:x:0:0:root:/root:/bin/sh", ...homes, ""].join("\n"),
        "etc/group": ["root:x:0:", ...others.map((user) => `${user}:x:1000:`), ""].join("\n"),
        ...Object.fromEntries(others.map((user) => [`home/${user}/.profile`, ""])),
        // This folder tells programs that the host uses systemd. Hosts with Alpine do not have the folder, because Alpine
        // does not use systemd.
        ...(options.os === "alpine" ? {} : { "run/systemd/system/.keep": "" }),
    };
}
