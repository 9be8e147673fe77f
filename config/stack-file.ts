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
];
const PROJECT = "alpa-auth";

/**
 * Secrets of hosts that a stack file has in plain text. Pulumi says of a mapping only that something in it is encrypted.
 * @returns whether a value is one of them. The value and not its place: the config of a run may come from another file.
 */
export function plainSecrets(text: string | undefined): (value: unknown) => boolean {
    const hosts = text === undefined ? [] : hostsOf(text);
    const plain = hosts
        .flatMap((host) => SECRETS.map((key) => host[key]))
        .filter((value) => value !== undefined && typeof value !== "object")
        .map(String);
    return (value) => plain.includes(String(value));
}

/** undefined: the config is elsewhere. @param stack its name without what is in front of it */
export function readStackFile(stack: string, folder = "."): string | undefined {
    try {
        return readFileSync(join(folder, `Pulumi.${stack}.yaml`), "utf8");
    } catch {
        return undefined;
    }
}

/** What is not as the schema wants it is left out here: Pulumi and the config check name it. */
function hostsOf(text: string): Record<string, unknown>[] {
    let file: unknown;
    try {
        file = parse(text, { merge: true });
    } catch {
        return [];
    }
    const config = field(file, "config");
    return LISTS.flatMap(([key, ...path]) =>
        [`${PROJECT}:${key}`, key].map((name) => path.reduce(field, field(config, name))),
    )
        .flatMap((hosts) => (Array.isArray(hosts) ? (hosts as unknown[]) : []))
        .filter((host): host is Record<string, unknown> => typeof host === "object" && host !== null);
}

function field(value: unknown, key: string): unknown {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
