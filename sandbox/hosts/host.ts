/**
 * Emulator of a Linux server reachable by SSH, with systemd. Commands are run by this machine's own /bin/sh, bash and programs,
 * inside a user and a mount namespace of their own: this machine's /usr is there read-only, /etc, /var, /run, /opt, /home,
 * /root, /tmp and /usr/local are the host's. Nothing of it needs rights, and nothing can change this machine's /etc.
 *
 * Emulated: sshd (ssh-server.ts), systemd (systemd/manager.ts), sudo, id, uname, hostname and date (programs.ts),
 * os-release. snap and MicroK8s are laid on it by microk8s/emulator.ts.
 *
 * Unsupported: users of their own (everybody has one user id; a user cannot write where only root may, and does not see
 * files of mode 600 and folders of mode 700 in /etc), a network of its own (ports and addresses are this machine's),
 * booting, packages, quotas. It keeps mistakes apart, not attackers: do not run programs on it that you do not trust.
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
import { CLOCK_FILE, programs } from "./programs";
import type { Reply } from "./reply";
import { serveSsh } from "./ssh-server";
import { Manager } from "./systemd/manager";
import { serveSystemd } from "./systemd/server";

/** What /etc/os-release says. */
export const SYSTEMS = {
    debian: { ID: "debian", VERSION_ID: "12", PRETTY_NAME: "Debian GNU/Linux 12 (bookworm)" },
    ubuntu: { ID: "ubuntu", VERSION_ID: "22.04", ID_LIKE: "debian", PRETTY_NAME: "Ubuntu 22.04.5 LTS" },
    alpine: { ID: "alpine", VERSION_ID: "3.20.3", PRETTY_NAME: "Alpine Linux v3.20" },
} as const;

export interface HostOptions {
    /** Its host name. */
    name: string;
    /** Users that may log in, all with the same key. @default ["ops"] */
    users?: string[];
    /** Who may become root by sudo, with `nopasswd-sh` only for `sh` without a password, with `nopasswd-true` only for `true` at all; `root` among the users needs none. @default "nopasswd" */
    sudo?: "none" | "nopasswd" | "nopasswd-sh" | "nopasswd-true" | "password";
    /** The users' password, for sudo. */
    password?: string;
    /** Private key of the host, in OpenSSH form. @default a new one */
    hostKey?: string;
    /** Private key that lets callers in. @default a new one */
    privateKey?: string;
    /** @default "ubuntu" */
    os?: keyof typeof SYSTEMS;
    /** As `uname -m` says it. @default this machine's */
    machine?: string;
    /** @default 252 */
    systemdVersion?: number;
    /**
     * Services tell over the socket that NOTIFY_SOCKET names too that they are ready, as programs do that are no emulators.
     * Needs perl on this machine: Node.js has no datagram sockets in the file system. @default false
     */
    notifySockets?: boolean;
    /** No room where programs are installed. @default false */
    diskFull?: boolean;
    /** Files that are there from the start, by path without a leading slash. */
    files?: Record<string, string>;
    /** Files and folders of this machine that are there too, under their own names. @default the Node.js that runs this */
    visible?: string[];
    /** Where the host's files are kept; kept on `close` as well. @default a temporary folder, removed on `close` */
    folder?: string;
    /** Where its SSH server listens: 127.0.0.x, so that hosts have addresses of their own. @default "127.0.0.1" */
    address?: string;
    /** @default any free one */
    port?: number;
    /** How far its clock is ahead of this machine's, in seconds, as `date` says it. @default 0 */
    clockSkewSeconds?: number;
    /** State directory of the sandbox: its `down`, and its guard, end what a killed sandbox left running here. */
    stateDir?: string;
}

export interface Host {
    address: string;
    port: number;
    /** As a line of authorized_keys, without a name. */
    hostKey: string;
    privateKey: string;
    /** The folder in which the host's own folders lie. */
    root: string;
    /** Process ids of the services that run. */
    pids(): number[];
    /** Process id of a service, as in "ray.service"; undefined when it does not run. */
    pidOf(unit: string): number | undefined;
    /** Runs systemctl as root does, without SSH. */
    systemctl(...args: string[]): Promise<Reply>;
    /** Sets how far its clock is ahead of this machine's, in seconds. */
    setClock(skewSeconds: number): void;
    /** Programs that are emulated, see {@link Stage}. */
    readonly stage: Pick<Stage, "lay" | "take" | "run">;
    /** Stops its services and every command, and answers no more. */
    close(): Promise<void>;
}

/** Allows starting programs: see relay.ts. Without a leading slash. */
const HEADER_FILE = "run/sandbox/systemd";

export async function startHost(options: HostOptions): Promise<Host> {
    checkNamespaces();
    const { name, users = ["ops"], hostKey = newKey(), privateKey = newKey(), address = "127.0.0.1" } = options;
    const root = fs.realpathSync(options.folder ?? fs.mkdtempSync(path.join(os.tmpdir(), "host-")));
    fs.chmodSync(root, 0o700); // the secret in it allows starting programs
    const secret = `Bearer ${randomBytes(16).toString("hex")}`;
    let manager: Manager | undefined = undefined;
    const systemd = await serveSystemd(() => manager as Manager, secret);
    makeFolders(root, {
        ...system(options, name, users),
        [HEADER_FILE]: `Authorization: ${secret}\n`,
        [CLOCK_FILE]: `${options.clockSkewSeconds ?? 0}\n`,
        ...programsOf(options, { root, name, address, systemdUrl: systemd.url }),
        ...options.files,
    });
    const namespaces = await openNamespaces(root, {
        visible: options.visible ?? [process.execPath],
        diskFull: options.diskFull ?? false,
        marks: options.stateDir ? { [TRACKED_MARK]: options.stateDir } : {},
    });
    manager = new Manager(root, namespaces.enter, options);
    const stage = await openStage(root, { line: `Authorization: ${secret}`, file: `/${HEADER_FILE}` });
    const ssh = await serveSsh({
        address,
        port: options.port ?? 0,
        hostKey,
        users,
        authorizedKey: publicLine(privateKey),
        run: (user, command, environment) =>
            namespaces.enter(user === "root" ? "root" : "user", ["/bin/sh", "-c", command], {
                ...{ user, environment },
                stdio: ["pipe", "pipe", "pipe"],
            }),
    });
    const running = manager;
    return {
        address,
        port: ssh.port,
        hostKey: publicLine(hostKey),
        privateKey,
        root,
        pids: () => running.pids(),
        pidOf: (unit) => running.pidOf(unit),
        systemctl: (...args) => running.run("systemctl", args, true, ""),
        setClock: (skewSeconds) => fs.writeFileSync(path.join(root, CLOCK_FILE), `${skewSeconds}\n`),
        stage,
        close: async () => {
            await ssh.close();
            await running.close();
            systemd.close();
            stage.close();
            namespaces.close();
            if (!options.folder) fs.rmSync(root, { recursive: true, force: true });
        },
    };
}

function programsOf(
    { sudo = "nopasswd", password, machine }: HostOptions,
    at: { root: string; name: string; address: string; systemdUrl: string },
): Record<string, string> {
    const passwordHash = createHash("sha256")
        .update(password ?? randomBytes(16))
        .digest("hex");
    return programs({ ...at, sudo, passwordHash, machine, headerFile: `/${HEADER_FILE}` });
}

/** Files that say which system this is, and who is there. */
function system(options: HostOptions, name: string, users: string[]): Record<string, string> {
    const release = Object.entries(SYSTEMS[options.os ?? "ubuntu"]);
    const others = users.filter((user) => user !== "root");
    const homes = others.map((user) => `${user}:x:1000:1000::/home/${user}:/bin/sh`);
    return {
        "etc/os-release": release.map(([key, value]) => `${key}="${value}"\n`).join(""),
        "etc/hostname": `${name}\n`,
        "etc/hosts": `127.0.0.1 localhost ${name}\n`,
        "etc/nsswitch.conf": "hosts: files dns\n",
        "etc/passwd": ["root:x:0:0:root:/root:/bin/sh", ...homes, ""].join("\n"),
        "etc/group": ["root:x:0:", ...others.map((user) => `${user}:x:1000:`), ""].join("\n"),
        ...Object.fromEntries(others.map((user) => [`home/${user}/.profile`, ""])),
        // Programs take this for the sign that systemd runs. Alpine has another init.
        ...(options.os === "alpine" ? {} : { "run/systemd/system/.keep": "" }),
    };
}
