/** Edits of the list of consumers, in a stack file or in its callers file. */
import { isCollection, isMap, isNode, isPair, isScalar, isSeq, YAMLMap, YAMLSeq } from "yaml";
import type { Limits } from "../../components/consumers/limits";
import { PROJECT } from "../../config/stack-file";
import { UsageError } from "../errors";
import type * as z from "zod";
import { credential as gatewayCredential } from "../../config/keys/consumers/schema";
import { credential as serviceToken } from "../../config/keys/consumers/service-tokens";
import { assign, configIn, editableKey, editYaml, nodeOf, parseYaml } from "./yaml-edit";

type GatewayCredential = z.infer<typeof gatewayCredential>;

/** Authentication methods of callers. `service-token` is only for option cloudflare. */
export const METHODS = [...gatewayCredential.shape.method.options, ...serviceToken.shape.method.values] as const;
export type Method = (typeof METHODS)[number];

/** A new credential to write into the file. */
export type NewCredential = Pick<GatewayCredential, "id" | "algorithm" | "publicKey" | "expires"> & {
    method: Method;
};

/** Whether a file lists this consumer. */
export function hasConsumer(text: string, name: string): boolean {
    return mapsIn(listedIn(text)).some((one) => one.get("name") === name);
}

/** Version of the secret of each credential in a file, and the day from which the previous secret is rejected. */
export function secretVersionsIn(text: string) {
    return mapsIn(listedIn(text)).flatMap((owner) =>
        mapsIn(owner.get("credentials")).map((one) => ({
            name: String(owner.get("name")),
            id: String(one.get("id")),
            version: Number(one.get("secretVersion") ?? 1),
            until: String(one.get("previousSecretExpires")),
        })),
    );
}

/** The list of consumers; no list if it is written in a form that commands do not edit. */
function listedIn(text: string): unknown {
    const config = configIn(parseYaml(text, "failsafe"));
    return isMap(config) ? (config.get(`${PROJECT}:consumers`) ?? config.get("consumers")) : undefined;
}

const mapsIn = (list: unknown): YAMLMap[] => (isSeq(list) ? list.items.filter(isMap) : []);

/** Adds a credential to a consumer, and creates the consumer if it does not exist. @param about only for a new consumer */
export function addCredential(
    text: string,
    consumer: string,
    credential: NewCredential,
    about: { class?: string; limits?: Limits } = {},
): string {
    return editYaml(text, (config) => {
        const callers = callersIn(config);
        const owner = find(callers, "name", consumer) ?? new YAMLMap();
        if (!owner.has("name")) {
            assign(owner, { name: consumer, ...about });
            add(callers, owner);
        }
        add(listIn(owner, "credentials"), nodeOf(credential));
    });
}

/** Sets fields of a consumer or, with an id, of one of its credentials. A value `undefined` removes its key. */
export function setFields(text: string, [consumer, id]: [consumer: string, id?: string], fields: object): string {
    return editYaml(text, (config) => assign(entryOf(config, consumer, id).entry, fields));
}

/** Sets the version number of a service token's secret, and the day from which the previous secret is rejected. */
export function setSecretVersion(text: string, consumer: string, id: string, version: number, until: string): string {
    return setFields(text, [consumer, id], { secretVersion: version, previousSecretExpires: until });
}

export function removeCredential(text: string, consumer: string, id: string): string {
    return editYaml(text, (config) => remove(entryOf(config, consumer, id)));
}

export function removeConsumer(text: string, consumer: string): string {
    return editYaml(text, (config) => remove(entryOf(config, consumer)));
}

function callersIn(config: YAMLMap): YAMLSeq {
    return listIn(config, editableKey(config, "consumers", { isDeep: true }));
}

/** The list at a key. Creates it only where there is no value: another value may contain callers, which would be lost. */
function listIn(map: YAMLMap, key: string): YAMLSeq {
    const value = map.get(key, true) as unknown;
    if (isSeq(value)) return value;
    if (value !== undefined && !(isScalar(value) && value.value === ""))
        throw new UsageError([`${key}: must be a list of YAML in the file that the command edits. Write a list.`]);
    const list = new YAMLSeq();
    map.set(key, list);
    return list;
}

function find(list: YAMLSeq, key: string, value: string): YAMLMap | undefined {
    return mapsIn(list).find((item) => item.get(key) === value);
}

/** A consumer or, with an id, one of its credentials, and the list that contains it. */
function entryOf(config: YAMLMap, consumer: string, id?: string): { list: YAMLSeq; entry: YAMLMap } {
    const callers = callersIn(config);
    const owner = find(callers, "name", consumer);
    const list = owner && id !== undefined ? listIn(owner, "credentials") : callers;
    const entry = owner && id !== undefined ? find(list, "id", id) : owner;
    if (entry) return { list, entry };
    const who = [consumer, ...(id === undefined ? [] : [id])].join("/");
    throw new UsageError([`${who}: must be written as this text in the file that the command edits. Correct it.`]);
}

function add(list: YAMLSeq, entry: unknown): void {
    if (list.items.length === 0) list.flow = false;
    list.add(entry);
}

/** Removes an entry. Comments below it stay, since they may be about the next entry. */
function remove({ list, entry }: { list: YAMLSeq; entry: YAMLMap }): void {
    const at = list.items.indexOf(entry);
    list.items.splice(at, 1);
    const next = list.items[at];
    const comments = (other?: string | null) => [...commentsBelow(entry), ...(other ? [other] : [])].join("\n");
    if (isNode(next)) next.commentBefore = comments(next.commentBefore);
    else list.comment = comments(list.comment);
}

/** The comments after the last line of an entry, which the library attaches to the entry. */
function commentsBelow(node: unknown): string[] {
    if (!isCollection(node) || node.flow) return [];
    const last: unknown = node.items.at(-1);
    return [...commentsBelow(isPair(last) ? last.value : last), ...(node.comment ? [node.comment] : [])];
}
