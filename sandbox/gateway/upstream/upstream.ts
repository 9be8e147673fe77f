/** Reads a stored upstream: its fields, as the ingress controller writes them for this project. */
import { z } from "zod";
import { AMOUNT, OBJECT, read, TIMEOUT } from "../plugins/plugin";
import type { Conf, Upstream } from "../request/types";
import { Unsupported } from "../unsupported";

const STATUSES = z.array(z.int()).min(1);
/** Active checks by HTTP. The product sets every field, so no default of APISIX is emulated. */
const ACTIVE = z.strictObject({
    type: z.literal("http").optional(),
    timeout: z.number().positive(),
    http_path: z.string(),
    healthy: z.strictObject({ interval: AMOUNT, http_statuses: STATUSES, successes: z.literal(1) }),
    unhealthy: z.strictObject({
        ...{ interval: AMOUNT, http_statuses: STATUSES },
        ...{ http_failures: AMOUNT, tcp_failures: AMOUNT, timeouts: AMOUNT },
    }),
});
const NODE = z.strictObject({
    host: z.string().regex(/^[0-9a-zA-Z-._]+$/),
    port: z.int().min(1),
    weight: z.int().min(0),
});
const UPSTREAM = z.strictObject({
    ...{ id: z.string().optional(), name: z.string().optional(), labels: OBJECT.optional() },
    type: z.enum(["roundrobin", "chash"]).optional(),
    hash_on: z.literal("consumer").optional(),
    scheme: z.literal("http").optional(),
    pass_host: z.literal("pass").optional(),
    nodes: z.union([z.array(NODE), z.record(z.string(), z.int().min(0))]),
    retries: z.literal(0).optional(),
    timeout: TIMEOUT.optional(),
    checks: z.strictObject({ active: ACTIVE }).optional(),
});

/** @throws Unsupported, Invalid */
export function upstreamOf(conf: Conf): Upstream {
    const { nodes, retries, type, hash_on, checks, timeout } = read("upstream", UPSTREAM, conf);
    const list = Array.isArray(nodes)
        ? nodes
        : Object.entries(nodes).map(([address, weight]) => {
              const [host, port] = address.split(":");
              return { host, port: Number(port), weight };
          });
    // By default, APISIX retries with each other node.
    if (list.length > 1 && retries !== 0) throw new Unsupported("retries with other nodes of an upstream");
    const byConsumer = type === "chash";
    if (byConsumer && hash_on === undefined) throw new Unsupported("chash without hash_on consumer");
    return { byConsumer, nodes: list, check: checks?.active, timeout };
}
