/**
 * Holders of the GPUs of each node. Bare metal and Kubernetes do not know of each other: the scheduler places a pod on GPUs
 * whose memory a process of the host holds, and both notice it only at their start. Facts: XLA takes most of a GPU's memory
 * when a program starts (XLA_PYTHON_CLIENT_PREALLOCATE), so two of them never fit on one GPU.
 */
import type { GpuFaults } from "./faults";

export type Side = "bare metal" | "pod";

interface Holder {
    side: Side;
    /** The host's unit, or the pod's namespace and name. */
    name: string;
    gpus: number;
}

interface Process extends Holder {
    /** Process id in the output of nvidia-smi on the node. */
    pid: number;
}

export interface Hold {
    /** Ends the process and frees its GPUs, unless a fault keeps them. */
    release(): void;
}

/** Error of a program whose GPUs are held by others (jaxlib 0.3.22). */
export const OUT_OF_MEMORY =
    "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 35433480192 bytes. " +
    "CUDA_ERROR_OUT_OF_MEMORY: out of memory";

const FIRST_PID = 21_000;

export class GpuLedger {
    private readonly held = new Map<string, Process[]>();
    private readonly left = new Set<Process>();
    private readonly listeners = new Set<() => void>();
    private nextPid = FIRST_PID;

    /** @param gpus number of GPUs of each node */
    constructor(
        private readonly gpus: ReadonlyMap<string, number>,
        private readonly faults: GpuFaults,
    ) {}

    /** @returns undefined if others hold the node's GPUs, or it has too few */
    take(node: string, holder: Holder): Hold | undefined {
        const present = this.gpus.get(node);
        if (present === undefined) throw new Error(`GPUs: only nodes with GPUs have them (got ${node}).`);
        const others = this.on(node);
        const taken = others.reduce((sum, { gpus }) => sum + gpus, 0);
        if (taken + holder.gpus > present) return undefined;
        const process = { ...holder, pid: this.nextPid++ };
        this.held.set(node, [...others, process]);
        this.tell();
        return { release: () => this.release(node, process) };
    }

    /** Processes on a node's GPUs, including leftover ones. */
    on(node: string): readonly Process[] {
        return this.held.get(node) ?? [];
    }

    /** Number of GPUs of a node. */
    count(node: string): number {
        return this.gpus.get(node) ?? 0;
    }

    /** Ends leftover processes of faults, as an operator's `kill -9` or a reboot does. */
    sweep(): void {
        for (const [node, processes] of this.held)
            this.held.set(
                node,
                processes.filter((process) => !this.left.has(process)),
            );
        this.left.clear();
        this.tell();
    }

    /** Calls a listener at each change. */
    onChange(listener: () => void): void {
        this.listeners.add(listener);
    }

    private release(node: string, process: Process): void {
        if (!this.on(node).includes(process) || this.left.has(process)) return;
        if (this.faults.take("release", process.side, node)) this.left.add(process);
        else
            this.held.set(
                node,
                this.on(node).filter((other) => other !== process),
            );
        this.tell();
    }

    private tell(): void {
        for (const listener of this.listeners) listener();
    }
}
