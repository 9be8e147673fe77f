/** A fake cluster for the checks of a conversion, with the objects of each test. */
import type { Live, ObjectRef } from "../../../components/kubernetes/cluster-reader";
import type { ClusterView } from "../../../preflight/kubernetes/cluster";

export interface World {
    objects?: Record<string, Live>;
    lists?: Record<string, Live[]>;
}

export function view({ objects = {}, lists = {} }: World): ClusterView {
    const title = ({ kind, namespace, name }: ObjectRef) => `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
    return {
        server: "https://10.0.0.1:16443",
        kubectl: "kubectl --context here",
        read: async (ref: ObjectRef) => objects[title(ref)],
        list: async (_version: string, kind: string) => lists[kind] ?? [],
    } as ClusterView;
}

/** A DGX node that accepts pods. @param more fields that override the node's */
export const node = (name: string, gpus?: string, more: Partial<Live> = {}): Live => ({
    metadata: { name, labels: { "kubernetes.io/hostname": name } },
    ...more,
    status: {
        conditions: [{ type: "Ready", status: "True" }],
        allocatable: { cpu: "256", memory: "2113535152Ki", ...(gpus === undefined ? {} : { "nvidia.com/gpu": gpus }) },
        ...more.status,
    } as Live["status"],
});
