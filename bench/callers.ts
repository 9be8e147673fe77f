/** Invents the callers that a measurement creates, and writes manifests of their objects for kubectl. */
import { randomBytes } from "node:crypto";
import { stringify } from "yaml";
import type { Bench } from "./sandbox";

/** Ids of the credentials of each caller. */
export type Callers = Record<string, string[]>;

/** Callers with one key each. */
export function callers(count: number): Callers {
    const name = (i: number) => `team-${String(i).padStart(4, "0")}`;
    return Object.fromEntries(Array.from({ length: count }, (_, i) => [name(i), ["a"]]));
}

/** The consumer whose credential is rotated. */
export const ROTATED = "team-0000";

/** Adds a key to the caller {@link ROTATED}. */
export function rotated(all: Callers, id: string): Callers {
    return { ...all, [ROTATED]: [...all[ROTATED], id] };
}

/** The objects of callers as manifests for kubectl. @param only name of a caller. @default all callers */
export function manifests(all: Callers, namespace: string, binding: Bench["binding"], only?: string): string {
    const objects = Object.entries(all)
        .filter(([caller]) => only === undefined || caller === only)
        .flatMap(([caller, ids]) => [
            ...ids.map((id) => ({
                apiVersion: "v1",
                kind: "Secret",
                metadata: { name: `${caller}.${id}`, namespace },
                stringData: { key: randomBytes(20).toString("hex") },
            })),
            {
                apiVersion: "apisix.apache.org/v1alpha1",
                kind: "Consumer",
                metadata: { name: caller, namespace },
                spec: {
                    gatewayRef: { name: binding.gateway, namespace: binding.gatewayNamespace },
                    credentials: ids.map((id) => ({
                        name: id,
                        type: "key-auth",
                        secretRef: { name: `${caller}.${id}` },
                    })),
                },
            },
        ]);
    const home = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
    return [home, ...objects].map((object) => stringify(object)).join("---\n");
}
