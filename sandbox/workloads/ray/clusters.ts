/** Reads from RayClusters how many pods they must have. */
import type { V1Pod } from "@kubernetes/client-node";
import type { Cluster } from "../cluster";
import { rayCluster } from "./container";

/** The fields of a RayCluster that the emulator reads. */
interface RayCluster {
    spec: { workerGroupSpecs?: { replicas?: number; numOfHosts?: number; suspend?: boolean }[] };
}

export class RayClusters {
    /** RayClusters by `namespace/name`. The value is undefined if the API server has no such RayCluster. */
    private readonly known = new Map<string, RayCluster | undefined>();

    constructor(private readonly cluster: Pick<Cluster, "rest">) {}

    /** Clears the cache, so that each RayCluster is read again from the API server. */
    forget(): void {
        this.known.clear();
    }

    /** Desired number of pods, including the head, in the RayCluster of a pod. */
    async wanted(pod: V1Pod): Promise<number> {
        const { workerGroupSpecs = [] } = (await this.of(pod))?.spec ?? {};
        const groups = workerGroupSpecs.filter(({ suspend }) => !suspend);
        return groups.reduce((sum, { replicas = 0, numOfHosts = 1 }) => sum + replicas * numOfHosts, 1);
    }

    private async of(pod: V1Pod): Promise<RayCluster | undefined> {
        const name = rayCluster(pod);
        if (name === undefined) return undefined;
        const path = `/apis/ray.io/v1/namespaces/${pod.metadata!.namespace}/rayclusters/${name}`;
        if (!this.known.has(path)) this.known.set(path, await this.cluster.rest.find<RayCluster>(path));
        return this.known.get(path);
    }
}

export function sameCluster(a: V1Pod, b: V1Pod): boolean {
    const same = a.metadata!.namespace === b.metadata!.namespace;
    return same && rayCluster(a) !== undefined && rayCluster(a) === rayCluster(b);
}
