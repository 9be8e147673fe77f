import type * as client from "@kubernetes/client-node" with { "resolution-mode": "import" };
import type * as pulumi from "@pulumi/pulumi";
import { kubeConfigOf, kubernetesClient, type PlainAccess } from "../kubernetes/api-server";
import { apiErrorMessage, isAbsent, titleOf } from "../kubernetes/cluster-reader";
import type { Stage } from "./conversion-phases";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import type { metadata } from "../kubernetes/ownership";

/** Fields that a run writes before any other change. */
export interface Beginning {
    /** Target stage of the run. */
    going: Stage;
    /** Number of runs that started after an interrupted run. */
    attempt: string;
    /** Nodes of the conversion, separated by commas. */
    nodes: string;
    /** The lock holder of the conversion. Unset if not locked. */
    holder?: string;
    /** When the lock expires. */
    until?: string;
}

/** Fields that a run writes after all other changes. */
export interface Ending {
    /**
     * Stage that was reached. The field `since` has the time at which it was reached, which later runs in the same stage
     * do not change.
     */
    phase: Stage;
    /** Digest of the callers when the stage was reached. */
    callers: string;
}

export interface ConversionRecordArgs {
    cluster: ClusterAccess;
    metadata: ReturnType<typeof metadata>;
    begin?: Beginning;
    end?: Ending;
}

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

type Inputs = pulumi.Unwrap<Omit<ConversionRecordArgs, "cluster">> & PlainAccess;
type State = Inputs & { since?: string };
/** Fields of the object; null removes a field. */
type Fields = Record<string, string | null>;

export const provider: pulumi.dynamic.ResourceProvider<Inputs, State> = {
    async diff(_id, olds, news) {
        const part = ({ metadata, begin, end, kubeconfig }: Inputs) =>
            JSON.stringify([metadata, sorted(begin), sorted(end), kubeconfig]);
        return { changes: part(olds) !== part(news) };
    },
    async create(inputs) {
        const id = `${inputs.metadata.namespace}/${inputs.metadata.name}`;
        return { id, outs: { ...inputs, ...(await write(inputs, fieldsOf(inputs))) } };
    },
    async update(_id, olds, inputs) {
        return { outs: { ...inputs, ...(await write(inputs, fieldsOf(inputs, olds))) } };
    },
    async delete(_id, inputs) {
        try {
            if (inputs.end) await patch(inputs, { phase: null, callers: null, since: null });
            else await inWords(inputs, open(inputs).delete(objectOf(inputs)));
        } catch (error) {
            if (!isAbsent(error)) throw error;
        }
    },
};

function sorted(part: object | undefined): unknown {
    return Object.entries(part ?? {}).sort();
}

function fieldsOf({ begin, end }: Inputs, olds?: Inputs): Fields {
    if (begin) return { holder: null, until: null, ...begin };
    const { phase, callers } = end!;
    return { phase, callers, ...(olds?.end?.phase === phase ? {} : { since: new Date().toISOString() }) };
}

/** @returns the start of the phase, which a write of the same phase does not change */
async function write(inputs: Inputs, fields: Fields): Promise<{ since?: string }> {
    const { data } = await written(inputs, fields);
    return data?.since === undefined ? {} : { since: data.since };
}

type Written = client.KubernetesObject & { data?: Record<string, string> };

async function written(inputs: Inputs, fields: Fields): Promise<Written> {
    try {
        return await patch(inputs, fields);
    } catch (error) {
        if (!isAbsent(error)) throw error;
        const data = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
        const object = { ...objectOf(inputs), metadata: inputs.metadata, data } as client.KubernetesObject;
        return inWords(inputs, open(inputs).create(object));
    }
}

async function patch(inputs: Inputs, data: Fields): Promise<Written> {
    const merge = "application/merge-patch+json" as client.PatchStrategy;
    const object = { ...objectOf(inputs), metadata: inputs.metadata, data } as client.KubernetesObject;
    return inWords(inputs, open(inputs).patch(object, undefined, undefined, undefined, undefined, merge));
}

/** @throws Error with the API server's message, or the original error if the object does not exist */
async function inWords<T>(inputs: Inputs, writing: Promise<T>): Promise<T> {
    try {
        return await writing;
    } catch (error) {
        if (isAbsent(error)) throw error;
        const { metadata, ...kind } = objectOf(inputs);
        throw new Error(
            `${titleOf({ ...kind, ...metadata })}: could not be written (${apiErrorMessage(error)}). Correct what that error names.`,
        );
    }
}

function objectOf({ metadata }: Inputs) {
    const { name, namespace } = metadata as { name: string; namespace: string };
    return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace } };
}

function open(access: PlainAccess): client.KubernetesObjectApi {
    return kubernetesClient().KubernetesObjectApi.makeApiClient(kubeConfigOf(access));
}
