import { Document, isAlias, isMap, isScalar, isSeq, parse, Scalar, visit } from "yaml";
import type { Node, Pair, YAMLMap, YAMLSeq } from "yaml";
import type * as z from "zod";
import type { Limits } from "../../components/consumers/limits";
import { credential as gatewayCredential } from "../../config/keys/consumers/schema";
import { credential as serviceToken } from "../../config/keys/consumers/service-tokens";
import { UsageError } from "../errors";
import { editYaml, keepCommentsBelow, parseYaml } from "./yaml-edit";

type GatewayCredential = z.input<typeof gatewayCredential>;
type ServiceToken = z.input<typeof serviceToken>;

/** Ways of callers to prove who they are; the last one with option cloudflare only. */
export const METHODS = [...gatewayCredential.shape.method.options, ...serviceToken.shape.method.values] as const;
export type Method = (GatewayCredential | ServiceToken)["method"];

/** A credential as the stack file lists it, which no check has seen. Never with its key. */
export type Credential = { id: string; method: string; algorithm?: string } & Pick<
    GatewayCredential,
    "publicKey" | "expires"
> &
    Pick<ServiceToken, "enabled" | "secretVersion" | "previousSecretExpires">;

export interface Consumer {
    name: string;
    credentials: Credential[];
}

/** A credential to be written. */
export type NewCredential = Pick<GatewayCredential, "id" | "algorithm" | "publicKey" | "expires"> & {
    method: Method;
    /** Ciphertext of a key the caller has already. */
    key?: { secure: string };
};

/** As in Pulumi.yaml: in front of each key of the config. */
export const PROJECT = "alpa-auth";

/** The callers of a stack file, or of the file that `consumersFile` names. What is not as the schema wants it is left out here: the config check names it. */
export function readConsumers(text: string): Consumer[] {
    const document = parseYaml(text);
    return mappings(listed(document)).map((consumer) => ({
        name: String(consumer.name),
        credentials: mappings(consumer.credentials).map(({ id, method, algorithm, publicKey, expires, ...token }) => ({
            id: String(id),
            method: String(method),
            ...(typeof algorithm === "string" ? { algorithm } : {}),
            ...(typeof publicKey === "string" ? { publicKey } : {}),
            ...(expires === undefined ? {} : { expires: String(expires).slice(0, 10) }),
            ...(typeof token.enabled === "boolean" ? { enabled: token.enabled } : {}),
            ...(typeof token.secretVersion === "number" ? { secretVersion: token.secretVersion } : {}),
            ...(token.previousSecretExpires === undefined
                ? {}
                : { previousSecretExpires: String(token.previousSecretExpires).slice(0, 10) }),
        })),
    }));
}

/** A single value of the config. */
export function readValue(text: string, key: string, ...path: string[]): unknown {
    const document = parseYaml(text);
    for (const place of placesOf(document, key)) {
        const value = document.getIn([...place, ...path]);
        if (value !== undefined) return value;
    }
    return undefined;
}

/** Where a key can stand: below `config`, with the project in front or without; in a file of callers at the top. */
function placesOf(document: Document, key: string): string[][] {
    if (document.has("consumers") && !document.has("config")) return [[key]];
    return [`${PROJECT}:${key}`, key].map((name) => ["config", name]);
}

/** A number that stands there. `pulumi config set` writes it as a text, which the program takes for the number it is. */
export function readNumber(text: string, key: string, ...path: string[]): number | undefined {
    const value = readValue(text, key, ...path);
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    return typeof number === "number" && !Number.isNaN(number) ? number : undefined;
}

/** Adds a credential to a consumer, which is made if it does not exist. */
export function addCredential(text: string, consumer: string, credential: NewCredential, limits?: Limits): string {
    return addCredentials(text, [{ consumer, credential, limits }]);
}

interface Addition {
    consumer: string;
    credential: NewCredential;
    limits?: Limits;
}

/** The same of many in one edit, each of which reads all of the file. */
export function addCredentials(text: string, additions: Addition[]): string {
    const known = readConsumers(text);
    return editYaml(text, (document) => additions.forEach((one) => add(document, known, one)));
}

/** @param known callers of the file, those of an alias too */
function add(document: Document, known: Consumer[], { consumer, credential, limits }: Addition): void {
    const list = consumersNode(document) ?? newList(document);
    const owner = find(list, "name", consumer);
    if (owner) namedNowhereElse(document, consumer, list, owner);
    else if (known.some(({ name }) => name === consumer)) throw notWrittenOut(consumer);
    const siblings = owner?.get("credentials", true) ?? anyCredentials(list);
    const entry = document.createNode(credential) as YAMLMap;
    // As the other entries are written; but a key of several lines is not read on one.
    entry.flow = credential.publicKey === undefined && (!isSeq(siblings) || inFlow(siblings));
    for (const { key, value } of entry.items as Pair<Scalar, Node>[]) {
        // Without quotes Pulumi would read a time, and maybe a number.
        if (key.value === "expires") (value as Scalar).type = Scalar.QUOTE_DOUBLE;
        if (key.value === "id") quoteUnlessText(value);
        if (key.value === "publicKey") (value as Scalar).type = Scalar.BLOCK_LITERAL;
        if (key.value === "key") (value as YAMLMap).flow = true;
    }
    if (owner) return append(document, consumer, owner, entry);
    const made = document.createNode({ name: consumer, ...(limits ? { limits } : {}) }) as YAMLMap;
    if (limits) (made.get("limits") as YAMLMap).flow = true;
    quoteUnlessText(made.get("name", true));
    append(document, consumer, made, entry);
    list.flow = false;
    list.add(made);
}

/** A name like `2026-11-25`, `0x1` or `no` is a time, a number or a choice to one of the readers of YAML 1.1 and 1.2. */
function quoteUnlessText(node: unknown): void {
    const scalar = node as Scalar<string>;
    const texts = (["1.1", "1.2"] as const).map((version) => parse(scalar.value, { version }) as unknown);
    if (texts.some((text) => typeof text !== "string")) scalar.type = Scalar.QUOTE_DOUBLE;
}

/** Sets the day from which a credential is left out. */
export function setExpires(text: string, consumer: string, id: string, day: string): string {
    return editYaml(text, (document) => {
        setDay(credentialNode(document, consumer, id), "expires", day);
    });
}

/** A day in quotes, with the comment of the one that was there. */
function setDay(entry: YAMLMap, key: string, text: string): void {
    const day = new Scalar(text);
    day.type = Scalar.QUOTE_DOUBLE;
    day.comment = (entry.get(key, true) as Scalar | undefined)?.comment;
    entry.set(key, day);
}

/** Sets the number of a service token's secret, and the day from which the one before is refused. */
export function setSecretVersion(text: string, consumer: string, id: string, version: number, until: string): string {
    return editYaml(text, (document) => {
        const entry = credentialNode(document, consumer, id);
        entry.set("secretVersion", version);
        setDay(entry, "previousSecretExpires", until);
    });
}

export function removeCredential(text: string, consumer: string, id: string): string {
    return removeEntry(text, (document) => {
        const entry = credentialNode(document, consumer, id);
        const list = find(consumersNode(document)!, "name", consumer)!.get("credentials", true) as unknown as YAMLSeq;
        return { list, entry };
    });
}

export function removeConsumer(text: string, consumer: string): string {
    return removeEntry(text, (document) => {
        const list = consumersNode(document)!;
        const entry = writtenOut(find(list, "name", consumer), consumer);
        namedNowhereElse(document, consumer, list, ...within(entry));
        return { list, entry };
    });
}

/**
 * Takes the callers without keys of their own out of a stack file, and names the file they are in from then on.
 * @returns both texts, and the names of those that moved and of those that stayed
 */
export function moveConsumers(
    text: string,
    file: string,
): { own: string; callers: string; moved: string[]; kept: string[] } {
    const document = parseYaml(text);
    const list = consumersNode(document) ?? newList(document);
    namedNowhereElse(document, "consumers", list, ...within(list));
    if (within(list).some(isAlias)) throw notWrittenOut("consumers");
    const stays = (item: unknown) => !isMap(item) || within(item).some((node) => isMap(node) && node.has("key"));
    const nameOf = (item: unknown) => (isMap(item) ? String(item.get("name")) : "");
    const others = list.items.filter((item) => !stays(item));
    const callers = new Document({ consumers: [] });
    const moved = callers.get("consumers", true) as unknown as YAMLSeq;
    moved.items = others;
    moved.flow = list.flow;
    const own = editYaml(text, (edited) => {
        const rest = consumersNode(edited) ?? newList(edited);
        rest.items = rest.items.filter(stays);
        const [whole, short] = placesOf(edited, "consumers");
        if (rest.items.length === 0) edited.deleteIn(edited.hasIn(whole) ? whole : short);
        edited.setIn(["config", `${PROJECT}:consumersFile`], file);
    });
    return {
        own,
        callers: callers.toString({ lineWidth: 0, flowCollectionPadding: true }),
        moved: others.map(nameOf),
        kept: list.items.filter(stays).map(nameOf),
    };
}

function removeEntry(text: string, find: (document: Document) => { list: YAMLSeq; entry: Node }): string {
    const { list, entry } = find(parseYaml(text));
    const after = editYaml(text, (document) => {
        const found = find(document);
        remove(found.list, found.entry);
    });
    return keepCommentsBelow(text, after, entry, list.items[0] === entry);
}

function remove(list: YAMLSeq, entry: Node): void {
    const at = list.items.indexOf(entry);
    list.items.splice(at, 1);
    // The blank line that parted it from the one before it.
    const next = list.items[0] as Node | undefined;
    if (at === 0 && next) next.spaceBefore = false;
    if (list.items.length > 0 || list.flow) return;
    list.flow = true; // an empty block is no list
    list.comment = undefined; // what stands below it stays there
}

/** The list as it stands in the file, to be edited; undefined where there is none. */
function consumersNode(document: Document): YAMLSeq | undefined {
    const nodes = valuesOf(document);
    if (nodes.length > 1)
        throw new UsageError([`consumers: must be there once (got ${PROJECT}:consumers and consumers). Join them.`]);
    const [node] = nodes;
    if (node === undefined || isSeq(node)) return node;
    // A new list in its place would stop everybody who is in it.
    throw new UsageError([
        `consumers: must be a list that is written out in the stack file (it is ${isAlias(node) ? "an alias" : isScalar(node) ? "one text" : "a mapping"}). Write it out.`,
    ]);
}

/** What the config has under the key; Pulumi hands on a list too that is kept as one text. */
function listed(document: Document): unknown {
    const [value] = valuesOf(document).map((node) => node.toJS(document) as unknown);
    if (typeof value !== "string") return value;
    try {
        return JSON.parse(value);
    } catch {
        return undefined; // the config check says so
    }
}

/** A key without a value has nobody in it. */
function valuesOf(document: Document): Node[] {
    const nodes = placesOf(document, "consumers")
        .map((place) => document.getIn(place, true) as Node | undefined)
        .filter((node) => node !== undefined && !(isScalar(node) && node.value === null)) as Node[];
    if (nodes.some((node) => isMap(node) && node.has("secure")))
        throw new UsageError([
            "consumers: must not be encrypted as a whole. Write the list, and encrypt the keys in it only.",
        ]);
    return nodes;
}

function newList(document: Document): YAMLSeq {
    const list = document.createNode([]) as YAMLSeq;
    const none = document.get("config", true);
    // A config without a value takes none either; a comment beside it stays.
    if (isScalar(none)) document.set("config", Object.assign(document.createNode({}), { commentBefore: none.comment }));
    document.setIn(placesOf(document, "consumers")[0], list);
    return list;
}

function append(document: Document, name: string, consumer: YAMLMap, entry: YAMLMap): void {
    const list = consumer.get("credentials", true) as unknown;
    if (list === undefined || (isScalar(list) && list.value === null)) {
        consumer.set("credentials", document.createNode([entry]));
        return;
    }
    if (!isSeq(list)) throw notWrittenOut(`credentials of ${name}`);
    namedNowhereElse(document, name, list);
    if (list.items.length === 0) list.flow = false;
    list.add(entry);
}

function find(list: YAMLSeq, key: string, value: string): YAMLMap | undefined {
    return list.items.filter(isMap).find((item) => String(item.get(key)) === value);
}

function credentialNode(document: Document, consumer: string, id: string): YAMLMap {
    const all = consumersNode(document)!;
    const owner = find(all, "name", consumer);
    const list = owner?.get("credentials", true) as unknown;
    const who = `${consumer}/${id}`;
    const entry = writtenOut(isSeq(list) ? find(list, "id", id) : undefined, who);
    namedNowhereElse(document, who, all, owner!, list as YAMLSeq, ...within(entry));
    return entry;
}

/** An entry that stands elsewhere in the file and is only named here would be changed for all who name it. */
function writtenOut(node: YAMLMap | undefined, what: string): YAMLMap {
    if (node) return node;
    throw notWrittenOut(what);
}

function notWrittenOut(what: string): UsageError {
    return new UsageError([`${what}: must be written out in the stack file, not as an alias. Write it out.`]);
}

/** The same from the other side: what is named elsewhere would be changed there too, or be missing. */
function namedNowhereElse(document: Document, what: string, ...nodes: Node[]): void {
    const named = new Set<string>();
    visit(document, { Alias: (_, { source }) => void named.add(source) });
    const anchor = nodes.map((node) => (node as { anchor?: string }).anchor).find((name) => named.has(name ?? ""));
    if (anchor === undefined) return;
    throw new UsageError([
        `${what}: must not be named elsewhere in the stack file (it is, or a part of it, as *${anchor}). Write that out.`,
    ]);
}

/** A node with all that is in it. */
function within(node: Node): Node[] {
    const all: Node[] = [];
    visit(node, { Node: (_, one) => void all.push(one) });
    return all;
}

function anyCredentials(list: YAMLSeq): unknown {
    return list.items
        .filter(isMap)
        .map((consumer) => consumer.get("credentials", true) as unknown)
        .find((credentials) => isSeq(credentials) && credentials.items.length > 0);
}

function inFlow(list: YAMLSeq): boolean {
    const last = list.items.at(-1);
    return list.flow === true || !isMap(last) || last.flow === true;
}

function mappings(value: unknown): Record<string, unknown>[] {
    if (!Array.isArray(value)) return [];
    return value.filter((item) => typeof item === "object" && item !== null) as Record<string, unknown>[];
}
