/**
 * Ingress rules of a remotely managed tunnel, as cloudflared 2026.8.2 reads them (ingress/ingress.go, rule.go).
 * Emulated: the services `http://host:port` and `http_status:NNN`, and the origin settings `access` and `connectTimeout`.
 */
import type { TunnelConfiguration } from "../objects";

export interface AccessRule {
    teamName: string;
    audTag: string[];
}

export interface Rule {
    /** "": any. */
    hostname: string;
    path?: RegExp;
    /** The origin, or the status that answers every request. */
    service: { host: string; port: number } | number;
    access?: AccessRule;
    connectSeconds: number;
}

/** Time limit of a connection to the origin, in seconds. */
const CONNECT_SECONDS = 30;

/** The rules that apply without a configuration: 503 for all requests (ingress.go, ErrNoIngressRulesCLI). */
export const NO_RULES: Rule[] = [{ hostname: "", service: 503, connectSeconds: 0 }];

/** Patterns whose meaning in RE2 (Go's regexp package) can differ from that in JavaScript. */
const OTHER_THAN_RE2 = /\(\?(?!:)|\\[1-9k]|\[\[:|\\[AzQEpPCax]/;

/** @throws Error for the first invalid or unsupported rule */
export function parseConfiguration({ ingress, ...rest }: TunnelConfiguration["config"]): Rule[] {
    refuse(rest);
    return ingress.map(({ hostname, path, service, originRequest, ...others }, index) => {
        const { access, connectTimeout, ...settings } = originRequest ?? {};
        refuse({ ...others, ...settings });
        if (hostname && !/^[a-z0-9.-]+$/.test(hostname)) refuse({ [`hostname ${hostname}`]: true });
        if ((index === ingress.length - 1) !== (!hostname && !path))
            throw new Error(`rule #${index + 1}: the last ingress rule, and no other rule, must match all URLs`);
        if (path && OTHER_THAN_RE2.test(path)) refuse({ [`path ${path}`]: true });
        return {
            ...{ hostname: hostname ?? "", service: parseService(service) },
            ...(path && { path: new RegExp(path) }),
            // Without `required`, cloudflared does not check the JWT either.
            access: access?.required ? { teamName: access.teamName, audTag: access.audTag ?? [] } : undefined,
            connectSeconds: connectTimeout ?? CONNECT_SECONDS,
        };
    });
}

function parseService(text: string): Rule["service"] {
    const [, status] = /^http_status:(\d{3})$/.exec(text) ?? [];
    if (status) return Number(status);
    const [, host, port] = /^http:\/\/([^/:?#]+|\[[^\]]+\])(?::(\d+))?$/.exec(text) ?? [];
    if (host === undefined) refuse({ [`the service ${text}`]: true });
    return { host: host.replace(/^\[|\]$/g, ""), port: Number(port ?? 80) };
}

function refuse(unknown: object): void {
    const names = Object.entries(unknown).filter(([, value]) => value !== null && value !== undefined);
    if (names.length > 0) throw new Error(`unsupported by the sandbox: ${names.map(([name]) => name).join(", ")}`);
}

/** Returns the first matching rule. There is always one, because the last rule matches every request. */
export function findRule(rules: readonly Rule[], host: string, path: string): { rule: Rule; index: number } {
    const hostname = host.replace(/:\d+$/, "").toLowerCase();
    const decoded = decodePath(path.split("?")[0]);
    const index = rules.findIndex(
        (rule) => ["", hostname].includes(rule.hostname) && (rule.path?.test(decoded) ?? true),
    );
    return { rule: rules[index], index };
}

/** Decodes percent escapes: cloudflared matches against Go's URL.Path, which is decoded. */
function decodePath(path: string): string {
    try {
        return decodeURIComponent(path);
    } catch {
        return path; // not valid UTF-8 after decoding: Go keeps such bytes, but a JavaScript string cannot
    }
}
