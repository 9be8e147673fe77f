/** Creates custom resource definitions, and waits until the API server serves their kinds. */
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError } from "./api.js";
import { Rest } from "./rest.js";

/** Longest wait until the API server serves a new kind, in seconds. */
const SERVED_SECONDS = 120;

/** The fields of a definition that {@link installDefinitions} reads. */
export interface NewDefinition {
    metadata: { name: string };
    spec: { group: string; names: { plural: string }; versions: object[] };
}

/** Idempotent. */
export async function installDefinitions(rest: Rest, definitions: NewDefinition[]): Promise<void> {
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    for (const crd of definitions) await rest.apply(`${path}/${crd.metadata.name}`, crd);
    await Promise.all(definitions.map((crd) => served(rest, crd)));
}

/** A kind that is not served yet answers with 404, and for a moment with 429 ("storage is (re)initializing"). */
async function served(rest: Rest, { metadata, spec }: NewDefinition): Promise<void> {
    const newest = (spec.versions.at(-1) as { name: string }).name;
    const end = performance.now() + SERVED_SECONDS * 1000;
    for (;;) {
        try {
            await rest.call("GET", `/apis/${spec.group}/${newest}/${spec.names.plural}?limit=1`);
            return;
        } catch (error) {
            if (!(error instanceof ApiError) || ![404, 429, 503].includes(error.status)) throw error;
            if (performance.now() > end)
                throw new Error(
                    `CRD ${metadata.name}: not served after ${SERVED_SECONDS} s. Check: kubectl describe crd ${metadata.name}`,
                );
            await sleep(100);
        }
    }
}
