import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { parse } from "yaml";

// The state stores this file as text. dynamic-resource.ts describes what such a file may import and use.

/** Connection settings of a cluster. They have the kubeconfig in plain text, so they exist only while they are used. */
export interface PlainAccess {
    kubeconfig?: string;
    context?: string;
}

interface Context {
    cluster: string;
    user: string;
}

interface Kubeconfig {
    clusters?: { name: string; cluster: Fields }[];
    users?: { name: string; user: Fields }[];
    contexts?: { name: string; context: Context }[];
    "current-context"?: string;
}

/** Fields of a cluster or a user. */
type Fields = Record<string, unknown>;

/** A kubeconfig, with the folder of the relative paths in it. */
interface Source {
    config: Kubeconfig;
    folder: string;
}

/** Fields with the path of a PEM file. The same field with `-data` has the content. */
const PEM_FILES = ["certificate-authority", "client-certificate", "client-key"];

/**
 * Returns a kubeconfig with one context, its cluster and its user, and with the content of the certificate files. So it
 * depends on no file, and has no credentials of other clusters.
 * @param access without `kubeconfig`, the files of KUBECONFIG are used, otherwise ~/.kube/config. As with kubectl, the first
 * file that defines a name counts
 * @throws Error without text of the kubeconfig, which has keys and tokens
 */
export function kubeconfigContent({ kubeconfig, context }: PlainAccess): string {
    const sources = kubeconfig === undefined ? filesOfEnvironment() : [sourceOf(kubeconfig, ".")];
    const name = context ?? sources.map(({ config }) => config["current-context"]).find(Boolean);
    const chosen = find(sources, "contexts", name)?.entry.context;
    const cluster = find(sources, "clusters", chosen?.cluster);
    if (chosen === undefined || !cluster?.entry.cluster?.server)
        throw new Error(`the kubeconfig has no cluster for context ${name ?? "(none)"}`);
    const user = find(sources, "users", chosen.user);
    return JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: chosen.cluster, cluster: withContent(cluster.entry.cluster, cluster.folder) }],
        users: [{ name: chosen.user, user: withContent(user?.entry.user ?? {}, user?.folder ?? ".") }],
        contexts: [{ name, context: chosen }],
        "current-context": name,
    });
}

/** Address of the API server. @param content from {@link kubeconfigContent} */
export function serverOf(content: string): string {
    const { clusters } = JSON.parse(content) as { clusters: { cluster: { server: string } }[] };
    return clusters[0].cluster.server;
}

/**
 * Start of a kubectl command for messages. It reaches this cluster, or fails: in another shell, KUBECONFIG or the current
 * context may be of another cluster, which rejects its server and credentials.
 */
export function kubectlOf(access: PlainAccess, namespace?: string): string {
    const content = kubeconfigContent(access);
    const { "current-context": context } = JSON.parse(content) as { "current-context": string };
    const inside = namespace === undefined ? "" : ` -n ${namespace}`;
    return `kubectl --context ${shellWord(context)} --server ${serverOf(content)}${inside}`;
}

function shellWord(text: string): string {
    return /^[\w@%+:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function filesOfEnvironment(): Source[] {
    const named = process.env.KUBECONFIG || join(homedir(), ".kube", "config");
    const files = named.split(delimiter).filter((file) => file !== "" && existsSync(file));
    if (files.length === 0) throw new Error(`the stack file sets none, and ${named} does not exist`);
    return files.map((file) => sourceOf(readFileSync(file, "utf8"), dirname(file)));
}

function sourceOf(text: string, folder: string): Source {
    let config: Kubeconfig | undefined;
    let line = "";
    try {
        config = parse(text, { logLevel: "error" }) as Kubeconfig;
    } catch (error) {
        // The message of the parser shows lines of the file, so only the number of the line is kept.
        const { linePos } = error as { linePos?: { line: number }[] };
        line = linePos === undefined ? "" : `, line ${linePos[0].line}`;
    }
    // kubectl accepts an empty file next to others.
    if (config === null && folder !== ".") return { config: {}, folder };
    if (typeof config !== "object" || config === null)
        throw new Error(`the kubeconfig must be YAML with clusters, users and contexts${line}`);
    return { config, folder };
}

/** Finds an entry by its name in the first source that has it. */
function find<K extends "clusters" | "users" | "contexts">(sources: Source[], list: K, name: string | undefined) {
    for (const { config, folder } of sources) {
        const entries = (config[list] ?? []) as NonNullable<Kubeconfig[K]>[number][];
        const entry = Array.isArray(entries) ? entries.find((one) => one?.name === name) : undefined;
        if (entry !== undefined) return { entry, folder };
    }
    return undefined;
}

/** Replaces paths of PEM files by their content, and makes other paths absolute. */
function withContent(fields: Fields, folder: string): Fields {
    const result = { ...fields };
    for (const key of PEM_FILES) {
        const file = result[key];
        delete result[key];
        if (typeof file === "string" && file !== "" && !result[`${key}-data`])
            result[`${key}-data`] = readFileSync(resolve(folder, file)).toString("base64");
    }
    if (typeof result.tokenFile === "string") result.tokenFile = resolve(folder, result.tokenFile);
    const { exec } = result as { exec?: { command?: string } };
    if (exec?.command?.includes("/")) result.exec = { ...exec, command: resolve(folder, exec.command) };
    return result;
}
