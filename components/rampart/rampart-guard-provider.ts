import type * as pulumi from "@pulumi/pulumi";
import type { PlainAccess } from "../kubernetes/api-server";
import { openLister } from "../kubernetes/cluster-reader";

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** Longest wait for a graph that is being deleted: the 15 minutes that its deletion may take. */
const GOING_SECONDS = 900;
/**
 * Longest wait until the deletion of a graph begins. `destroy` may delete this stack's graph and Rampart at the same time.
 * That happens after an `up` without `rampart.install`, because the graph then no longer depends on Rampart in the state.
 */
const STAYING_SECONDS = 60;

export const provider: pulumi.dynamic.ResourceProvider<PlainAccess, PlainAccess> = {
    async diff(_id, olds, news) {
        return { changes: olds.kubeconfig !== news.kubeconfig };
    },
    async create(access) {
        return { id: "rampart", outs: access };
    },
    async update(_id, _olds, access) {
        return { outs: access };
    },
    async delete(_id, access) {
        const start = Date.now();
        for (;;) {
            const { why, seconds } = await inTheWay(access);
            if (why === undefined) return;
            if (Date.now() - start > seconds * 1000)
                throw new Error(
                    `Rampart: must stay while graphs exist (${why}). Without its controller a graph can never be deleted. ` +
                        "Set rampart.install again, or delete them first. To keep Rampart for them and remove it only from " +
                        "this stack, delete its guard and then its release from the state: pulumi state delete",
                );
            await new Promise((resolve) => setTimeout(resolve, 1000));
        }
    },
};

/** The graphs of the whole cluster that need Rampart, and the longest wait for their deletion. */
async function inTheWay(access: PlainAccess): Promise<{ why?: string; seconds: number }> {
    try {
        const graphs = await openLister(access)("rampart.petuum.com/v1beta2", "RampartGraph");
        if (graphs.length === 0) return { seconds: 0 };
        return {
            why: graphs.map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`).join(", "),
            seconds: graphs.every(({ metadata }) => metadata?.deletionTimestamp) ? GOING_SECONDS : STAYING_SECONDS,
        };
    } catch (error) {
        return { why: `not known: ${String((error as Error).message).split("\n")[0]}`, seconds: STAYING_SECONDS };
    }
}
