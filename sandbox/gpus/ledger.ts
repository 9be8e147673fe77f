/**
 * Records which process uses the GPUs of each node. Kubernetes does not see processes on bare metal. Its scheduler can
 * therefore place a pod on GPUs whose memory a process of the host uses. The pod's program then fails at its start.
 * Facts: XLA takes most of a GPU's memory when a program starts (XLA_PYTHON_CLIENT_PREALLOCATE), so two programs never
 * fit on one GPU.
 */
import type { GpuFaults } from "./faults";

export type Side = "bare metal" | "pod";

interface Holder {
    side: Side;
    /** Name of the systemd unit, or `namespace/name` of the pod. */
    name: string;
    gpus: number;
}

interface Process extends Holder {
    /** Process id in the output of nvidia-smi on the node. */
    pid: number;
}

export interface Hold {
    /** Ends the process and frees its GPUs, unless a fault keeps the GPUs in use. */
    release(): void;
}

/** Error of a program whose GPUs are in use by another program (jaxlib 0.3.22). */
export const OUT_OF_MEMORY =
    "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 35433480192 bytes. " +
    "CUDA_ERROR_OUT_OF_MEMORY: out of memory";

const FIRST_PID = 21_000;

export class GpuLedger {
    private readonly held = new Map<string, Process[]>();
    private readonly left = new Set<Process>();
    private readonly listeners = new Set<() => void>();
    private nextPid = FIRST_PID;

    /** @param gpus number of GPUs by name of the node */
    constructor(
        private readonly gpus: ReadonlyMap<string, number>,
        private readonly faults: GpuFaults,
    ) {}

    /** Records that a process uses GPUs of a node. @returns undefined if other processes use them, or the node has too few */
    take(node: string, holder: Holder): Hold | undefined {
        const present = this.gpus.get(node);
        if (present === undefined) throw new Error(`GPUs: node ${node} has no GPUs.`);
        const others = this.on(node);
        const taken = others.reduce((sum, { gpus }) => sum + gpus, 0);
        if (taken + holder.gpus > present) return undefined;
        const process = { ...holder, pid: this.nextPid++ };
        this.held.set(node, [...others, process]);
        this.tell();
        return { release: () => this.release(node, process) };
    }

    /** Processes that use GPUs of the node, including those that a fault keeps there after their end. */
    on(node: string): readonly Process[] {
        return this.held.get(node) ?? [];
    }

    /** Number of GPUs of a node. */
    count(node: string): number {
        return this.gpus.get(node) ?? 0;
    }

    /** Ends the processes that faults have left, as an operator's `kill -9` or a reboot does. */
    sweep(): void {
        for (const [node, processes] of this.held)
            this.held.set(
                node,
                processes.filter((process) => !this.left.has(process)),
            );
        this.left.clear();
        this.tell();
    }

    /** Adds a listener, which is called at each change. */
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
