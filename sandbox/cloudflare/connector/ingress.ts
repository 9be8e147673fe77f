/**
 * Ingress rules of a remotely managed tunnel, as cloudflared 2026.8.2 reads them (ingress/ingress.go, rule.go).
 * Emulated: the services `http://host:port` and `http_status:NNN`.
 * Unsupported: all other services (https, tcp, ssh, unix, hello_world, bastion, socks), and every origin setting that would
 * change an HTTP request and is not named in this file.
 */
import { compile } from "../re2";

export interface AccessRule {
    required: boolean;
    teamName: string;
    audTag: string[];
}

export interface OriginSettings {
    access?: AccessRule;
    httpHostHeader?: string;
    /** Timeouts in seconds; unset ones have cloudflared's defaults. */
    connectTimeout: number;
    tcpKeepAlive: number;
    keepAliveTimeout: number;
    keepAliveConnections: number;
}

type Service = { kind: "http"; host: string; port: number } | { kind: "status"; status: number };

export interface Rule {
    hostname: string;
    path?: RegExp;
    service: Service;
    /** The service as written in the configuration. */
    serviceText: string;
    origin: OriginSettings;
}

const DEFAULTS: OriginSettings = {
    connectTimeout: 30,
    tcpKeepAlive: 30,
    keepAliveTimeout: 90,
    keepAliveConnections: 100,
};
/** Settings for TLS to the origin. The real cloudflared ignores them for `http://` too. */
const TLS_ONLY = ["caPool", "noTLSVerify", "originServerName", "matchSNItoHost", "tlsTimeout", "noHappyEyeballs"];
const WITHOUT_EFFECT_WHEN_UNSET = ["disableChunkedEncoding", "http2Origin", "proxyType", "bastionMode"];

type Raw = Record<string, unknown>;

/**
 * The rules that apply without a configuration or with an empty one: 503 for all requests (ingress.go, ErrNoIngressRulesCLI).
 */
export const NO_RULES: Rule[] = [
    { hostname: "", service: { kind: "status", status: 503 }, serviceText: "http_status:503", origin: DEFAULTS },
];

/** @throws Error for the first invalid rule, with cloudflared's message where it has one */
export function parseConfiguration(config: unknown): Rule[] {
    const { ingress = [], originRequest, ...rest } = (config ?? {}) as Raw;
    refuseUnknown("configuration", rest, ["warp-routing"]);
    const rules = ingress as Raw[];
    if (rules.length === 0) return NO_RULES;
    const defaults = parseOrigin(originRequest, DEFAULTS);
    return rules.map((raw, index) => parseRule(raw, index, rules.length, defaults));
}

function parseRule(raw: Raw, index: number, count: number, defaults: OriginSettings): Rule {
    const { hostname = "", path, service, originRequest, ...rest } = raw as Raw & { hostname?: string; path?: string };
    refuseUnknown(`rule #${index + 1}`, rest, []);
    if (/:\d*$/.test(hostname)) throw new Error("Hostname cannot contain a port");
    if (hostname.lastIndexOf("*") > 0) {
        throw new Error('Hostname patterns can have at most one wildcard character ("*") at the start');
    }
    const catchAll = (hostname === "" || hostname === "*") && !path;
    const last = index === count - 1;
    if (last && !catchAll) throw new Error("The last ingress rule must match all URLs");
    if (!last && catchAll)
        throw new Error(
            `Rule #${index + 1} is matching the hostname '${hostname}': the rules after this rule would never match`,
        );
    return {
        hostname: hostname.toLowerCase(),
        ...(path ? { path: compile(path) } : {}),
        service: parseService(String(service)),
        serviceText: String(service),
        origin: parseOrigin(originRequest, defaults),
    };
}

function parseService(text: string): Service {
    const status = /^http_status:(\d{3})$/.exec(text);
    if (status) return { kind: "status", status: Number(status[1]) };
    if (!URL.canParse(text)) throw new Error(`${text} is an invalid address: it needs a scheme and a hostname`);
    const url = new URL(text);
    if (url.protocol !== "http:")
        throw new Error(`unsupported by the sandbox: the service ${text}. Use http:// or http_status:.`);
    if (url.pathname !== "/" || url.search || text.endsWith("/")) {
        throw new Error(
            `${text} is an invalid address: remove the path, because cloudflared forwards the path of each request`,
        );
    }
    return { kind: "http", host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || 80) };
}

function parseOrigin(raw: unknown, defaults: OriginSettings): OriginSettings {
    const settings = { ...defaults };
    for (const [key, value] of Object.entries((raw ?? {}) as Raw)) {
        if (value === undefined || value === null) continue;
        if (key === "access") settings.access = parseAccess(value as Raw);
        else if (key === "httpHostHeader") settings.httpHostHeader = String(value) || undefined;
        else if (key in DEFAULTS) settings[key as keyof typeof DEFAULTS & "connectTimeout"] = Number(value);
        else if (TLS_ONLY.includes(key)) continue;
        else if (WITHOUT_EFFECT_WHEN_UNSET.includes(key) && !value) continue;
        else throw new Error(`originRequest.${key} is unsupported by the sandbox`);
    }
    return settings;
}

function parseAccess(raw: Raw): AccessRule | undefined {
    const { required = false, teamName = "", audTag = [], ...rest } = raw as unknown as Partial<AccessRule>;
    refuseUnknown("originRequest.access", rest, ["environment"]);
    if (!required) return undefined; // without `required`, cloudflared does not check the JWT either
    if (!teamName) throw new Error("access.TeamName cannot be blank");
    return { required, teamName, audTag };
}

function refuseUnknown(where: string, rest: object, ignored: string[]): void {
    const unknown = Object.keys(rest).filter((key) => !ignored.includes(key));
    if (unknown.length > 0) throw new Error(`${where}: ${unknown.join(", ")} is unsupported by the sandbox`);
}

/** Returns the first matching rule. There is always one, because the last rule matches every request. */
export function findRule(rules: readonly Rule[], host: string, path: string): { rule: Rule; index: number } {
    const hostname = host.replace(/:\d+$/, "").toLowerCase();
    const decoded = decodePath(path.split("?")[0]);
    const index = rules.findIndex((rule) => hostMatches(rule.hostname, hostname) && (rule.path?.test(decoded) ?? true));
    const at = index < 0 ? rules.length - 1 : index;
    return { rule: rules[at], index: at };
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
