// APISIX objects for the Admin API, with their names, ids and labels.
// Facts: apache/apisix-ingress-controller 2.0.1 (internal/adc/translator, internal/controller/label, pkg/id) and api7/adc
// (libs/differ, libs/sdk).

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

import type { Resource } from "./kinds";

export type Collection = "routes" | "ssls" | "services" | "upstreams" | "consumers" | "credentials" | "plugin_metadata";

export interface ApisixObject {
    collection: Collection;
    id: string;
    /** Path below /apisix/admin. */
    path: string;
    body: Record<string, unknown>;
}

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

/** @throws Refusal for a field that is not in the list */
export function onlyHas(object: object, known: string[], where: string): void {
    const other = Object.keys(object).find((field) => !known.includes(field));
    if (other) throw unsupported(`${where}.${other}`);
}

/** Id of a route, service or upstream: CRC-32 of its full name, in hex. */
export function nameId(name: string): string {
    return crc32(name).toString(16);
}

/** Path of a consumer's credentials below /apisix/admin. */
export function credentialsOf(username: string): string {
    return `consumers/${username}/credentials`;
}

/** Id of a credential, which upstreams get in X-Credential-Identifier. */
export function credentialId(username: string, credential: string): string {
    return createHash("sha1").update(`${username}.${credential}`).digest("hex");
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

export interface PluginSpec {
    name: string;
    config?: unknown;
}

/** Configurations of plugins by name. As in the controller up to 2.1, a config that is not an object becomes an empty one. */
export function configsOf(plugins: PluginSpec[] = []): Record<string, unknown> {
    const isObject = (config: unknown) => config !== null && typeof config === "object" && !Array.isArray(config);
    return Object.fromEntries(plugins.map(({ name, config }) => [name, isObject(config) ? config : {}]));
}

/** Whole seconds of a duration such as "600s". */
export function wholeSeconds(text: string, where: string): number {
    if (!/^[1-9]\d*s$/.test(text)) throw unsupported(`${where}: a duration other than whole seconds (${text})`);
    return parseInt(text);
}
