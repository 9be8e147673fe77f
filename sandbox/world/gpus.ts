/** The GPUs of a world: the record of which process uses them, Alpa on bare metal, and the options for Alpa in pods. */
import { dirname, join } from "node:path";
import type { AlpaOptions } from "../alpa/server";
import type { NodeShape } from "../control-plane";
import { BareMetal, UNIT, USER } from "../gpus/bare-metal";
import { freePort } from "../processes";
import { GpuFaults, type Fault } from "../gpus/faults";
import { GpuLedger } from "../gpus/ledger";
import type { WorkloadsOptions } from "../workloads";
import type { FailStep } from "./scene";
import { writePrivate, type BareMetalFacts, type GpuFacts } from "./state";

export interface GpuOptions {
    /** Path of KubeRay's operator. Its CRDs are in the same folder. */
    operator: string;
    /**
     * Time to load the model, on bare metal and in pods, in seconds. @default 5; in reality minutes
     */
    loadSeconds?: number;
    /**
     * Whether the last node with GPUs is reserved for rehearsals, and runs a separate small Alpa.
     * @default false
     */
    rehearsal?: boolean;
    /** Step of a conversion that always fails. If the step runs on nodes, it fails on the head node. @default none */
    failStep?: FailStep;
}

/** The fault that makes a step of a conversion fail, for each step that changes nodes. */
const FAILS: Partial<Record<FailStep, Pick<Fault, "step" | "side">>> = {
    prepare: { step: "pull", side: "pod" },
    stop: { step: "stop", side: "bare metal" },
    start: { step: "load", side: "pod" },
    verify: { step: "answers", side: "pod" },
};

/** N in 127.0.0.N, the address of the first host. */
const FIRST_ADDRESS = 31;

/** Image of pods with Alpa (any tag), and the folder with the weights on every node. */
const IMAGE = "registry.example.com/alpa-serving";
const WEIGHTS = "/data/opt_weights";

export class Gpus {
    readonly faults = new GpuFaults();
    readonly ledger: GpuLedger;
    /** The failing step, if the API server must reject the write that records its completion (see owners.ts). */
    readonly refusedStep?: FailStep;
    /** Alpa on bare metal. Set when the world has started. */
    bareMetal!: BareMetal;
    /** The small Alpa for rehearsals; unset if no node is reserved for it. */
    rehearsal?: { bareMetal: BareMetal; alpa: string };
    private readonly nodes: string[];
    private readonly spare: string[];
    private readonly loadSeconds: number;

    /** @param nodes nodes of the cluster. Those with GPUs are also the hosts of Alpa on bare metal */
    constructor(
        private readonly options: GpuOptions,
        nodes: NodeShape[],
        private readonly stateDir: string,
    ) {
        const gpus = nodes.map(({ name, capacity }) => [name, Number(capacity["nvidia.com/gpu"] ?? 0)] as const);
        const named = gpus.filter(([, count]) => count > 0).map(([name]) => name);
        this.spare = options.rehearsal ? named.splice(-1) : [];
        this.nodes = named;
        this.ledger = new GpuLedger(new Map(gpus), this.faults);
        this.loadSeconds = options.loadSeconds ?? 5;
        const { failStep } = options;
        const fails = failStep && FAILS[failStep];
        if (fails) this.faults.add({ ...fails, node: named[0], times: Infinity });
        else this.refusedStep = failStep;
    }

    /** Folder with the CRDs of the KubeRay operator. */
    get crds(): string {
        return dirname(this.options.operator);
    }

    /**
     * Options for Alpa in pods.
     * @param alpa options of the Alpa service. Only pods in the host network use `port`, as Alpa on bare metal does
     */
    workloads(alpa: Pick<AlpaOptions, "port" | "seconds">, env: NodeJS.ProcessEnv): WorkloadsOptions["gpus"] {
        const { ledger, faults, loadSeconds, stateDir } = this;
        const images = new RegExp(`^${IMAGE.replaceAll(".", "\\.")}(:|@)`);
        const common = { ledger, faults, loadSeconds, stateDir, env, alpa };
        return { ...common, images, weights: [WEIGHTS], program: this.options.operator };
    }

    /** Starts Alpa on the hosts, with a loaded model. */
    async startBareMetal(alpa: Alpa, log: (line: string) => void): Promise<{ close(): Promise<void> }> {
        const { nodes, spare } = this;
        this.bareMetal = await this.start(nodes, alpa, log);
        const port = await freePort();
        if (spare.length > 0) {
            const bareMetal = await this.start(spare, { ...alpa, port }, log).catch(async (error: Error) => {
                await this.bareMetal.close();
                throw error;
            });
            this.rehearsal = { bareMetal, alpa: `127.0.0.1:${port}` };
        }
        return {
            close: async () => {
                // The faults are cleared first, because some of them keep processes from ending.
                this.faults.clear();
                await this.rehearsal?.bareMetal.close();
                await this.bareMetal.close();
            },
        };
    }

    private start(nodes: string[], alpa: Alpa, log: (line: string) => void): Promise<BareMetal> {
        const { ledger, faults, loadSeconds, stateDir } = this;
        const firstAddress = FIRST_ADDRESS + (nodes === this.spare ? this.nodes.length : 0);
        return BareMetal.start({ nodes, ledger, faults, loadSeconds, alpa, firstAddress, stateDir, log });
    }

    facts(): GpuFacts {
        const { nodes, spare, rehearsal } = this;
        return {
            ...{ nodes, image: { repository: IMAGE, tag: "1.0.0" }, weights: WEIGHTS },
            bareMetal: this.bareMetalFacts(this.bareMetal, "bare-metal-key"),
            ...(rehearsal && {
                rehearsal: {
                    ...{ nodes: spare, alpa: rehearsal.alpa },
                    bareMetal: this.bareMetalFacts(rehearsal.bareMetal, "rehearsal-key"),
                },
            }),
        };
    }

    private bareMetalFacts(bareMetal: BareMetal, file: string): BareMetalFacts {
        const privateKeyFile = join(this.stateDir, file);
        writePrivate(privateKeyFile, bareMetal.privateKey);
        const hosts = bareMetal.hosts.map(({ host, way }) => {
            return { address: host.address, port: way.port, user: USER, hostKey: host.hostKey };
        });
        return { hosts, unit: UNIT, privateKeyFile };
    }
}

type Alpa = Pick<AlpaOptions, "port" | "seconds" | "onRequest">;
