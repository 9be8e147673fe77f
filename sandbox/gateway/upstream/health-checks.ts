/**
 * Active health checks of an upstream by TCP and HTTP, as APISIX 3.18 runs them with api7's lua-resty-healthcheck.
 *
 * Facts: apisix/healthcheck_manager.lua, apisix/balancer.lua and the library's source. The checks of an upstream with two or
 * more nodes start up to a second after its first request. A node is healthy at first, and its state survives a rewrite of its
 * upstream. A failure resets the count of successes, and a success resets all counts of failures. A status in neither list has
 * no effect. If no node is healthy, requests go to all nodes.
 *
 * Unsupported: https, passive checks, http_method and http_req_body (501). Not emulated: several workers, of which one runs the
 * checks for all.
 */
import { connect } from "node:net";
import { Unsupported } from "../unsupported";
import type { ActiveCheck, Conf, Node } from "../request/types";

/** Interval of the timer that starts new checkers, in seconds. */
const BEGIN_SECONDS = 1;
/** Shortest interval, in milliseconds of real time, when tests accelerate the clock. */
const SHORTEST_MS = 50;

type Failure = "http" | "tcp" | "timeouts";
type Counts = Record<Failure | "successes", number>;
type Outcome = "success" | Failure | "ignored";

interface Target {
    healthy: boolean;
    counts: Counts;
}

/**
 * @param checks the upstream's `checks`, in which the schema filled in defaults; an unset `healthy` or `unhealthy` stays unset
 */
export function activeCheck(checks: Conf): ActiveCheck {
    const active = checks.active as Conf;
    const healthy = (active.healthy ?? {}) as Conf;
    const unhealthy = (active.unhealthy ?? {}) as Conf;
    if (checks.passive !== undefined) throw new Unsupported("passive health checks");
    if (active.type === "https") throw new Unsupported("health checks by https");
    for (const field of ["http_method", "http_req_body"])
        if (active[field] !== undefined) throw new Unsupported(`health check field ${field}`);
    const number = (value: unknown, standard: number) => (value as number | undefined) ?? standard;
    const list = (value: unknown, standard: number[]) => (value as number[] | undefined) ?? standard;
    return {
        type: active.type === "tcp" ? "tcp" : "http",
        timeout: number(active.timeout, 1),
        host: active.host as string | undefined,
        port: active.port as number | undefined,
        httpPath: (active.http_path as string | undefined) ?? "/",
        headers: (active.req_headers as string[] | undefined) ?? [],
        // If `healthy` or `unhealthy` is unset, APISIX's health check library uses its default interval 0: no active checks.
        healthy: {
            interval: active.healthy ? number(healthy.interval, 1) : 0,
            statuses: list(healthy.http_statuses, [200, 302]),
            successes: number(healthy.successes, 2),
        },
        unhealthy: {
            interval: active.unhealthy ? number(unhealthy.interval, 1) : 0,
            statuses: list(unhealthy.http_statuses, [429, 404, 500, 501, 502, 503, 504, 505]),
            http: number(unhealthy.http_failures, 5),
            tcp: number(unhealthy.tcp_failures, 2),
            timeouts: number(unhealthy.timeouts, 3),
        },
    };
}

export class HealthChecks {
    private readonly targets = new Map<Node, Target>();
    private readonly timers: NodeJS.Timeout[] = [];
    /** Incremented when the health of a node changes. */
    version = 0;

    /**
     * @param secondLasts duration of one second of an interval, in real seconds
     * @param before previous checks of the same upstream, whose states of nodes are kept
     */
    constructor(
        private readonly nodes: readonly Node[],
        private readonly check: ActiveCheck,
        secondLasts: number,
        before?: HealthChecks,
        private readonly log: (line: string) => void = () => undefined,
    ) {
        const same = (a: Node) => (b: Node) => a.host === b.host && a.port === b.port;
        for (const node of nodes) {
            const [, known] = [...(before?.targets ?? [])].find(([other]) => same(node)(other)) ?? [];
            this.targets.set(node, known ?? { healthy: true, counts: zero() });
        }
        const every = (seconds: number, healthy: boolean) => {
            if (seconds === 0) return;
            const timer = setInterval(
                () => void this.look(healthy),
                Math.max(SHORTEST_MS, seconds * secondLasts * 1000),
            );
            this.timers.push(timer.unref());
        };
        const begin = setTimeout(
            () => {
                every(check.healthy.interval, true);
                every(check.unhealthy.interval, false);
            },
            BEGIN_SECONDS * secondLasts * 1000,
        );
        this.timers.push(begin.unref());
    }

    /** Nodes that requests can use: the healthy nodes, or all nodes if no node is healthy. */
    usable(): readonly Node[] {
        const healthy = this.nodes.filter((node) => this.targets.get(node)?.healthy);
        return healthy.length > 0 ? healthy : this.nodes;
    }

    stop(): void {
        for (const timer of this.timers) clearTimeout(timer);
    }

    /** Probes the healthy nodes or the unhealthy nodes. */
    private async look(healthy: boolean): Promise<void> {
        const targets = [...this.targets].filter(([, target]) => target.healthy === healthy);
        await Promise.all(targets.map(async ([node, target]) => this.count(node, target, await this.probe(node))));
    }

    private count(node: Node, target: Target, outcome: Outcome): void {
        if (outcome === "ignored") return;
        const good = outcome === "success";
        if (good === target.healthy && (good ? noFailures(target.counts) : target.counts.successes === 0)) return;
        const name = good ? "successes" : outcome;
        const { counts } = target;
        target.counts = good
            ? { ...zero(), successes: counts.successes + 1 }
            : { ...counts, successes: 0, [name]: counts[name] + 1 };
        const limit = good ? this.check.healthy.successes : this.check.unhealthy[outcome];
        if (target.counts[name] < limit) return;
        target.counts = zero();
        if (target.healthy === good) return;
        target.healthy = good;
        this.version++;
        this.log(`upstream node ${node.host}:${node.port} is ${good ? "healthy" : "unhealthy"}`);
    }

    private probe(node: Node): Promise<Outcome> {
        const { type, timeout, host, port, httpPath, headers } = this.check;
        return new Promise((resolve) => {
            const socket = connect({ host: node.host.replace(/^\[|\]$/g, ""), port: port ?? node.port });
            const end = (outcome: Outcome) => {
                socket.destroy();
                resolve(outcome);
            };
            socket.setTimeout(timeout * 1000, () => end("timeouts"));
            socket.on("error", () => end("tcp"));
            socket.on("close", () => end("tcp"));
            socket.on("connect", () => {
                if (type === "tcp") return end("success");
                const lines = [
                    `GET ${httpPath} HTTP/1.1`,
                    "Connection: close",
                    ...headers,
                    `Host: ${host ?? node.host}`,
                ];
                socket.write(`${lines.join("\r\n")}\r\n\r\n`);
            });
            let text = "";
            socket.setEncoding("latin1").on("data", (part: string) => {
                text += part;
                if (text.includes("\n")) end(this.outcome(text));
            });
        });
    }

    private outcome(answer: string): Outcome {
        const status = Number(/^HTTP\/\d+\.\d+\s+(\d+)/.exec(answer)?.[1] ?? 0);
        if (this.check.healthy.statuses.includes(status)) return "success";
        return status === 0 || this.check.unhealthy.statuses.includes(status) ? "http" : "ignored";
    }
}

function zero(): Counts {
    return { successes: 0, http: 0, tcp: 0, timeouts: 0 };
}

function noFailures({ http, tcp, timeouts }: Counts): boolean {
    return http + tcp + timeouts === 0;
}
