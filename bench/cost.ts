/** Costs of a run other than the duration of its command. */
import { readFileSync } from "node:fs";
import { KubernetesObjectApi } from "@kubernetes/client-node";
import { procTable, SANDBOX_MARK } from "../sandbox/processes/proc-table";
import { statFields } from "../sandbox/processes/identity";
import { waitFor } from "../sandbox/processes";
import { sandboxId } from "../sandbox/world/state";
import type { Bench } from "./sandbox";

/** Clock ticks of /proc in a second: USER_HZ, the same on every Linux that Node.js runs on. */
const TICKS = 100;

/**
 * Seconds of a core that this process, what it has started and what is left of a sandbox have used so far. Other work on the
 * machine makes a run longer, and hardly changes this.
 */
export function cpuSeconds({ dir }: Bench): number {
    const id = sandboxId(dir);
    const living = [...procTable().values()].filter((row) => row.marks[SANDBOX_MARK] === id && row.pid !== process.pid);
    // Fields 14 to 17 of proc(5): in user and system mode, and the same of children that have ended.
    const used = (pid: number) => (statFields(pid) ?? []).slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
    return [process.pid, ...living.map(({ pid }) => pid)].reduce((sum, pid) => sum + used(pid), 0) / TICKS;
}

/** Most memory that one process of the program, and one of the engine, has held at a time, from now until it is stopped. */
export class PeakMemory {
    private readonly most = { program: 0, engine: 0 };
    private readonly clock: NodeJS.Timeout;

    constructor({ dir }: Bench) {
        const id = sandboxId(dir);
        // The kernel keeps the peak of a process; it must be asked before that ends.
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

/** In MB; 0 of a process that has ended. */
function peakOf(pid: number): number {
    try {
        return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1000;
    } catch {
        return 0;
    }
}

/** Waits until the ingress controller has taken every Consumer of a namespace. */
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
    await waitFor(`${count} Consumers of ${namespace} to be taken`, all, { seconds: 300, everyMilliseconds: 500 });
}

interface Taken {
    metadata: { generation?: number };
    status?: { conditions?: { type: string; status: string; observedGeneration?: number }[] };
}
