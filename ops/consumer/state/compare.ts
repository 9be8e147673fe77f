import { isOver } from "../../dates";
import type { ListedCaller } from "../../../config/keys/consumers/listed";
import type { Live, LiveConsumer } from "./cluster-consumers";

/** Name in the rows that concern all consumers. A consumer's name never contains brackets. */
export const ALL = "(all)";

/** One credential in the config, in the cluster, or in both, without its secret. */
export interface Row {
    /** `ALL` for a problem of all consumers. */
    consumer: string;
    /** Priority class in the config. Unset if the caller has none. */
    class?: string;
    /** Id of the credential; null for a consumer without credentials. */
    credential: string | null;
    method: string | null;
    algorithm: string | null;
    expires: string | null;
    /** Whether the Consumer object in the cluster has the credential. */
    live: boolean;
    /** Whether the ingress controller has accepted the Consumer object as it is, and APISIX the controller's changes. */
    accepted: boolean;
    /** When the ingress controller last reported `accepted`. */
    lastApplied: string | null;
    /** Whether the credential's Secret exists; null if the credential needs none. */
    secret: boolean | null;
    /** Differences between config and cluster, and a secret that the caller lacks. */
    problems: string[];
    /** Command that repairs the problem, if there is one. */
    repair?: string;
}

/**
 * Compares which credentials exist. `stack drift` compares what the objects contain.
 * @param owner value of the owner annotation on this stack's objects, `<project>/<stack>`
 * @param kubectl kubectl for the namespace of the consumers
 */
export function compare(config: ListedCaller[], live: Live, owner: string, today: Date, kubectl: string): Row[] {
    const rows = config.flatMap((consumer) => {
        const object = live.consumers.find(({ name }) => name === consumer.name);
        const wanted: (ListedCaller["credentials"][number] | undefined)[] = [...consumer.credentials];
        const known = new Set(consumer.credentials.map(({ id }) => id));
        const extra = object?.credentials.filter(({ id }) => !known.has(id)) ?? [];
        if (wanted.length === 0 && extra.length === 0) wanted.push(undefined);
        return [
            ...wanted.map((credential) => {
                const row = rowOf(consumer.name, credential, object, live, owner, today);
                return consumer.class === undefined ? row : { ...row, class: consumer.class };
            }),
            ...extra.map(({ id }) => unwanted(live, id, object!, "not in the config")),
        ];
    });
    const names = new Set(config.map(({ name }) => name));
    const strangers = live.consumers
        .filter(({ name }) => !names.has(name))
        .flatMap((object) => {
            const ids = object.credentials.length > 0 ? object.credentials.map(({ id }) => id) : [undefined];
            const why = object.owner === owner ? "not in the config" : `belongs to ${object.owner ?? "no stack"}`;
            // After a restore of the cluster's etcd, the state may lack the object: then no run deletes it.
            const repair = object.owner === owner ? deletion(kubectl, object) : undefined;
            return ids.map((id) => ({ ...unwanted(live, id, object, why), repair }));
        });
    return [...rows, ...strangers, ...(live.routeProblem === undefined ? [] : [forAll(live.routeProblem)])];
}

/** Command that deletes a caller with its credentials. */
function deletion(kubectl: string, { name, credentials }: LiveConsumer): string {
    const secrets = credentials.flatMap(({ secret }) => (secret === undefined ? [] : [`secret/${secret}`]));
    return [kubectl, "delete", `consumers.apisix.apache.org/${name}`, ...secrets].join(" ");
}

/** Creates the row for a problem that concerns all consumers. */
function forAll(problem: string): Row {
    const nothing = { credential: null, method: null, algorithm: null, expires: null, lastApplied: null, secret: null };
    return { consumer: ALL, ...nothing, live: false, accepted: false, problems: [problem] };
}

/** The row of a credential in the cluster that must be removed. @param why the problem */
function unwanted(live: Live, id: string | undefined, object: LiveConsumer, why: string): Row {
    return { ...rowIn(live, object.name, id, object), live: true, problems: [why] };
}

/** The row of a credential, or of a consumer without credentials, as the cluster has it. */
function rowIn(live: Live, consumer: string, id: string | undefined, object?: LiveConsumer): Row {
    const found = object?.credentials.find((one) => one.id === id);
    return {
        ...{ consumer, credential: id ?? null, method: null, algorithm: null, expires: null },
        live: found !== undefined,
        accepted: (object?.accepted ?? false) && live.routeProblem === undefined,
        lastApplied: object?.since ?? null,
        secret: found ? found.secret !== undefined && live.secrets.has(found.secret) : null,
        problems: [],
    };
}

function rowOf(
    consumer: string,
    credential: ListedCaller["credentials"][number] | undefined,
    object: LiveConsumer | undefined,
    live: Live,
    owner: string,
    today: Date,
): Row {
    const found = object?.credentials.find(({ id }) => id === credential?.id);
    const over = isOver(credential?.expires, today);
    const row = rowIn(live, consumer, credential?.id, object);
    const { problems } = row;
    if (object && object.owner !== owner) problems.push(`belongs to ${object.owner ?? "no stack"}`);
    if (!object) problems.push(credential && over ? "consumer not live" : "not live");
    else if (credential && over && found) problems.push("expired, but works until the next pulumi up");
    else if (credential && !over && !found) problems.push("not live");
    // APISIX's name of an authentication method is the config's name with the suffix `-auth`.
    else if (credential && found && found.type !== `${credential.method}-auth`)
        problems.push(`live with type ${found.type ?? "unknown"}`);
    if (object && !object.accepted)
        problems.push(`not accepted: ${object.message ?? "no message from the ingress controller"}`);
    if (row.secret === false) problems.push("Secret missing");
    const { method = null, algorithm = null, expires = null } = credential ?? {};
    return { ...row, method, algorithm, expires };
}
