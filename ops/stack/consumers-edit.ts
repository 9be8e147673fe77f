/** Edits of the list of consumers, in a stack file or in its callers file. */
import { Document, isAlias, isMap, isNode, isScalar, isSeq, parse, Scalar } from "yaml";
import type { Node, Pair, YAMLMap, YAMLSeq } from "yaml";
import type { Limits } from "../../components/consumers/limits";
import {
    consumerNode,
    consumersNode,
    credentialNode,
    find,
    namedNowhereElse,
    newList,
    notWrittenOut,
    within,
} from "./consumers-node";
import { LIMITS } from "./limits";
import { readConsumers, type NewCredential } from "./stack-file";
import { editYaml, keepCommentsBelow, parseYaml } from "./yaml-edit";

/** Adds a credential to a consumer, and creates the consumer if it does not exist. */
export function addCredential(
    text: string,
    consumer: string,
    credential: NewCredential,
    about: NewCaller = {},
): string {
    // The known callers include those that the list contains as YAML aliases.
    const isKnown = readConsumers(text).some(({ name }) => name === consumer);
    return editYaml(text, (document) => add(document, { consumer, isKnown, credential, ...about }));
}

/** What a new consumer has in addition to its credential. */
interface NewCaller {
    limits?: Limits;
    /** Name of a class in `classes`. @default none */
    class?: string;
}

interface Addition extends NewCaller {
    consumer: string;
    /** Whether the file has the consumer, perhaps as a YAML alias. */
    isKnown: boolean;
    credential: NewCredential;
}

function add(document: Document, { consumer, isKnown, credential, limits, class: named }: Addition): void {
    const list = consumersNode(document) ?? newList(document);
    const owner = find(list, "name", consumer);
    if (owner) namedNowhereElse(document, consumer, list, owner);
    else if (isKnown) throw notWrittenOut(consumer);
    const siblings = owner?.get("credentials", true) ?? anyCredentials(list);
    const entry = document.createNode(credential) as YAMLMap;
    // An entry has the YAML style of the other entries. An entry with a public key needs block style, because the key has
    // several lines.
    entry.flow = credential.publicKey === undefined && (!isSeq(siblings) || inFlow(siblings));
    for (const { key, value } of entry.items as Pair<Scalar, Node>[]) {
        // Without quotes Pulumi would parse the date as a timestamp, or perhaps as a number.
        if (key.value === "expires") (value as Scalar).type = Scalar.QUOTE_DOUBLE;
        if (key.value === "id") quoteUnlessText(value);
        if (key.value === "publicKey") (value as Scalar).type = Scalar.BLOCK_LITERAL;
    }
    if (owner) return append(document, consumer, owner, entry);
    const about = { ...(named && { class: named }), ...(limits && { limits }) };
    const entryOfCaller = document.createNode({ name: consumer, ...about }) as YAMLMap;
    if (limits) (entryOfCaller.get("limits") as YAMLMap).flow = true;
    quoteUnlessText(entryOfCaller.get("name", true));
    append(document, consumer, entryOfCaller, entry);
    list.flow = false;
    list.add(entryOfCaller);
}

/** Quotes a name like `2026-11-25`, `0x1` or `no`, which YAML 1.1 or 1.2 parses as a timestamp, a number or a boolean. */
function quoteUnlessText(node: unknown): void {
    const scalar = node as Scalar<string>;
    const texts = (["1.1", "1.2"] as const).map((version) => parse(scalar.value, { version }) as unknown);
    if (texts.some((text) => typeof text !== "string")) scalar.type = Scalar.QUOTE_DOUBLE;
}

/** Sets the day from which a credential is expired. */
export function setExpires(text: string, consumer: string, id: string, day: string): string {
    return editYaml(text, (document) => {
        setDay(credentialNode(document, consumer, id), "expires", day);
    });
}

/** Sets a day, in quotes, and keeps the comment of the earlier value. */
function setDay(entry: YAMLMap, key: string, text: string): void {
    const day = new Scalar(text);
    day.type = Scalar.QUOTE_DOUBLE;
    day.comment = (entry.get(key, true) as Scalar | undefined)?.comment;
    entry.set(key, day);
}

/** Sets the version number of a service token's secret, and the day from which the previous secret is rejected. */
export function setSecretVersion(text: string, consumer: string, id: string, version: number, until: string): string {
    return editYaml(text, (document) => {
        const entry = credentialNode(document, consumer, id);
        entry.set("secretVersion", version);
        setDay(entry, "previousSecretExpires", until);
    });
}

/** Sets `enabled: false` of a service token. */
export function disableToken(text: string, consumer: string, id: string): string {
    return editYaml(text, (document) => credentialNode(document, consumer, id).set("enabled", false));
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
        const entry = consumerNode(document, consumer, within);
        return { list: consumersNode(document)!, entry };
    });
}

/** Sets the consumer's own limits. A consumer without own limits has those of the stack. */
export function setLimits(text: string, consumer: string, limits: Limits): string {
    const limitsOf = (entry: YAMLMap) => entry.get("limits", true) as unknown;
    return editYaml(text, (document) => {
        const entry = consumerNode(document, consumer, (one) => {
            const node = limitsOf(one);
            return isNode(node) ? within(node) : [];
        });
        const node = limitsOf(entry);
        if (isAlias(node)) throw notWrittenOut(`limits of ${consumer}`);
        if (Object.keys(limits).length === 0) return void entry.delete("limits");
        if (!isMap(node)) return insertLimits(document, entry, limits);
        // Edited in place, so that the comment of a limit is kept.
        for (const name of LIMITS)
            if (limits[name] === undefined) node.delete(name);
            else node.set(name, limits[name]);
    });
}

/** Puts a consumer into a class. @param named name of the class; undefined removes the consumer from its class */
export function setClass(text: string, consumer: string, named: string | undefined): string {
    return editYaml(text, (document) => {
        const classOf = (one: YAMLMap) => one.get("class", true) as unknown;
        const entry = consumerNode(document, consumer, (one) => {
            const node = classOf(one);
            return isNode(node) ? within(node) : [];
        });
        const node = classOf(entry);
        if (isAlias(node)) throw notWrittenOut(`class of ${consumer}`);
        if (named === undefined) return void entry.delete("class");
        // Edited in place, so that the comment is kept.
        if (isScalar(node)) node.value = named;
        else insertBelowName(entry, document.createPair("class", named));
    });
}

function insertLimits(document: Document, entry: YAMLMap, limits: Limits): void {
    entry.delete("limits");
    const pair = document.createPair("limits", limits) as Pair<Scalar, YAMLMap>;
    pair.value!.flow = true;
    insertBelowName(entry, pair as Pair);
}

/** Inserts a key and its value directly below the consumer's name, where `consumer add` writes them too. */
function insertBelowName(entry: YAMLMap, pair: Pair): void {
    const name = entry.items.findIndex(({ key }) => isScalar(key) && key.value === "name");
    entry.items.splice(name + 1, 0, pair);
}

function removeEntry(text: string, find: (document: Document) => { list: YAMLSeq; entry: Node }): string {
    const { list, entry } = find(parseYaml(text));
    const after = editYaml(text, (document) => {
        const found = find(document);
        remove(found.list, found.entry);
    });
    return keepCommentsBelow(text, after, entry, { isFirst: list.items[0] === entry });
}

function remove(list: YAMLSeq, entry: Node): void {
    const at = list.items.indexOf(entry);
    list.items.splice(at, 1);
    // Removes the blank line before an entry that is now the first.
    const next = list.items[0] as Node | undefined;
    if (at === 0 && next) next.spaceBefore = false;
    if (list.items.length > 0 || list.flow) return;
    list.flow = true; // Written as []: an empty block would be null, not a list.
    list.comment = undefined; // Comments below the list stay in the file.
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
