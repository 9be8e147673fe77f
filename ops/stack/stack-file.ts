import { isMap, isScalar, type Document, type Node } from "yaml";
import type * as z from "zod";
import { credential as gatewayCredential } from "../../config/keys/consumers/schema";
import { credential as serviceToken } from "../../config/keys/consumers/service-tokens";
import { PROJECT } from "../../config/stack-file";
import { authenticatorOf } from "../../config/options";
import type { Authenticator } from "../../config/options/option";
import { UsageError } from "../errors";
import { parseYaml } from "./yaml-edit";

export { PROJECT };

type GatewayCredential = z.input<typeof gatewayCredential>;
type ServiceToken = z.input<typeof serviceToken>;

/** Authentication methods of callers. `service-token` is only for option cloudflare. */
export const METHODS = [...gatewayCredential.shape.method.options, ...serviceToken.shape.method.values] as const;
export type Method = (GatewayCredential | ServiceToken)["method"];

/** A credential in the stack file, not validated and without its key. */
export type Credential = { id: string; method: string; algorithm?: string } & Pick<
    GatewayCredential,
    "publicKey" | "expires"
> &
    Pick<ServiceToken, "enabled" | "secretVersion" | "previousSecretExpires">;

export interface Consumer {
    name: string;
    /** Name of a class in `classes`. */
    class?: string;
    credentials: Credential[];
}

/** A new credential to write into the file. */
export type NewCredential = Pick<GatewayCredential, "id" | "algorithm" | "publicKey" | "expires"> & {
    method: Method;
};

/**
 * The callers of a stack file, or of a callers file. Entries that do not match the schema are omitted, since the config
 * check reports them.
 */
export function readConsumers(text: string): Consumer[] {
    const document = parseYaml(text);
    return mappings(listed(document)).map((consumer) => ({
        name: String(consumer.name),
        ...(typeof consumer.class === "string" ? { class: consumer.class } : {}),
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

/** What authenticates the callers of a stack: its gateway, or Cloudflare's edge. */
export function authenticatorIn(text: string): Authenticator {
    return authenticatorOf(readValue(text, "option"));
}

/** Possible paths of a key: below `config`, with or without the project's prefix; in a callers file at the top level. */
export function placesOf(document: Document, key: string): string[][] {
    if (document.has("consumers") && !document.has("config")) return [[key]];
    return [`${PROJECT}:${key}`, key].map((name) => ["config", name]);
}

/** Key of a setting below `config`: Pulumi also accepts it without the project's name. */
export function keyOf(document: Document, name: string): string {
    return document.hasIn(["config", name]) ? name : `${PROJECT}:${name}`;
}

/** A number in the config. `pulumi config set` writes it as text, which the program parses as a number. */
export function readNumber(text: string, key: string, ...path: string[]): number | undefined {
    const value = readValue(text, key, ...path);
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    return typeof number === "number" && !Number.isNaN(number) ? number : undefined;
}

/** The list of consumers. Pulumi also accepts a list that is stored as JSON text. */
function listed(document: Document): unknown {
    const [value] = valuesOf(document).map((node) => node.toJS(document) as unknown);
    if (typeof value !== "string") return value;
    try {
        return JSON.parse(value);
    } catch {
        return undefined; // The config check reports invalid JSON.
    }
}

/** YAML nodes of all `consumers` lists in the file. A key `consumers` without a value has no node. */
export function valuesOf(document: Document): Node[] {
    const nodes = placesOf(document, "consumers")
        .map((place) => document.getIn(place, true) as Node | undefined)
        .filter((node) => node !== undefined && !(isScalar(node) && node.value === null)) as Node[];
    if (nodes.some((node) => isMap(node) && node.has("secure")))
        throw new UsageError([
            "consumers: must not be encrypted as a whole. Write the list in plain text, and encrypt only the keys in it.",
        ]);
    return nodes;
}

function mappings(value: unknown): Record<string, unknown>[] {
    if (!Array.isArray(value)) return [];
    return value.filter((item) => typeof item === "object" && item !== null) as Record<string, unknown>[];
}
