/**
 * Active health checks of an upstream by HTTP, as APISIX 3.18 runs them with api7's lua-resty-healthcheck.
 *
 * Facts: apisix/healthcheck_manager.lua, apisix/balancer.lua and the library's source. The checks of an upstream with two or
 * more nodes start up to a second after its first request. A node is healthy at first, and its state survives a rewrite of its
 * upstream. A failure resets the count of successes, and a success resets all counts of failures. A status in neither list has
 * no effect. If no node is healthy, requests go to all nodes. Not emulated: several workers, of which one runs the checks.
 */
import { connect } from "node:net";
import type { ActiveCheck, Node } from "../request/types";

/** Interval of the timer that starts new checkers, in seconds. */
const BEGIN_SECONDS = 1;
/** Shortest interval, in milliseconds of real time, when tests accelerate the clock. */
const SHORTEST_MS = 50;

type Failure = "http_failures" | "tcp_failures" | "timeouts";
type Outcome = "successes" | Failure | "ignored";
type Counts = Partial<Record<Outcome, number>>;

interface Target {
    node: Node;
    healthy: boolean;
    counts: Counts;
}

export class HealthChecks {
    private readonly targets: Target[];
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
        before: HealthChecks | undefined,
        private readonly log: (line: string) => void,
    ) {
        this.targets = nodes.map((node) => {
            const known = before?.targets.find(({ node: { host, port } }) => host === node.host && port === node.port);
            return { healthy: true, counts: {}, ...known, node };
        });
        const milliseconds = secondLasts * 1000;
        const begin = () => {
            for (const [healthy, { interval }] of [[true, check.healthy] as const, [false, check.unhealthy] as const]) {
                const every = Math.max(SHORTEST_MS, interval * milliseconds);
                this.timers.push(setInterval(() => void this.look(healthy), every).unref());
            }
        };
        this.timers.push(setTimeout(begin, BEGIN_SECONDS * milliseconds).unref());
    }

    /** Nodes that requests can use: the healthy nodes, or all nodes if no node is healthy. */
    usable(): readonly Node[] {
        const healthy = this.targets.filter((target) => target.healthy).map(({ node }) => node);
        return healthy.length > 0 ? healthy : this.nodes;
    }

    stop(): void {
        for (const timer of this.timers) clearTimeout(timer);
    }

    /** Probes the healthy nodes or the unhealthy nodes. */
    private async look(healthy: boolean): Promise<void> {
        const targets = this.targets.filter((target) => target.healthy === healthy);
        await Promise.all(targets.map(async (target) => this.count(target, await this.probe(target.node))));
    }

    private count(target: Target, outcome: Outcome): void {
        if (outcome === "ignored") return;
        const good = outcome === "successes";
        const { healthy, unhealthy } = this.check;
        const { successes, ...failures } = target.counts;
        const kept = good ? { successes } : failures;
        const count = (kept as Counts)[outcome] ?? 0;
        target.counts = { ...kept, [outcome]: count + 1 };
        if (count + 1 < (good ? healthy.successes : unhealthy[outcome])) return;
        target.counts = {};
        if (target.healthy === good) return;
        target.healthy = good;
        this.version++;
        const { host, port } = target.node;
        this.log(`upstream node ${host}:${port} is ${good ? "healthy" : "unhealthy"}`);
    }

    private probe({ host, port }: Node): Promise<Outcome> {
        const { timeout, http_path: path } = this.check;
        return new Promise((resolve) => {
            const socket = connect({ host, port });
            const end = (outcome: Outcome) => {
                socket.destroy();
                resolve(outcome);
            };
            socket.setTimeout(timeout * 1000, () => end("timeouts"));
            socket.on("error", () => end("tcp_failures"));
            socket.on("close", () => end("tcp_failures"));
            socket.on("connect", () =>
                socket.write(`GET ${path} HTTP/1.1\r\nConnection: close\r\nHost: ${host}\r\n\r\n`),
            );
            let text = "";
            socket.setEncoding("latin1").on("data", (part: string) => {
                text += part;
                if (text.includes("\n")) end(this.outcome(text));
            });
        });
    }

    private outcome(answer: string): Outcome {
        const status = Number(/^HTTP\/\d+\.\d+\s+(\d+)/.exec(answer)?.[1] ?? 0);
        if (this.check.healthy.http_statuses.includes(status)) return "successes";
        const failed = status === 0 || this.check.unhealthy.http_statuses.includes(status);
        return failed ? "http_failures" : "ignored";
    }
}
