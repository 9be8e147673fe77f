/** Converts a stored upstream into the form that requests use. */
import { checkFields, Invalid } from "../lua/schema";
import { AMOUNT, only, OBJECT } from "../plugins/plugin";
import type { ActiveCheck, Conf, Node, Timeout, Upstream } from "../request/types";
import { Unsupported } from "../unsupported";

const STATUSES = { type: "array", minItems: 1, items: { type: "integer", minimum: 200, maximum: 599 } };
const HEALTHY = { interval: AMOUNT, http_statuses: STATUSES, successes: AMOUNT };
const FAILURES = { http_failures: AMOUNT, tcp_failures: AMOUNT, timeouts: AMOUNT };
const UNHEALTHY = { interval: AMOUNT, http_statuses: STATUSES, ...FAILURES };
const NODE = { host: { type: "string", pattern: "^[0-9a-zA-Z-._]+$" }, port: { ...AMOUNT, maximum: 65535 } };

/** @throws Unsupported, Invalid */
export function upstreamOf(conf: Conf, key: string): Upstream {
    const nodes = nodesOf(conf.nodes);
    // By default, APISIX retries with each other node.
    if (nodes.length > 1 && conf.retries !== 0) throw new Unsupported("retries with other nodes of an upstream");
    const byConsumer = conf.type === "chash";
    if (byConsumer && conf.hash_on !== "consumer") throw new Unsupported("chash without hash_on consumer");
    const check = checkOf(conf.checks as Conf | undefined);
    return { key, byConsumer, nodes, check, timeout: conf.timeout as Timeout | undefined };
}

function nodesOf(nodes: unknown): Node[] {
    const list = Array.isArray(nodes)
        ? (nodes as Node[])
        : Object.entries(nodes as Record<string, number>).map(([address, weight]): Node => {
              const [host, port] = address.split(":");
              return { host, port: Number(port), weight };
          });
    for (const node of list)
        checkFields("node", node, { ...NODE, weight: { type: "integer", minimum: 0 } }, ["host", "port", "weight"]);
    return list;
}

/** Active health checks by HTTP. The product sets every field, so no default of APISIX is emulated. */
function checkOf(checks: Conf | undefined): ActiveCheck | undefined {
    if (checks === undefined) return undefined;
    checkFields("checks", checks, { active: OBJECT }, ["active"]);
    const active = checks.active as Conf;
    const own = { type: only("http"), timeout: { type: "number", exclusiveMinimum: 0 }, http_path: { type: "string" } };
    checkFields("active", active, { ...own, healthy: OBJECT, unhealthy: OBJECT }, ["timeout", "http_path"]);
    if (!active.healthy || !active.unhealthy) throw new Invalid("active: healthy and unhealthy are required");
    checkFields("healthy", active.healthy, HEALTHY, Object.keys(HEALTHY));
    checkFields("unhealthy", active.unhealthy, UNHEALTHY, Object.keys(UNHEALTHY));
    return active as unknown as ActiveCheck;
}
