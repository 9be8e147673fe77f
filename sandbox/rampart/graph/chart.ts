/**
 * Parses `chart` of a component as Rampart does. If the repo contains a network location, it is a URL. Otherwise it is
 * the name of a Secret. The name of the repo in helm is a hash of the URL.
 * Follows Python 3.9's urllib.parse.
 */
import { createHash } from "node:crypto";
import { Crash } from "../errors.js";
import { isMap } from "../python.js";
import type { Json } from "../types.js";

/** Chart of a component, or the hidden auth-aux chart. */
export interface Chart {
    name: string;
    /** Version of the chart; "latest" if the graph sets none. */
    version: string;
    source: { url: string } | { secretName: string };
    /** Key of the chart. Components with the same chart have the same key. */
    key: string;
}

/**
 * Rampart treats `_` and `-` in names as equal. `kubernetesView` converts a name to hyphens, because Kubernetes
 * requires them. `rampartView` converts a name to underscores, because Rampart's own messages have them.
 */
export const kubernetesView = (name: string) => name.replaceAll("_", "-");
export const rampartView = (name: string) => name.replaceAll("-", "_");

export function readChart(value: Json | undefined): Chart {
    if (!isMap(value)) throw new Crash(`TypeError: ${notSubscriptable(value ?? null)}`);
    const { name, version, repo, secret } = value as Record<string, string>;
    const key = JSON.stringify(Object.entries(value).sort());
    const base = { name: name as string, version: version ?? "latest", key };
    if (!isUrl(repo as string)) return { ...base, source: { secretName: kubernetesView(repo as string) } };
    if (secret !== undefined) throw new Crash("AttributeError: 'str' object has no attribute 'get'");
    helmRepoName(repo as string); // throws for a port that is not a number, as the real program does at this point
    return { ...base, source: { url: repo as string } };
}

function notSubscriptable(value: Json): string {
    if (typeof value === "string") return "string indices must be integers";
    if (Array.isArray(value)) return "list indices must be integers or slices, not str";
    if (value === null) return "'NoneType' object is not subscriptable";
    const type = typeof value === "boolean" ? "bool" : Number.isInteger(value) ? "int" : "float";
    return `'${type}' object is not subscriptable`;
}

function isUrl(repo: string): boolean {
    try {
        return splitUrl(repo).netloc !== "";
    } catch {
        return false;
    }
}

interface SplitUrl {
    scheme: string;
    netloc: string;
    path: string;
    query: string;
    fragment: string;
}

function splitUrl(url: string): SplitUrl {
    let rest = url.replace(/^[\u0000-\u0020]+/, "").replace(/[\t\r\n]/g, "");
    const out: SplitUrl = { scheme: "", netloc: "", path: "", query: "", fragment: "" };
    const scheme = /^([A-Za-z0-9+.-]+):/.exec(rest);
    if (scheme) {
        out.scheme = (scheme[1] as string).toLowerCase();
        rest = rest.slice(scheme[0].length);
    }
    if (rest.startsWith("//")) {
        const end = rest.slice(2).search(/[/?#]/);
        out.netloc = end < 0 ? rest.slice(2) : rest.slice(2, end + 2);
        rest = end < 0 ? "" : rest.slice(end + 2);
        if (out.netloc.includes("[") !== out.netloc.includes("]")) throw new Error("Invalid IPv6 URL");
    }
    const cut = (mark: string): string => {
        const at = rest.indexOf(mark);
        if (at < 0) return "";
        const after = rest.slice(at + 1);
        rest = rest.slice(0, at);
        return after;
    };
    out.fragment = cut("#");
    out.query = cut("?");
    out.path = rest;
    return out;
}

/** Scheme of a URL: `urlsplit(url).scheme` of Python. */
export function schemeOf(url: string): string {
    try {
        return splitUrl(url).scheme;
    } catch (error) {
        throw new Crash(`ValueError: ${(error as Error).message}`);
    }
}

const stripSlashes = (text: string) => text.replace(/^\/+|\/+$/g, "");

/** The repo's name in helm: SHA-1 of the URL, including user and password. The host is converted to lower case. */
export function helmRepoName(url: string): string {
    const parts = splitUrl(stripSlashes(url));
    const at = parts.netloc.lastIndexOf("@");
    const userInfo = at < 0 ? "" : parts.netloc.slice(0, at + 1);
    const address = parts.netloc.slice(at + 1);
    const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(address);
    const [host, port] = bracketed ? [bracketed[1], bracketed[2]] : address.split(/:(.*)/s);
    const number = readPort(port);
    // As in Python, a missing host is printed as None.
    const netloc = `${userInfo}${host?.toLowerCase() || "None"}${number > 0 ? `:${number}` : ""}`;
    const path = parts.path !== "" && !parts.path.startsWith("/") ? `/${parts.path}` : parts.path;
    const scheme = parts.scheme === "" ? "" : `${parts.scheme}:`;
    const tail = (parts.query && `?${parts.query}`) + (parts.fragment && `#${parts.fragment}`);
    return createHash("sha1")
        .update(stripSlashes(`${scheme}//${netloc}${path}${tail}`))
        .digest("hex");
}

function readPort(port: string | undefined): number {
    if (port === undefined || port === "") return 0;
    if (!/^\d+$/.test(port)) throw new Crash(`ValueError: Port could not be cast to integer value as '${port}'`);
    if (Number(port) > 65535) throw new Crash("ValueError: Port out of range 0-65535");
    return Number(port);
}
