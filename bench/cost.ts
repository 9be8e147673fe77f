/** CPU time and memory of a run, and the time until the gateway accepts all callers. */
import { readFileSync } from "node:fs";
import { KubernetesObjectApi } from "@kubernetes/client-node";
import { procTable, SANDBOX_MARK } from "../sandbox/processes/proc-table";
import { statFields } from "../sandbox/processes/identity";
import { waitFor } from "../sandbox/processes";
import { sandboxId } from "../sandbox/world/state";
import type { Bench } from "./sandbox";

/** Clock ticks per second in /proc: USER_HZ, the same on every Linux that Node.js runs on. */
const TICKS = 100;

/**
 * CPU seconds of this process, of its descendants and of the sandbox's processes so far. Other work on the machine makes a run
 * longer, but hardly changes this number.
 */
export function cpuSeconds({ dir }: Bench): number {
    const id = sandboxId(dir);
    const living = [...procTable().values()].filter((row) => row.marks[SANDBOX_MARK] === id && row.pid !== process.pid);
    // Fields 14 to 17 of proc(5): time in user and system mode, and the same of children that have ended.
    const used = (pid: number) => (statFields(pid) ?? []).slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
    return [process.pid, ...living.map(({ pid }) => pid)].reduce((sum, pid) => sum + used(pid), 0) / TICKS;
}

/** Samples the memory of the program's and the engine's processes until it is stopped, and keeps the maximum of each. */
export class PeakMemory {
    private readonly most = { program: 0, engine: 0 };
    private readonly clock: NodeJS.Timeout;

    constructor({ dir }: Bench) {
        const id = sandboxId(dir);
        // Polls, because the kernel forgets the peak memory of a process when it exits.
        this.clock = setInterval(() => {
            for (const { pid, program, args, marks } of procTable().values()) {
                if (marks[SANDBOX_MARK] !== id) continue;
                if (program === "pulumi") this.most.engine = Math.max(this.most.engine, peakOf(pid));
                if (args.some((arg) => arg.includes("@pulumi/pulumi/cmd/run")))
                    this.most.program = Math.max(this.most.program, peakOf(pid));
            }
        }, 500);
    }

    stop(): void {
        clearInterval(this.clock);
    }

    get megabytes(): { program: number; engine: number } {
        return this.most;
    }
}

/** In MB; 0 for a process that has ended. */
function peakOf(pid: number): number {
    try {
        return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1000;
    } catch {
        return 0;
    }
}

/** Waits until the ingress controller has accepted every Consumer of a namespace. */
export async function accepted({ world }: Bench, namespace: string, count: number): Promise<void> {
    const api = world.kubeConfig.makeApiClient(KubernetesObjectApi);
    const all = async () => {
        const { items } = await api.list("apisix.apache.org/v1alpha1", "Consumer", namespace);
        const taken = (items as Taken[]).filter(({ metadata, status }) =>
            status?.conditions?.some(
                (c) => c.type === "Available" && c.status === "True" && c.observedGeneration === metadata.generation,
            ),
        );
        return taken.length === count || undefined;
    };
    await waitFor(`${count} accepted Consumers of ${namespace}`, all, { seconds: 300, everyMilliseconds: 500 });
}

interface Taken {
    metadata: { generation?: number };
    status?: { conditions?: { type: string; status: string; observedGeneration?: number }[] };
}
