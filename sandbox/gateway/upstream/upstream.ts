/** Converts a stored upstream, which the Admin API has validated, into the form that requests use. */
import { Unsupported } from "../unsupported";
import type { Conf, Node, Timeout, Upstream } from "../request/types";
import { activeCheck } from "./health-checks";

const SCHEME_PORT = 80;

export function upstreamOf(conf: Conf, key: string): Upstream {
    const type = String(conf.type ?? "roundrobin");
    const scheme = String(conf.scheme ?? "http");
    if (type !== "roundrobin" && type !== "chash") throw new Unsupported(`upstream type ${type}`);
    if (scheme !== "http") throw new Unsupported(`upstream scheme ${scheme}`);
    for (const field of ["tls", "service_name", "discovery_type"])
        if (conf[field] !== undefined) throw new Unsupported(`upstream ${field}`);
    return {
        key,
        type,
        hashOn: String(conf.hash_on ?? "vars"),
        hashKey: conf.key as string | undefined,
        nodes: nodesOf(conf.nodes),
        check: conf.checks === undefined ? undefined : activeCheck(conf.checks as Conf),
        timeout: conf.timeout as Timeout | undefined,
        retries: conf.retries as number | undefined,
        retryTimeout: (conf.retry_timeout as number | undefined) ?? 0,
        passHost: String(conf.pass_host ?? "pass"),
        upstreamHost: conf.upstream_host as string | undefined,
    };
}

function nodesOf(nodes: unknown): Node[] {
    if (Array.isArray(nodes))
        return (nodes as Conf[]).map((n) => ({
            host: String(n.host),
            port: (n.port as number | undefined) ?? SCHEME_PORT,
            weight: n.weight as number,
            priority: (n.priority as number | undefined) ?? 0,
        }));
    return Object.entries((nodes ?? {}) as Record<string, number>).map(([address, weight]) => {
        const match = /^(.*?)(?::(\d+))?$/.exec(address) as RegExpExecArray;
        return { host: match[1], port: match[2] ? Number(match[2]) : SCHEME_PORT, weight, priority: 0 };
    });
}
