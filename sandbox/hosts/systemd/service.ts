import { type ChildProcess } from "node:child_process";
import { EventEmitter, once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import type { Enter } from "../namespace";
import { BadUnit, type CommandLine, credentialsFolder, type UnitFile } from "./unit-file";

type ActiveState = "inactive" | "activating" | "active" | "deactivating" | "failed";

/** Folder of the notification sockets (NOTIFY_SOCKET). A socket has the name of its service. */
export const NOTIFY_FOLDER = "/run/systemd/notify/";

/** Perl program that binds the socket, prints "bound", and then prints all received data. */
const LISTEN =
    "use Socket; $| = 1; my $p = $ARGV[0]; (my $d = $p) =~ s{/[^/]*$}{}; mkdir $d; unlink $p; " +
    'socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die "$!\\n"; bind($s, pack_sockaddr_un($p)) or die "$!\\n"; ' +
    'print "bound\\n"; while (defined recv($s, my $t, 4096, 0)) { print "$t\\n" }';

/** systemd's defaults of StartLimitIntervalSec and StartLimitBurst. */
const START_LIMIT = { milliseconds: 10_000, burst: 5 };

/** A failed job of systemd, with the message of systemctl. */
export class JobFailed extends Error {}

/** One service of systemd: its process, its state, its journal. */
export class Service extends EventEmitter {
    state: ActiveState = "inactive";
    /** Result of the last run: `success`, `exit-code`, `signal`, `timeout`, `start-limit-hit`. */
    result = "success";
    process?: ChildProcess;
    private starts: number[] = [];
    /** Number of launches of the main program. Events of an earlier launch are ignored. */
    private launches = 0;
    private listener?: ChildProcess;
    private timer?: NodeJS.Timeout;

    constructor(
        readonly name: string,
        public unit: UnitFile,
        private readonly root: string,
        private readonly enter: Enter,
        private readonly notifySockets = false,
    ) {
        super();
    }

    get journal(): string {
        return path.join(this.root, "var/log/journal", `${this.name}.log`);
    }

    /**
     * Starts the service and waits until it is active.
     * @throws JobFailed if this attempt fails; systemd may retry afterwards
     */
    async start(): Promise<void> {
        if (this.state === "active") return;
        const settled = once(this, "settled");
        if (!this.process) {
            clearTimeout(this.timer);
            this.launch();
        }
        await settled;
        if (this.result === "success") return;
        const why = this.result === "start-limit-hit" ? "start of the service was attempted too often" : this.result;
        throw new JobFailed(
            `Job for ${this.name} failed because the control process exited with error code (${why}).\n` +
                `See "systemctl status ${this.name}" and "journalctl -xeu ${this.name}" for details.`,
        );
    }

    /** Stops the service: sends SIGTERM, and SIGKILL after the timeout of the unit. */
    async stop(): Promise<void> {
        clearTimeout(this.timer);
        const { process: child } = this;
        if (!child) {
            this.endListener();
            if (this.state === "active" && this.unit.execStop) await this.command(this.unit.execStop);
            return this.become(this.state === "failed" ? "failed" : "inactive");
        }
        this.become("deactivating");
        const ended = once(child, "exit");
        signal(child, "SIGTERM");
        const kill = setTimeout(() => signal(child, "SIGKILL"), this.unit.timeoutStopMs);
        await ended;
        clearTimeout(kill);
    }

    /** Runs ExecReload, by which the service reloads its configuration. */
    async reload(): Promise<void> {
        const { execReload } = this.unit;
        if (!execReload)
            throw new JobFailed(
                `Failed to reload ${this.name}: Job type reload is not applicable for unit ${this.name}.`,
            );
        if (this.state !== "active") throw new JobFailed(`${this.name} is not active, cannot reload.`);
        if (!(await this.command(execReload))) throw new JobFailed(`Job for ${this.name} failed.`);
    }

    /** Runs a command of the unit other than its main program. @returns whether it succeeded */
    private async command({ argv, mayFail }: CommandLine): Promise<boolean> {
        const log = fs.openSync(this.journal, "a", 0o600);
        const child = this.enter("root", argv, { user: "root", stdio: ["ignore", log, log] });
        fs.closeSync(log);
        const [code] = (await once(child, "exit")) as [number | null];
        return code === 0 || mayFail;
    }

    /** Handles READY=1 from the service: a service of Type=notify becomes active. */
    notified(): void {
        if (this.unit.type === "notify" && this.state === "activating" && this.process) this.become("active");
    }

    /** `reset-failed` of systemctl(1): clears the failed state and the count of starts. */
    resetFailed(): void {
        if (this.state === "failed") this.state = "inactive";
        this.starts = [];
    }

    private launch(): void {
        const now = Date.now();
        this.starts = this.starts.filter((at) => now - at < START_LIMIT.milliseconds);
        if (this.starts.length >= START_LIMIT.burst) {
            this.result = "start-limit-hit";
            return this.become("failed");
        }
        this.starts.push(now);
        this.result = "success";
        this.become("activating");
        let environment: Record<string, string>;
        try {
            environment = { ...this.files(), ...this.credentials() };
        } catch (error) {
            this.write(`${this.name}: ${(error as Error).message}`);
            this.result = "resources";
            return this.become("failed");
        }
        for (const pair of this.unit.environment) environment[pair.split("=")[0]] = pair.slice(pair.indexOf("=") + 1);
        const argv = this.unit.execStart.map((word) => expand(word, environment));
        const launch = ++this.launches;
        if (this.unit.type !== "notify" || !this.notifySockets) return this.run(argv, environment);
        this.listen().then(
            () => {
                if (launch === this.launches && this.state === "activating") this.run(argv, environment);
            },
            (error: Error) => {
                this.write(`${this.name}: ${error.message}`);
                this.result = "resources";
                this.become("failed");
            },
        );
    }

    private endListener(): void {
        if (this.listener) signal(this.listener, "SIGKILL");
        this.listener = undefined;
    }

    /** Starts to listen on the notification socket. Resolves when the socket exists. */
    private async listen(): Promise<void> {
        this.endListener();
        const listener = this.enter("root", ["perl", "-e", LISTEN, `${NOTIFY_FOLDER}${this.name}`], {
            user: "root",
            stdio: ["ignore", "pipe", "pipe"],
        });
        this.listener = listener;
        let problem = "";
        listener.stderr!.on("data", (chunk: Buffer) => (problem += chunk.toString()));
        const lines = createInterface(listener.stdout!);
        await new Promise<void>((resolve, reject) => {
            lines.once("line", () => resolve());
            listener.once("error", reject);
            listener.once("close", () => reject(new Error(`NOTIFY_SOCKET: ${problem.trim()}`)));
        });
        lines.on("line", (line) => {
            if (line === "READY=1" && this.listener === listener) this.notified();
        });
    }

    private run(argv: string[], environment: Record<string, string>): void {
        if (this.unit.type === "notify") environment.NOTIFY_SOCKET = `${NOTIFY_FOLDER}${this.name}`;
        fs.mkdirSync(path.dirname(this.journal), { recursive: true });
        const log = fs.openSync(this.journal, "a", 0o600);
        const child = this.enter(this.unit.dynamicUser ? "user" : "root", argv, {
            user: this.unit.dynamicUser ? this.name.replace(/[@.].*/, "") : "root",
            environment,
            stdio: ["ignore", log, log],
        });
        fs.closeSync(log);
        this.process = child;
        this.write(`Starting ${this.unit.description}...`);
        child.once("exit", (code, signalName) => this.ended(child, code, signalName));
        if (this.unit.type === "oneshot") return;
        if (this.unit.type !== "notify") return void child.once("spawn", () => this.become("active"));
        this.timer = setTimeout(() => {
            if (this.state !== "activating") return;
            this.write(`start operation timed out. Terminating.`);
            this.result = "timeout";
            signal(child, "SIGTERM");
            this.timer = setTimeout(() => signal(child, "SIGKILL"), this.unit.timeoutStopMs);
        }, this.unit.timeoutStartMs);
    }

    private ended(child: ChildProcess, code: number | null, signalName: string | null): void {
        clearTimeout(this.timer);
        signal(child, "SIGKILL"); // ends the remaining processes of its process group
        this.endListener();
        this.process = undefined;
        const asked = this.state === "deactivating";
        const clean = code === 0 || signalName === "SIGTERM" || signalName === "SIGINT";
        if (this.result !== "timeout") this.result = clean ? "success" : signalName ? "signal" : "exit-code";
        this.write(`Main process exited, code=${signalName ?? "exited"}, status=${code ?? signalName}`);
        const failed = this.result !== "success";
        this.credentialsGone();
        if (asked) {
            this.result = "success";
            return this.become("inactive");
        }
        if (this.unit.type === "oneshot" && !failed)
            return this.become(this.unit.remainAfterExit ? "active" : "inactive");
        const again = this.unit.restart === "on-failure" && failed;
        if (!again) return this.become(failed ? "failed" : "inactive");
        this.become("activating");
        this.emit("settled");
        this.timer = setTimeout(() => this.launch(), this.unit.restartMs);
    }

    private become(state: ActiveState): void {
        this.state = state;
        if (state === "active") {
            clearTimeout(this.timer);
            this.result = "success";
            this.write(`Started ${this.unit.description}.`);
        }
        if (state !== "activating" && state !== "deactivating") this.emit("settled");
    }

    private write(line: string): void {
        fs.mkdirSync(path.dirname(this.journal), { recursive: true });
        fs.appendFileSync(this.journal, `systemd[1]: ${line}\n`, { mode: 0o600 });
    }

    /** The variables in the unit's environment files. */
    private files(): Record<string, string> {
        const found: Record<string, string> = {};
        for (const given of this.unit.environmentFiles) {
            const file = path.join(this.root, given.replace(/^-/, ""));
            if (!fs.existsSync(file)) {
                if (given.startsWith("-")) continue;
                throw new BadUnit(`Failed to load environment files: ${given}: No such file or directory`);
            }
            for (const line of fs.readFileSync(file, "utf8").split("\n")) {
                const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
                if (name) found[name] = value.replace(/^"(.*)"$/, "$1");
            }
        }
        return found;
    }

    private credentials(): Record<string, string> {
        if (this.unit.credentials.length === 0) return {};
        const folder = path.join(this.root, credentialsFolder(this.name));
        fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
        for (const { id, path: source } of this.unit.credentials) {
            const file = path.join(this.root, source);
            if (!fs.existsSync(file)) throw new BadUnit(`Failed to set up credentials: ${source}: No such file`);
            const target = path.join(folder, id);
            fs.rmSync(target, { force: true });
            fs.writeFileSync(target, fs.readFileSync(file), { mode: 0o400 });
        }
        return { CREDENTIALS_DIRECTORY: credentialsFolder(this.name) };
    }

    private credentialsGone(): void {
        fs.rmSync(path.join(this.root, credentialsFolder(this.name)), { recursive: true, force: true });
    }
}

/** Replaces `${NAME}` in a word of a command line. */
function expand(word: string, environment: Record<string, string>): string {
    return word.replace(/\$\{(\w+)\}/g, (_, name: string) => environment[name] ?? "");
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
    if (child.pid === undefined) return;
    try {
        process.kill(-child.pid, name); // a negative id means the whole process group
    } catch {
        // The process has ended already.
    }
}
