/**
 * Chooses the node for a request, by weight: in turn, or always the same one for a consumer (chash). Runs the active HTTP
 * checks that this project configures, as APISIX 3.18 does: they start with the first request to two or more nodes; a node is
 * healthy at first; a status in neither list has no effect; if no node is healthy, requests go to all nodes.
 *
 * Not emulated: on which nodes APISIX's rings put consumers, and the order of turns.
 */
import { createHash } from "node:crypto";
import { request } from "node:http";
import type { Context } from "../request/context";
import type { ActiveCheck, Node, Upstream } from "../request/types";

/** Shortest interval, in milliseconds of real time, when tests accelerate the clock. */
const SHORTEST_MS = 50;

type Failure = "http_failures" | "tcp_failures" | "timeouts";

interface Target extends Node {
    healthy: boolean;
    /** Failures since the last success. */
    failures: Partial<Record<Failure, number>>;
    /** Grows with each turn by the weight, and shrinks when the node is chosen. */
    due: number;
}

export class Balancer {
    private readonly targets: Target[];
    private timer?: NodeJS.Timeout;

    /**
     * @param secondLasts duration of one second of an interval, in real seconds
     * @param before the balancer of the same upstream before a rewrite. The health of its nodes is kept
     */
    constructor(
        readonly upstream: Upstream,
        private readonly secondLasts: number,
        before: Balancer | undefined,
        private readonly log: (line: string) => void,
    ) {
        this.targets = upstream.nodes.map((node) => {
            const known = before?.targets.find(({ host, port }) => host === node.host && port === node.port);
            return { healthy: true, failures: {}, due: Math.random() * node.weight, ...known, ...node };
        });
        if (before?.timer) this.startChecks();
        before?.close();
    }

    /** Returns undefined if there is no node. */
    pick(ctx: Context): Node | undefined {
        if (this.targets.length < 2) return this.targets[0]; // a single node is used even if its weight is 0
        this.startChecks();
        const weighed = this.targets.filter(({ weight }) => weight > 0);
        const healthy = weighed.filter((target) => target.healthy);
        const usable = healthy.length > 0 ? healthy : weighed;
        if (this.upstream.byConsumer)
            return ofConsumer(usable, String(ctx.lookup("consumer_name") ?? ctx.remoteAddress));
        for (const target of usable) target.due += target.weight;
        const next = usable.reduce((a, b) => (b.due > a.due ? b : a));
        next.due -= usable.reduce((sum, { weight }) => sum + weight, 0);
        return next;
    }

    close(): void {
        clearInterval(this.timer);
    }

    private startChecks(): void {
        const { check } = this.upstream;
        if (!check || this.timer) return;
        const every = Math.max(SHORTEST_MS, check.healthy.interval * this.secondLasts * 1000);
        this.timer = setInterval(() => {
            for (const target of this.targets)
                void probe(target, check).then((outcome) => this.note(target, outcome, check));
        }, every).unref();
    }

    private note(target: Target, outcome: Failure | "success" | "ignored", { unhealthy }: ActiveCheck): void {
        const before = target.healthy;
        if (outcome === "success") [target.healthy, target.failures] = [true, {}];
        else if (outcome !== "ignored") {
            const count = (target.failures[outcome] ?? 0) + 1;
            target.failures[outcome] = count;
            if (count >= unhealthy[outcome]) target.healthy = false;
        }
        if (target.healthy !== before)
            this.log(`upstream node ${target.host}:${target.port} is ${target.healthy ? "healthy" : "unhealthy"}`);
    }
}

/** The node with the highest score: when a node is lost, only its consumers move (rendezvous hashing). */
function ofConsumer(targets: Target[], consumer: string): Target | undefined {
    const score = ({ host, port, weight }: Target) => {
        const digest = createHash("sha1").update(`${host}:${port} ${consumer}`).digest().readUInt32BE();
        return -weight / Math.log((digest + 1) / 2 ** 32);
    };
    return targets.map((target) => [target, score(target)] as const).sort(([, a], [, b]) => b - a)[0]?.[0];
}

function probe({ host, port }: Node, check: ActiveCheck): Promise<Failure | "success" | "ignored"> {
    return new Promise((resolve) => {
        const timeout = check.timeout * 1000;
        const asked = request({ host, port, path: check.http_path, agent: false, timeout }, (answer) => {
            answer.destroy();
            const { statusCode = 0 } = answer;
            if (check.healthy.http_statuses.includes(statusCode)) resolve("success");
            resolve(check.unhealthy.http_statuses.includes(statusCode) ? "http_failures" : "ignored");
        });
        asked.on("timeout", () => {
            resolve("timeouts");
            asked.destroy();
        });
        asked.on("error", () => resolve("tcp_failures")).end();
    });
}
