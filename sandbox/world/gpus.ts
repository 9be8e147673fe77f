/** The GPUs of a world: the record of which process uses them, Alpa on bare metal, and the options for Alpa in pods. */
import { dirname, join } from "node:path";
import type { AlpaOptions } from "../alpa/server";
import type { NodeShape } from "../control-plane";
import { BareMetal, UNIT, USER } from "../gpus/bare-metal";
import { GpuFaults } from "../gpus/faults";
import { GpuLedger } from "../gpus/ledger";
import type { WorkloadsOptions } from "../workloads";
import { writePrivate, type GpuFacts } from "./state";

export interface GpuOptions {
    /** Path of KubeRay's operator. Its CRDs are in the same folder. */
    operator: string;
    /**
     * Time to load the model, on bare metal and in pods, in seconds. @default 5; in reality minutes
     */
    loadSeconds?: number;
}

/** Image of pods with Alpa (any tag), and the folder with the weights on every node. */
const IMAGE = "registry.example.com/alpa-serving";
const WEIGHTS = "/data/opt_weights";

export class Gpus {
    readonly faults = new GpuFaults();
    readonly ledger: GpuLedger;
    /** Alpa on bare metal. Set when the world has started. */
    bareMetal!: BareMetal;
    private readonly nodes: string[];
    private readonly loadSeconds: number;

    /** @param nodes nodes of the cluster. Those with GPUs are also the hosts of Alpa on bare metal */
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
        const { nodes, ledger, faults, loadSeconds, stateDir } = this;
        this.bareMetal = await BareMetal.start({ nodes, ledger, faults, loadSeconds, alpa, stateDir, log });
        return {
            close: async () => {
                // The faults are cleared first, because some of them keep processes from ending.
                this.faults.clear();
                await this.bareMetal.close();
            },
        };
    }

    facts(): GpuFacts {
        const { nodes, bareMetal } = this;
        const privateKeyFile = join(this.stateDir, "bare-metal-key");
        writePrivate(privateKeyFile, bareMetal.privateKey);
        const hosts = bareMetal.hosts.map(({ host: { address, port, hostKey } }) => {
            return { address: `${address}:${port}`, hostKey };
        });
        return {
            ...{ nodes, image: `${IMAGE}:1.0.0`, weights: WEIGHTS },
            bareMetal: { hosts, user: USER, unit: UNIT, privateKeyFile },
        };
    }
}

type Alpa = Pick<AlpaOptions, "port" | "seconds" | "onRequest">;
