/**
 * Ingress rules of a remotely managed tunnel, as cloudflared 2026.8.2 reads them (ingress/ingress.go, rule.go).
 * Emulated: the services `http://host:port` and `http_status:NNN`, and the origin settings `access` and `connectTimeout`.
 */
import type { IngressRule } from "../objects";
import { compile } from "../re2";

export interface AccessRule {
    teamName: string;
    audTag: string[];
}

type Service = { kind: "http"; host: string; port: number } | { kind: "status"; status: number };

export interface Rule {
    hostname: string;
    path?: RegExp;
    service: Service;
    /** The service as written in the configuration. */
    serviceText: string;
    access?: AccessRule;
    connectSeconds: number;
}

/** Time limit of a connection to the origin, in seconds. */
const CONNECT_SECONDS = 30;

/** The rules that apply without a configuration: 503 for all requests (ingress.go, ErrNoIngressRulesCLI). */
export const NO_RULES: Rule[] = [
    { hostname: "", service: { kind: "status", status: 503 }, serviceText: "http_status:503", connectSeconds: 0 },
];

/** @throws Error for the first invalid or unsupported rule */
export function parseConfiguration(config: { ingress: IngressRule[] }): Rule[] {
    const { ingress, ...rest } = config;
    refuseUnknown("configuration", rest);
    return ingress.map((rule, index) => parseRule(rule, index, ingress.length));
}

function parseRule(raw: IngressRule, index: number, count: number): Rule {
    const { hostname, path, service, originRequest, ...rest } = raw;
    const where = `rule #${index + 1}`;
    refuseUnknown(where, rest);
    const { access, connectTimeout, ...others } = originRequest ?? {};
    refuseUnknown(`${where}: originRequest`, others);
    const name = (hostname ?? "").toLowerCase();
    if (/:\d*$|.\*/.test(name))
        throw new Error(`${where}: hostname ${name} has a port, or a wildcard that is not at its start`);
    if ((index === count - 1) !== (["", "*"].includes(name) && !path))
        throw new Error(`${where}: the last ingress rule, and no other rule, must match all URLs`);
    return {
        ...{ hostname: name, service: parseService(service), serviceText: service },
        ...(path && { path: compile(path) }),
        access: access?.required ? parseAccess(access) : undefined, // otherwise cloudflared does not check the JWT either
        connectSeconds: connectTimeout ?? CONNECT_SECONDS,
    };
}

function parseService(text: string): Service {
    const status = /^http_status:(\d{3})$/.exec(text);
    if (status) return { kind: "status", status: Number(status[1]) };
    const [, host, port] = /^http:\/\/([^/:?#]+|\[[^\]]+\])(?::(\d+))?$/.exec(text) ?? [];
    if (host === undefined)
        throw new Error(`unsupported by the sandbox: the service ${text}. Use http://host:port or http_status:NNN.`);
    return { kind: "http", host: host.replace(/^\[|\]$/g, ""), port: Number(port ?? 80) };
}

function parseAccess({ teamName, audTag }: { teamName: string; audTag?: string[] | null }): AccessRule {
    if (!teamName) throw new Error("access.TeamName cannot be blank");
    return { teamName, audTag: audTag ?? [] };
}

function refuseUnknown(where: string, rest: object): void {
    const unknown = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined);
    if (unknown.length > 0)
        throw new Error(`${where}: ${unknown.map(([key]) => key).join(", ")} is unsupported by the sandbox`);
}

/** Returns the first matching rule. There is always one, because the last rule matches every request. */
export function findRule(rules: readonly Rule[], host: string, path: string): { rule: Rule; index: number } {
    const hostname = host.replace(/:\d+$/, "").toLowerCase();
    const decoded = decodePath(path.split("?")[0]);
    const index = rules.findIndex((rule) => hostMatches(rule.hostname, hostname) && (rule.path?.test(decoded) ?? true));
    return { rule: rules[index], index };
}

function hostMatches(pattern: string, hostname: string): boolean {
    if (pattern === "" || pattern === "*" || pattern === hostname) return true;
    return pattern.startsWith("*.") && hostname.endsWith(pattern.slice(1));
}

/** Decodes percent escapes: cloudflared matches against Go's URL.Path, which is decoded. */
function decodePath(path: string): string {
    try {
        return decodeURIComponent(path);
    } catch {
        return path; // not valid UTF-8 after decoding: Go keeps such bytes, but a JavaScript string cannot
    }
}
