import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { openReader, type ObjectRef } from "./cluster-reader";
import { plainAccess, type ClusterAccess } from "./kubeconfig";

/**
 * Hooks that let a RampartGraph come to rest before it is touched. An update of a graph that is Deploying makes
 * Rampart uninstall every component and delete their namespaces while it deploys the new generation into them.
 *
 * On create too: after a killed run the graph can exist without being in the state.
 * @throws Error in the operation, when the graph is still Deploying after `timeoutSeconds`
 */
export function settledFirst(name: string, object: ObjectRef, cluster: ClusterAccess, timeoutSeconds: number) {
    const settled = new pulumi.ResourceHook(name, async ({ newInputs }) => {
        const read = openReader(await plainAccess(cluster));
        const start = Date.now();
        for (;;) {
            const live = await read(object);
            // The same spec makes no new generation. A killed run leaves such a graph, waiting for what only this
            // run will bring: to wait for it would take both to their time limits.
            if (live && isDeepStrictEqual(live.spec, newInputs?.spec)) return;
            const phase = live?.status?.phase;
            if (phase !== "Deploying" && phase !== "Undeploying") return;
            if (Date.now() - start > timeoutSeconds * 1000)
                throw new Error(
                    `RampartGraph ${object.namespace}/${object.name}: still ${phase} after ${timeoutSeconds} s, and must not be changed before it settles. ` +
                        `Look: kubectl -n ${object.namespace} get rampartgraph ${object.name}`,
                );
            await new Promise((resolve) => setTimeout(resolve, 1000));
        }
    });
    return { beforeCreate: [settled], beforeUpdate: [settled] };
}
