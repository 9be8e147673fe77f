/** What else a run costs, beside the time until its command ends. */
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
