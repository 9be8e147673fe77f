import { isDeepStrictEqual } from "node:util";
import { randomUUID } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";
import type { PlainAccess } from "../kubernetes/api-server";
import type { AcceptSettings } from "../kubernetes/awaited";
import type { ClusterAccess } from "../kubernetes/kubeconfig";
import { untilServed, type Proof, type ServedRoute } from "../route/route-served";
import { untilAccepted } from "./consumers-accepted";
import { untilRejected } from "./credentials-revoked";

/** What every gateway pod must apply before a create or update ends. */
export interface Served {
    /** A value that changes with each installation of the gateway, whose new pods must apply everything again. */
    installed: pulumi.Input<string>;
    /** Default: none, the route is not of this stack. */
    route?: ServedRoute;
    /** `metadata.generation` of each Consumer, by its name. */
    generations: Record<string, pulumi.Input<number | undefined>>;
    /** Digest of a Consumer's Secrets, by its name; a secret. Unlike the generation, it changes with a new key. */
    materials: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

export interface GatewayServesArgs extends Pick<Proof, "namespace" | "gateway"> {
    cluster: ClusterAccess;
    readiness: AcceptSettings;
    /** Unset in the resource for {@link credentials}. */
    served?: Served;
    /**
     * Name of the Secret of each declared credential, by `<consumer>/<credential>`. When one is removed, this resource is
     * replaced, and its deletion ends when every gateway pod rejects it. A preview shows a map by name.
     */
    credentials?: Record<string, string>;
}

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

type Inputs = pulumi.Unwrap<Omit<GatewayServesArgs, "cluster" | "readiness">> & Proof;

export const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
    async diff(_id, olds, news) {
        if (news.credentials === undefined) return { changes: !isDeepStrictEqual(subject(olds), subject(news)) };
        // A deletion uses the inputs in the state, whose kubeconfig may no longer work. This diff runs before the deletion
        // in the same process, so it stores the current kubeconfig for the deletion.
        (globalThis as Record<string, unknown>).alpaAuthAccess = { kubeconfig: news.kubeconfig };
        const removed = Object.keys(olds.credentials ?? {}).some((one) => !(one in news.credentials!));
        const moved = olds.namespace !== news.namespace;
        return {
            // Compares all inputs, since the deletion in a later `up` uses the inputs in the state.
            changes: JSON.stringify(olds) !== JSON.stringify({ ...olds, ...news }),
            replaces: removed || moved ? [moved ? "namespace" : "credentials"] : [],
        };
    },
    async create(inputs) {
        if (inputs.served) await untilApplied(inputs, inputs.served);
        return { id: randomUUID(), outs: inputs };
    },
    async update(_id, olds, inputs) {
        if (inputs.served) await untilApplied(inputs, inputs.served, olds);
        return { outs: inputs };
    },
    async delete(_id, inputs) {
        const { alpaAuthAccess } = globalThis as { alpaAuthAccess?: PlainAccess };
        if (inputs.credentials) await untilRejected({ ...inputs, ...alpaAuthAccess }, inputs.credentials);
    },
};

/** What is proved. If it changes, the resource is updated. In a preview, all of `served` may be unknown. */
function subject({ namespace, gateway, served }: Inputs): unknown[] {
    return [namespace, gateway.namespace, served];
}

/** Proves what has changed, and everything at a gateway that is new. @param olds unset in a create */
async function untilApplied(inputs: Inputs, now: pulumi.Unwrap<Served>, olds?: Inputs): Promise<void> {
    const { route, generations, materials, installed } = now;
    const before = olds?.served;
    const all = [installed, inputs.namespace, inputs.gateway.namespace].join();
    const isNew = all !== [before?.installed, olds?.namespace, olds?.gateway.namespace].join();
    const sorted = (one: object | undefined) => JSON.stringify(Object.entries(one ?? {}).sort());
    if (route && (isNew || sorted(route) !== sorted(before?.route))) await untilServed(inputs, route);
    const changed = (name: string) =>
        generations[name] !== before?.generations[name] || materials[name] !== before?.materials[name];
    const names = Object.keys(generations).filter((name) => isNew || changed(name));
    const isKeyReplaced = names.some((name) => ![undefined, materials[name]].includes(before?.materials[name]));
    await untilAccepted(inputs, names, { isKeyReplaced });
}
