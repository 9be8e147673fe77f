import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** Keys of a host whose values are secrets. */
const SECRETS = ["privateKey", "sudoPassword"];
/** Lists of hosts, by their key and the path below it. */
const LISTS: [key: string, ...path: string[]][] = [
    ["tunnel", "hosts"],
    ["cluster", "nodes"],
    ["alpa", "firewall", "hosts"],
    ["alpa", "watchdog", "hosts"],
    ["convert", "bareMetal", "hosts"],
];
/** Name of the project in Pulumi.yaml, and prefix of each key of the config. */
export const PROJECT = "alpa-auth";

/**
 * Finds secrets of hosts, keys of callers and the TLS key in plain text in a stack file. For a list or a mapping, Pulumi
 * only reports that some value in it is encrypted.
 * @returns function that checks whether a value is one of these secrets. It compares values instead of paths, since the
 * config of a run may come from another file
 */
export function plainSecrets(text: string | undefined): (value: unknown) => boolean {
    // Evaluated only when needed, since parsing a thousand callers takes half a second.
    let plain: string[] | undefined;
    return (value) => (plain ??= plainIn(text)).includes(String(value));
}

function plainIn(text: string | undefined): string[] {
    const file = text === undefined ? undefined : parsed(text);
    const ofHosts = hostsOf(file).flatMap((host) => SECRETS.map((key) => host[key]));
    return [...ofHosts, ...callersKeys(file), tlsKey(file)]
        .filter((value) => value !== undefined && typeof value !== "object")
        .map(String);
}

/** Text of a stack file; undefined if it does not exist. @param stack name without organization and project */
export function readStackFile(stack: string, folder = "."): string | undefined {
    try {
        return readFileSync(join(folder, `Pulumi.${stack}.yaml`), "utf8");
    } catch {
        return undefined;
    }
}

/** Parses the file. An invalid file counts as empty, since Pulumi reports it. */
function parsed(text: string): unknown {
    try {
        return parse(text, { merge: true });
    } catch {
        return undefined;
    }
}

/** Hosts in the file. Values that do not match the schema are ignored, since the config check reports them. */
function hostsOf(file: unknown): Record<string, unknown>[] {
    return LISTS.flatMap(([key, ...path]) => valuesOf(file, key).map((value) => path.reduce(field, value)))
        .flatMap(entries)
        .filter((host): host is Record<string, unknown> => typeof host === "object" && host !== null);
}

function callersKeys(file: unknown): unknown[] {
    return valuesOf(file, "consumers")
        .flatMap(entries)
        .flatMap((consumer) => entries(field(consumer, "credentials")))
        .map((credential) => field(credential, "key"));
}

function entries(list: unknown): unknown[] {
    return Array.isArray(list) ? (list as unknown[]) : [];
}

function tlsKey(file: unknown): unknown {
    const path = ["certificate", "files", "key"];
    return valuesOf(file, "tls")
        .map((tls) => path.reduce(field, tls))
        .find((key) => key !== undefined);
}

/** Values of a config key, with and without the prefix of the project. */
function valuesOf(file: unknown, key: string): unknown[] {
    const config = field(file, "config");
    return [`${PROJECT}:${key}`, key].map((name) => field(config, name));
}

function field(value: unknown, key: string): unknown {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
