/** CPU time of a run, and the time until the gateway accepts all callers. */
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
