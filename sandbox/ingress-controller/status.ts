// Writes conditions as the real controller does: with observedGeneration, and only if a condition has changed.

import { ApiError, type ApiServer } from "./api-server";
import { keyOf, KINDS, type Kind, type Resource } from "./kinds";
import type { Condition } from "./translate";

interface Written extends Condition {
    observedGeneration?: number;
    lastTransitionTime?: string;
}

export class StatusWriter {
    /** The last written conditions of each resource, by uid. They can be newer than the watched copy. */
    private readonly latest = new Map<string, Written[]>();

    constructor(
        private readonly api: ApiServer,
        private readonly log: (line: string) => void,
    ) {}

    /** Writes the given conditions into the status of a resource. Existing conditions of other types stay. */
    async write(kind: Kind, resource: Resource, conditions: Condition[], more: object = {}): Promise<void> {
        const { uid = keyOf(resource), generation, namespace, name } = resource.metadata;
        const current: Written[] = this.latest.get(uid) ?? resource.status?.conditions ?? [];
        const next = conditions.map((condition) => ({
            ...condition,
            observedGeneration: generation,
            lastTransitionTime: `${new Date().toISOString().slice(0, 19)}Z`,
        }));
        const same = (one: Written, other: Written | undefined) =>
            (["status", "reason", "message", "observedGeneration"] as const).every(
                (field) => one[field] === other?.[field],
            );
        if (
            next.every((one) =>
                same(
                    one,
                    current.find(({ type }) => type === one.type),
                ),
            )
        )
            return;
        const others = current.filter(({ type }) => !next.some((one) => one.type === type));
        const merged = [...others, ...next];
        const [group, version, plural] = KINDS[kind];
        const folder = namespace === undefined ? "" : `/namespaces/${namespace}`;
        try {
            const path = `/apis/${group}/${version}${folder}/${plural}/${name}`;
            // Uses an update (PUT), because the role in the chart does not allow a patch.
            const update = (live: Resource) => {
                const status = { ...live.status, conditions: merged, ...more };
                return this.api.request("PUT", `${path}/status`, { ...live, status });
            };
            // The first try uses the watched copy, as the real controller uses its cache. If the copy is outdated, the
            // API server answers 409.
            await update(resource).catch(async (error) => {
                if (!(error instanceof ApiError && error.status === 409)) throw error;
                await update((await this.api.request("GET", path)) as Resource);
            });
            this.latest.set(uid, merged);
        } catch (error) {
            // The resource was deleted, or the API server is unreachable. The next synchronization handles either case.
            this.log(`${kind} ${keyOf(resource)}: the status cannot be written: ${(error as Error).message}`);
        }
    }
}

/** The status of a Gateway without the conditions of the Gateway itself. */
export function gatewayStatus(gateway: Resource): object {
    const now = `${new Date().toISOString().slice(0, 19)}Z`;
    const condition = (type: string, status: string, reason: string) => ({
        type,
        status,
        reason,
        message: "",
        observedGeneration: gateway.metadata.generation,
        lastTransitionTime: now,
    });
    const listeners = gateway.spec.listeners.map(({ name }: { name: string }) => ({
        name,
        attachedRoutes: 0,
        supportedKinds: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute" }],
        conditions: [
            condition("Accepted", "True", "Accepted"),
            condition("Conflicted", "False", "NoConflicts"),
            condition("Programmed", "True", "Programmed"),
            condition("ResolvedRefs", "True", "ResolvedRefs"),
        ],
    }));
    return { listeners };
}
