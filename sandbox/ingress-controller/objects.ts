// APISIX objects for the Admin API, with their names, ids and labels.
// Facts: apache/apisix-ingress-controller 2.0.1 (internal/adc/translator, internal/controller/label, pkg/id) and api7/adc
// (libs/differ, libs/sdk).

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

import type { Resource } from "./kinds";

export type Collection =
    | "routes"
    | "ssls"
    | "services"
    | "upstreams"
    | "consumers"
    | "credentials"
    | "global_rules"
    | "plugin_metadata";

export interface ApisixObject {
    collection: Collection;
    id: string;
    /** Path below /apisix/admin. */
    path: string;
    body: Record<string, unknown>;
}

/** Label of an additional upstream of a service. Its value is the id of the service. */
export const SERVICE_LABEL = "__ADC_UPSTREAM_SERVICE_ID";

/** Thrown if a resource is not accepted. Reason and message go into its condition. */
export class Refusal extends Error {
    constructor(
        readonly reason: "InvalidSpec" | "SyncFailed",
        message: string,
    ) {
        super(message);
    }
}

/** The rejection of a feature that only the real controller has, so that the emulator never ignores it silently. */
export function unsupported(what: string): Refusal {
    return new Refusal("InvalidSpec", `${what}: unsupported by the sandbox`);
}

/** Id of a route, service or upstream: CRC-32 of its full name, in hex. */
export function nameId(name: string): string {
    return crc32(name).toString(16);
}

/** Id of a credential, which upstreams get in X-Credential-Identifier. */
export function credentialId(username: string, credential: string): string {
    return createHash("sha1").update(`${username}.${credential}`).digest("hex");
}

/** Username of the APISIX consumer for a Consumer or ApisixConsumer. */
export function username(consumer: Resource): string {
    return `${consumer.metadata.namespace}_${consumer.metadata.name}`;
}

/** Labels of an APISIX object that name its Kubernetes resource. */
export function ownerLabels(owner: Resource, controllerName: string): Record<string, string> {
    return {
        "k8s/kind": owner.kind as string,
        "k8s/namespace": owner.metadata.namespace as string,
        "k8s/name": owner.metadata.name,
        "k8s/controller-name": controllerName,
        "manager-by": "apisix-ingress-controller",
    };
}

/** Whole seconds of a Go duration ("1m30s", "600s", "1.5h"): a fraction of a second is dropped. */
export function goSeconds(text: string, where: string): number {
    const units: Record<string, number> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };
    const sign = text.startsWith("-") ? -1 : 1;
    const unsigned = text.replace(/^[+-]/, "");
    if (unsigned === "0") return 0;
    if (!/^(\d+\.?\d*(ns|us|µs|ms|s|m|h))+$/.test(unsigned)) {
        throw new Refusal("InvalidSpec", `${where}: must be a Go duration such as 600s (got ${JSON.stringify(text)})`);
    }
    let seconds = 0;
    for (const [, amount, unit] of unsigned.matchAll(/(\d+\.?\d*)(ns|us|µs|ms|s|m|h)/g))
        seconds += +amount * units[unit];
    // A sum of fractions such as 0.3 s + 0.7 s can be slightly less than 1 s. It is rounded first, because Math.trunc
    // would make it 0.
    return sign * Math.trunc(Number(seconds.toFixed(9)));
}
