/**
 * Alpa on bare metal: hosts with GPUs and SSH. systemd runs Ray on each host. The first host is the Ray head, and also runs
 * Alpa's model worker.
 *
 * Emulated: a unit fails, with a message in its journal, while other programs hold its GPUs. The model worker waits until Ray
 * runs on every host. A Ray worker whose head restarts keeps running, but does not join the new head. While the model loads,
 * the port is open and answers 400.
 * Unsupported: Ray's own commands and ports, output of a running unit, units that use only some GPUs of a node.
 * Known difference: the loss of a worker ends the head's program at once; the real program only stops answering.
 */
import type { AlpaOptions } from "../alpa/server";
import { newKey, startHost, type Host } from "../hosts";
import type { ProgramCall } from "../hosts/emulated-program";
import { failed, unsupported, said, type Reply } from "../hosts/reply";
import { waitFor } from "../processes";
import type { GpuFaults } from "./faults";
import { OUT_OF_MEMORY, type GpuLedger } from "./ledger";
import { launch, MESH_LOST, NOT_LOADED, type Launched } from "./loading";
import { nvidiaSmi } from "./nvidia-smi";

export const UNIT = "alpa-ray.service";
export const USER = "ops";
/** Longest wait for the first start, in seconds. Measured: 1. */
const START_SECONDS = 120;
/** N in 127.0.0.N, the SSH address of the first host. The other hosts get the next numbers. Only SSH uses these addresses. */
const FIRST_ADDRESS = 31;

interface BareMetalOptions {
    /** Names of the hosts, which are also the names of the nodes in the cluster. The first host is the Ray head. */
    nodes: string[];
    ledger: GpuLedger;
    faults: GpuFaults;
    /** Time to load the model, in seconds. At the first start the model is loaded at once. */
    loadSeconds: number;
    /** Time after which systemd kills a unit that does not end, in seconds. @default 20 */
    stopSeconds?: number;
    alpa: Pick<AlpaOptions, "port" | "seconds" | "onRequest">;
    /** State directory, in which `down` and the sandbox's guard process find running processes. */
    stateDir: string;
    log: (line: string) => void;
}

interface BareMetalHost {
    name: string;
    host: Host;
}

export class BareMetal {
    readonly hosts: BareMetalHost[] = [];
    /** SSH key for every host. */
    readonly privateKey = newKey();
    /** For each host on which Ray runs: a function that ends Ray with an error. */
    private readonly running = new Map<string, (message: string) => void>();
    /** For each host on which Ray runs: the number `headRun` when Ray joined the head. */
    private readonly joined = new Map<string, number>();
    private headRun = 0;
    /** The last run of the program on each host, by host. */
    private readonly runs = new Map<string, Promise<void>>();
    private launched: Launched | undefined;
    private first = true;
    private turn: Promise<void> = Promise.resolve();

    private constructor(private readonly options: BareMetalOptions) {}

    /** Resolves when the units run and Alpa answers. */
    static async start(options: BareMetalOptions): Promise<BareMetal> {
        const started = new BareMetal(options);
        try {
            for (const name of options.nodes) await started.startHost(name);
            for (const { name, host } of started.hosts) {
                const { code, err } = await host.systemctl("enable", "--now", UNIT);
                if (code !== 0) throw new Error(`${name}: ${UNIT} failed to start: ${err}`);
            }
            await waitFor("Alpa on bare metal to be ready", () => started.answers(), { seconds: START_SECONDS });
            return started;
        } catch (error) {
            await started.close();
            throw error;
        }
    }

    /** Whether the model is loaded. */
    answers(): boolean {
        return this.launched?.isLoaded() ?? false;
    }

    async close(): Promise<void> {
        for (const { host } of this.hosts) await host.close();
        await this.turn;
        await this.launched?.close();
    }

    private async startHost(name: string): Promise<void> {
        const { ledger, stateDir, stopSeconds = 20 } = this.options;
        const { privateKey } = this;
        const files = { [`etc/systemd/system/${UNIT}`]: unitFile(stopSeconds), "usr/local/sbin/alpa-ray": SCRIPT };
        const address = `127.0.0.${FIRST_ADDRESS + this.hosts.length}`;
        const host = await startHost({ name, address, users: [USER], privateKey, files, stateDir });
        host.stage.lay(EMULATED, (call) => this.reply(name, call));
        host.stage.lay("/usr/local/sbin/nvidia-smi", ({ args }) => nvidiaSmi(args, ledger, name));
        this.hosts.push({ name, host });
    }

    private reply(host: string, call: ProgramCall): Reply | Promise<Reply> {
        if (call.args[0] === "run") {
            // systemd can restart a unit before this process has handled the end of the old run. The new run waits for
            // that.
            const run = (this.runs.get(host) ?? Promise.resolve()).then(() => this.run(host, call));
            this.runs.set(
                host,
                run.then(() => undefined),
            );
            return run;
        }
        if (call.args[0] !== "stop") return unsupported(`alpa-ray ${call.args.join(" ")}`);
        return this.options.faults.take("stop", "bare metal", host) ? failed("still running") : said();
    }

    /** Runs Ray on one host until it is stopped or fails. */
    private async run(host: string, { signal }: ProgramCall): Promise<Reply> {
        const { ledger, log } = this.options;
        const hold = ledger.take(host, { side: "bare metal", name: UNIT, gpus: ledger.count(host) });
        if (!hold) return failed(OUT_OF_MEMORY);
        log(`${host}: ${UNIT} holds the GPUs`);
        const message = await new Promise<string | undefined>((resolve) => {
            this.running.set(host, resolve);
            signal.addEventListener("abort", () => resolve(undefined));
            if (signal.aborted) resolve(undefined);
            void this.follow();
        });
        this.running.delete(host);
        await this.follow();
        hold.release();
        log(`${host}: ${UNIT} has ended${message === undefined ? "" : `: ${message}`}`);
        return message === undefined ? said() : failed(message);
    }

    /** Launches the model worker if Ray runs on every host. Otherwise ends the model worker. Calls run one after another. */
    private follow(): Promise<void> {
        const [head] = this.options.nodes;
        this.turn = this.turn
            .then(() => this.settle(head))
            .catch((error: Error) => this.running.get(head)?.(error.message));
        return this.turn;
    }

    private async settle(head: string): Promise<void> {
        const { nodes, faults, alpa } = this.options;
        if (!this.running.has(head)) this.joined.delete(head);
        else if (!this.joined.has(head)) this.joined.set(head, ++this.headRun);
        for (const name of nodes) {
            if (!this.running.has(name)) this.joined.delete(name);
            // A worker joins the head that is running when the worker starts. It never joins a later head.
            else if (this.joined.has(head) && !this.joined.has(name)) this.joined.set(name, this.headRun);
        }
        const complete = nodes.every((name) => this.running.has(name) && this.joined.get(name) === this.headRun);
        if (complete && !this.launched) {
            const loadSeconds = this.first ? 0 : this.options.loadSeconds;
            this.first = false;
            this.launched = await launch({ side: "bare metal", node: head, faults, loadSeconds, alpa });
            void this.launched.ended.then((end) => end === "failed" && this.running.get(head)?.(NOT_LOADED));
        } else if (!complete && this.launched) {
            await this.launched.close();
            this.launched = undefined;
            this.running.get(head)?.(MESH_LOST);
        }
    }
}

const EMULATED = "/usr/local/sbin/alpa-ray-emulated";

/**
 * Program of the systemd unit on the host. On SIGTERM, the script asks this Node.js process whether to exit. After the
 * script has ended, systemd kills the remaining processes of the unit.
 */
const SCRIPT = `#!/bin/sh
trap '${EMULATED} stop 2>/dev/null && exit 0' TERM
(trap '' TERM; exec ${EMULATED} run) &
child=$!
while :; do
    wait $child
    code=$?
    kill -0 $child 2>/dev/null || exit $code
done
`;

function unitFile(stopSeconds: number): string {
    return `[Unit]
Description=Ray, and Alpa's model worker on its head

[Service]
ExecStart=/usr/local/sbin/alpa-ray
TimeoutStopSec=${stopSeconds}

[Install]
WantedBy=multi-user.target
`;
}
