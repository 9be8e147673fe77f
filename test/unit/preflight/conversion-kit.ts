/** A fake cluster for the checks of a conversion, with the objects of each test. */
import type { Live, ObjectRef } from "../../../components/kubernetes/cluster-reader";
import type { Stage } from "../../../components/opt/conversion-phases";
import type { ClusterView } from "../../../preflight/kubernetes/cluster";
import { withConversionState, type ConversionState } from "../../../config/conversion-state";
import type { IntraASettings } from "../../../config/options/intra-a/settings";
import type { IntraBSettings } from "../../../config/options/intra-b/settings";
import { settings } from "../kit/intra-a";
import { intraBSettings } from "../kit/intra-b";

export const OWN = "alpa-auth/test";

export interface World {
    /** Fields of the conversion's record. */
    record?: Record<string, string>;
    objects?: Record<string, Live>;
    lists?: Record<string, Live[]>;
}

export function view({ record, objects = {}, lists = {} }: World): ClusterView {
    const title = ({ kind, namespace, name }: ObjectRef) => `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
    return {
        server: "https://10.0.0.1:16443",
        kubectl: "kubectl --context here",
        read: async (ref: ObjectRef) => (ref.kind === "ConfigMap" && record ? { data: record } : objects[title(ref)]),
        list: async (_version: string, kind: string) => lists[kind] ?? [],
    } as ClusterView;
}

/** Settings of a run that moves the stack to a stage. */
export const to = (phase: Stage, values = {}, convert = {}, state: ConversionState = {}) =>
    withConversionState(
        phase === "intra-a" ? settings("rampart", values) : intraBSettings(values, {}, { phase, ...convert }),
        state,
    ) as IntraASettings | IntraBSettings;

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
