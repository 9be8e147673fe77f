/** What a world has of GPUs: who holds them, Alpa on bare metal, and what it takes to have it in pods. */
import { dirname, join } from "node:path";
import type { AlpaOptions } from "../alpa/server";
import type { NodeShape } from "../control-plane";
import { BareMetal, UNIT, USER } from "../gpus/bare-metal";
import { GpuFaults } from "../gpus/faults";
import { GpuLedger } from "../gpus/ledger";
import type { WorkloadsOptions } from "../workloads";
import { writePrivate, type BareMetalFacts, type GpuFacts } from "./state";

export interface GpuOptions {
    /** Path of KubeRay's operator, with its definitions beside it. */
    operator: string;
    /**
     * How long the model takes to load on either side, in seconds.
     * @default 5; minutes in reality
     */
    loadSeconds?: number;
}

/** What pods with Alpa need here: their image in any version, and the weights' folder on every node. */
const IMAGE = "registry.example.com/alpa-serving";
const WEIGHTS = "/data/opt_weights";

export class Gpus {
    readonly faults = new GpuFaults();
    readonly ledger: GpuLedger;
    /** There once the world has started. */
    bareMetal!: BareMetal;
    private readonly nodes: string[];
    private readonly loadSeconds: number;

    /** @param nodes of the cluster; those with GPUs are hosts of Alpa on bare metal too */
    constructor(
        private readonly options: GpuOptions,
        nodes: NodeShape[],
        private readonly stateDir: string,
    ) {
        const gpus = nodes.map(({ name, capacity }) => [name, Number(capacity["nvidia.com/gpu"] ?? 0)] as const);
        this.nodes = gpus.filter(([, count]) => count > 0).map(([name]) => name);
        this.ledger = new GpuLedger(new Map(gpus), this.faults);
        this.loadSeconds = options.loadSeconds ?? 5;
    }

    /** Folder with the definitions of the operator's version. */
    get crds(): string {
        return dirname(this.options.operator);
    }

    /** @param alpa as its service is played; in the network of a node it has the port of bare metal */
    workloads(alpa: Pick<AlpaOptions, "port" | "seconds">, env: NodeJS.ProcessEnv): WorkloadsOptions["gpus"] {
        const { ledger, faults, loadSeconds, stateDir } = this;
        const images = new RegExp(`^${IMAGE.replaceAll(".", "\\.")}(:|@)`);
        const common = { ledger, faults, loadSeconds, stateDir, env, alpa };
        return { ...common, images, weights: [WEIGHTS], program: this.options.operator };
    }

    /** Starts Alpa on the hosts, where it is loaded at once. */
    async startBareMetal(alpa: Pick<AlpaOptions, "port" | "seconds" | "onRequest">, log: (line: string) => void) {
        const { nodes, ledger, faults, loadSeconds, stateDir } = this;
        this.bareMetal = await BareMetal.start({ nodes, ledger, faults, loadSeconds, alpa, stateDir, log });
        return this.bareMetal;
    }

    facts(): GpuFacts {
        const privateKeyFile = join(this.stateDir, "bare-metal-key");
        writePrivate(privateKeyFile, this.bareMetal.privateKey);
        const hosts = this.bareMetal.hosts.map(({ host, way }) => {
            return { address: host.address, port: way.port, user: USER, hostKey: host.hostKey };
        });
        const bareMetal: BareMetalFacts = { hosts, unit: UNIT, privateKeyFile };
        return { nodes: this.nodes, image: `${IMAGE}:1.0.0`, weights: WEIGHTS, bareMetal };
    }
}
