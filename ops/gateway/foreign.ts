/**
 * Finds objects in APISIX that the ingress controller did not write. Anyone with a leaked Admin key may have created them.
 * Even after a rotation of the keys, the ingress controller does not remove all of them: its ADC 0.23.1 compares only eight
 * kinds of objects and some of their fields. If ADC cannot read one object, the whole synchronization fails.
 */
import { troubleOf, type AdminApi } from "../../components/apisix/admin-api";
import { ADMIN_KEYS_SECRET } from "../../components/apisix/gateway-pods";
import { quote } from "../../components/hosts/script";
import { Failure } from "../errors";
import { plain } from "../stack/review/report";
import type { Expected } from "./expected";

/** An object in APISIX that the ingress controller did not write, or that has more fields than it writes. */
export interface Foreign {
    /** One sentence. It contains the object's names, and no other content. */
    says: string;
    /** Path of the object below `/apisix/admin/`. */
    path: string;
    /** Command that removes the object. */
    repair: string;
}

type Value = Record<string, unknown> & { id?: string; name?: string; labels?: Record<string, string> };

/** An object in a list of the Admin API. An attacker can choose its content, but not its key in etcd. */
interface Item {
    key: string;
    value: Value;
}

/** Names of the kinds of objects by their folder, in the order in which they can be deleted. */
const KINDS = {
    global_rules: "global rule",
    routes: "route",
    stream_routes: "stream route",
    services: "service",
    upstreams: "upstream",
    consumers: "consumer",
    consumer_groups: "consumer group",
    plugin_configs: "plugin config",
    plugin_metadata: "plugin metadata",
    ssls: "certificate",
    protos: "proto",
    secrets: "secret manager",
} as const;
type Kind = keyof typeof KINDS;

const METADATA = ["id", "name", "desc", "labels", "create_time", "update_time"];
/** Fields that ADC writes or restores. ADC leaves all other fields unchanged, so someone else wrote them. */
const FIELDS: Partial<Record<Kind | "credentials", string[]>> = {
    routes: [
        ...[...METADATA, "uri", "uris", "host", "hosts", "priority", "timeout", "vars", "methods", "enable_websocket"],
        ...["remote_addr", "remote_addrs", "plugins", "filter_func", "service_id", "status"],
    ],
    services: [...METADATA, "hosts", "plugins", "upstream_id"],
    upstreams: [
        ...[...METADATA, "type", "hash_on", "key", "checks", "nodes", "scheme", "retries", "retry_timeout", "timeout"],
        ...["tls", "keepalive_pool", "pass_host", "upstream_host", "service_name", "discovery_type", "discovery_args"],
    ],
    consumers: [...METADATA, "username", "plugins"],
    credentials: [...METADATA, "plugins"],
};
/** Kinds whose objects carry the controller's labels. */
const LABELLED: Kind[] = ["routes", "services", "consumers", "ssls"];
/** Number of concurrent requests for credentials, one consumer each. */
export const CONNECTIONS = 4;

/**
 * Reads all objects of an APISIX, and reports those that the ingress controller did not write.
 * @param kubectl kubectl for the gateway's namespace, for the commands
 * @throws Failure when APISIX does not answer
 */
export async function foreignObjects(api: AdminApi, expected: Expected, kubectl: string): Promise<Foreign[]> {
    const lists = new Map<Kind, Item[]>();
    for (const kind of Object.keys(KINDS) as Kind[]) lists.set(kind, await listOf(api, kind, kubectl));
    const ours = new Map(
        [...lists].map(([kind, items]) => [kind, items.filter((item) => isOurs(kind, item, expected))]),
    );
    // The ids of some upstreams are not computed here: these upstreams are recognized by the id of their service.
    const services = new Set(ours.get("services")!.map(({ key }) => idIn(key)));
    ours.set(
        "upstreams",
        lists.get("upstreams")!.filter((item) => isOurUpstream(item, expected, services)),
    );
    const found: Foreign[] = [];
    for (const kind of Object.keys(KINDS) as Kind[])
        for (const item of lists.get(kind)!) {
            const problem = ours.get(kind)!.includes(item)
                ? surplus(kind, item, services)
                : strange(kind, item, expected);
            if (problem !== undefined) found.push(foreign(kubectl, kind, item, problem));
        }
    const usernames = ours.get("consumers")!.map(({ key }) => idIn(key));
    return [...found, ...(await foreignCredentials(api, expected, usernames, kubectl))];
}

/**
 * @param mayMiss whether APISIX may lack the folder, for example that of a deleted consumer
 * @returns an empty list if APISIX has disabled the kind
 */
async function listOf(
    api: AdminApi,
    folder: string,
    kubectl: string,
    { mayMiss } = { mayMiss: false },
): Promise<Item[]> {
    const { status, body } = await api.get(folder);
    if (status === 404 && mayMiss) return [];
    const trouble = troubleOf({ status, body }, kubectl);
    if (trouble !== undefined) throw new Failure(trouble);
    // Without stream mode APISIX answers 400 for stream routes.
    if (status === 400 && folder === "stream_routes") return [];
    // The message never quotes the answer, which may contain keys.
    if (status !== 200) throw new Failure(`the Admin API answers ${status} to GET ${folder}`);
    const { list } = JSON.parse(body) as { list?: unknown };
    // APISIX may write an empty list as an object.
    return Array.isArray(list) ? (list as Item[]).filter(({ value }) => typeof value === "object") : [];
}

/** Id of an object: the part of its etcd key after the folder. Only the id of a secret manager contains a `/`. */
function idIn(key: string): string {
    return key.replace(/^\/apisix\/[^/]+\//, "").replace(/^.*\/credentials\//, "");
}

function isOurs(kind: Kind, { key, value }: Item, { ids, consumers, ...expected }: Expected): boolean {
    const id = idIn(key);
    if (LABELLED.includes(kind) && !hasLabels(value, expected.controller)) return false;
    if (kind === "consumers") return consumers.has(id);
    if (kind in ids && ids[kind as keyof typeof ids].has(id)) return true;
    return LABELLED.includes(kind) && isOfObject(value, expected.byLabel);
}

function isOurUpstream({ key, value }: Item, { ids }: Expected, services: Set<string>): boolean {
    const id = idIn(key);
    return ids.upstreams.has(id) || services.has(id) || services.has(value.labels?.__ADC_UPSTREAM_SERVICE_ID ?? "");
}

function hasLabels({ labels }: Value, controller: string): boolean {
    return labels?.["manager-by"] === "apisix-ingress-controller" && labels["k8s/controller-name"] === controller;
}

function isOfObject({ labels }: Value, objects: Set<string>): boolean {
    return objects.has(`${labels?.["k8s/kind"]} ${labels?.["k8s/namespace"]}/${labels?.["k8s/name"]}`);
}

/** Says why an object is taken as not written by the ingress controller. */
function strange(kind: Kind, { value }: Item, { controller }: Expected): string {
    return LABELLED.includes(kind) && hasLabels(value, controller)
        ? "has the ingress controller's labels, but belongs to no Kubernetes object"
        : "was not written by the ingress controller";
}

/** Says what was added to an object that the ingress controller wrote; undefined if nothing was. */
function surplus(kind: Kind, { key, value }: Item, services: Set<string>): string | undefined {
    const fields = more(kind, value);
    if (kind === "global_rules")
        fields.push(...Object.keys((value.plugins as object | undefined) ?? {}).filter((name) => name !== idIn(key)));
    if (kind === "services" && value.upstream_id !== undefined && value.upstream_id !== idIn(key))
        fields.push("upstream_id");
    if (kind === "routes" && !services.has(String(value.service_id))) fields.push("service_id");
    // Status 0 disables a route: the next matching route receives its requests.
    if (kind === "routes" && (value.status ?? 1) !== 1) fields.push("status");
    return fields.length === 0
        ? undefined
        : `was changed by hand in fields that the ingress controller does not restore (${fields.join(", ")})`;
}

function more(kind: Kind | "credentials", value: Value): string[] {
    const known = FIELDS[kind];
    return known === undefined ? [] : Object.keys(value).filter((field) => !known.includes(field));
}

/** Foreign credentials of the controller's consumers. Credentials of foreign consumers are deleted with their consumer. */
async function foreignCredentials(
    api: AdminApi,
    { consumers }: Expected,
    usernames: string[],
    kubectl: string,
): Promise<Foreign[]> {
    const found = new Map<string, Foreign[]>();
    const left = [...usernames];
    const work = async () => {
        for (let username = left.pop(); username !== undefined; username = left.pop()) {
            const folder = `consumers/${encodeURIComponent(username)}/credentials`;
            const known = consumers.get(username)!;
            const list = await listOf(api, folder, kubectl, { mayMiss: true });
            found.set(
                username,
                list.flatMap((item) => foreignCredential(item, username, known, kubectl) ?? []),
            );
        }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, work));
    return usernames.flatMap((username) => found.get(username) ?? []);
}

function foreignCredential(
    { key, value }: Item,
    username: string,
    known: Set<string>,
    kubectl: string,
): Foreign | undefined {
    const id = idIn(key);
    const isNamed = typeof value.name === "string";
    const fields = [...more("credentials", value), ...(isNamed ? [] : ["name"])];
    const isKnown = known.has(id);
    if (isKnown && fields.length === 0) return undefined;
    const path = `consumers/${encodeURIComponent(username)}/credentials/${encodeURIComponent(id)}`;
    // ADC derives the id of a credential from its name: without a name it fails before it has written anything.
    const ends = isNamed
        ? ""
        : ". It has no name, so every synchronization of the ingress controller fails: APISIX receives no change";
    const what = isKnown
        ? `was changed by hand in fields that the ingress controller does not restore (${fields.join(", ")})`
        : "was not written by the ingress controller";
    return {
        says: plain(`APISIX: credential ${shown(id, value.name)} of consumer ${username} ${what}${ends}`),
        path,
        repair: deletion(kubectl, path),
    };
}

function foreign(kubectl: string, kind: Kind, { key, value }: Item, problem: string): Foreign {
    const id = idIn(key);
    // A secret manager's id has two parts.
    const path = [kind, ...id.split("/")].map(encodeURIComponent).join("/");
    return {
        says: plain(`APISIX: ${KINDS[kind]} ${shown(id, value.name)} ${problem}`),
        path,
        repair: deletion(kubectl, path),
    };
}

/** Longest part of a name that is shown: an attacker may have chosen the name. */
const NAME = 60;

function shown(id: string, name: unknown): string {
    const text = typeof name === "string" && name !== id ? `${id} (${name})` : id;
    return text.length > NAME ? `${text.slice(0, NAME)}…` : text;
}

/** Command that deletes an object. It passes the key only through pipes, since all users of a machine can read command lines. */
function deletion(kubectl: string, path: string): string {
    const key = `${kubectl} get secret ${ADMIN_KEYS_SECRET.name} -o jsonpath='{.data.admin}' | base64 -d`;
    const url = quote(`http://127.0.0.1:9180/apisix/admin/${path}`);
    return `${key} | sed 's/^/X-API-KEY: /' | curl -sS --fail-with-body -X DELETE -H @- ${url}`;
}
