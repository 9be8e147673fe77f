/**
 * Measures what metrics and the access log cost on the emulator of APISIX, and counts the series for many callers. The
 * emulator writes the same metrics and log lines as APISIX, so the number and size of the series are the same. It does
 * not have the speed of APISIX, so compare only ratios of times. Throughput is computed from the CPU time of a request,
 * because other programs on the machine hardly change that time.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { stringify } from "yaml";
import { accessLogSettings } from "../components/apisix/access-log";
import { LATENCY_BUCKETS, METRICS_ATTRIBUTES, metricsMetadata } from "../components/apisix/observability";
import { alpaChain } from "../components/route/plugin-chain";
import { guard, guardSettings } from "../config/keys/guard";
import type { Context } from "../sandbox/gateway/request/context";
import { Metrics } from "../sandbox/gateway/observed/metrics";
import { startGateway, type Gateway } from "../sandbox/gateway/server";
import { observedOf } from "../sandbox/workloads/gateway-settings/observed";

const ADMIN_KEY = "bench-admin-key";
const KEY = "key-of-the-bench";
const STACK = "alpa-auth";
/** Number of concurrent requests. */
const PARALLEL = 8;

const rules = guardSettings(guard.parse({}), "default");

interface Kept {
    metrics: boolean;
    log: boolean;
}
const KEPT: [name: string, kept: Kept][] = [
    ["nothing", { metrics: false, log: false }],
    ["metrics", { metrics: true, log: false }],
    ["access log", { metrics: false, log: true }],
    ["both", { metrics: true, log: true }],
];

type Say = (line: string) => void;

/** @param rounds how many times each of the four settings is measured @param seconds length of each measurement */
export async function measureObserved(callers: number, rounds: number, seconds: number, say: Say): Promise<void> {
    const load = fork(join(__dirname, "load.cjs"), { execArgv: [] });
    const [{ alpa }] = (await once(load, "message")) as [{ alpa: number }];
    const send = async (asked: Parameters<Send>[0]): Promise<Record<string, number>> => {
        load.send({ parallel: PARALLEL, ...asked });
        const [{ statuses }] = (await once(load, "message")) as [{ statuses: Record<string, number> }];
        return statuses;
    };
    countSeries(callers, say);
    try {
        await compare(alpa, rounds, seconds, send, say);
    } finally {
        load.kill();
    }
}

type Send = (asked: { port: number; key: string; milliseconds: number }) => Promise<Record<string, number>>;

async function compare(alpa: number, rounds: number, seconds: number, send: Send, say: Say): Promise<void> {
    /** CPU seconds per request, in each round. */
    const gateways: [name: string, gateway: Gateway, cost: number[]][] = [];
    for (const [name, kept] of KEPT) gateways.push([name, await gatewayOf(alpa, kept), []]);
    try {
        // The first round is not counted: Node.js compiles the code in it.
        for (let round = 0; round <= rounds; round++)
            for (const [name, { port }, cost] of gateways) {
                const before = process.cpuUsage();
                const { 200: answered = 0, ...others } = await send({
                    ...{ port, key: KEY },
                    milliseconds: seconds * 1000,
                });
                if (Object.keys(others).length > 0) throw new Error(`${name}: ${JSON.stringify(others)}`);
                const { user, system } = process.cpuUsage(before);
                if (round > 0) cost.push((user + system) / 1e6 / answered);
            }
        const [[, , without]] = gateways;
        for (const [name, , cost] of gateways) {
            const ratios = cost.map((value, round) => without[round] / value).sort((a, b) => a - b);
            const [least, most] = [ratios[0], ratios.at(-1)!].map((ratio) => ratio.toFixed(2));
            say(
                `${name}: ${(median(cost) * 1000).toFixed(2)} ms of CPU time per request. Throughput relative to a gateway without metrics and log: ${median(ratios).toFixed(2)} (single rounds: ${least} to ${most})`,
            );
        }
    } finally {
        for (const [, gateway] of gateways) await gateway.close();
    }
}

/**
 * Counts two requests of each caller: the first gets 200, and the second gets 429. All requests have the same path and
 * go to the same Alpa. The size of the answers does not change the number of series.
 */
function countSeries(callers: number, say: Say): void {
    const metrics = new Metrics(LATENCY_BUCKETS);
    for (let i = 0; i < callers; i++)
        for (const status of [200, 429]) {
            const isAnswered = status === 200;
            const context = {
                route: {
                    name: `${STACK}_alpa_completions`,
                    serviceName: `${STACK}_alpa_0`,
                    uris: ["/alpa/completions"],
                },
                uri: "/alpa/completions",
                variables: new Map(),
                consumer: { username: `${STACK}_caller-${i}` },
                node: isAnswered ? { host: "10.20.96.188" } : undefined,
                upstreamAnswered: isAnswered,
                figures: {
                    ...{ status, requestSeconds: 2, upstreamSeconds: isAnswered ? 2 : undefined },
                    ...{ received: 400, sent: 1200 },
                },
            } as unknown as Context;
            metrics.count(context, { prefer_name: true }, metricsMetadata({}).prometheus);
        }
    const text = metrics.text(true);
    const series = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const of = (name: string) => series.filter((line) => line.startsWith(name)).length;
    say(
        `${callers} callers with one answer 200 and one answer 429 each: ${series.length} series, ${(text.length / 1e6).toFixed(1)} MB of text; ` +
            `${of("apisix_http_status")} http_status, ${of("apisix_bandwidth")} bandwidth, ${of("apisix_http_latency")} http_latency`,
    );
}

/** A gateway with the rule for completions and one caller. */
async function gatewayOf(alpa: number, kept: Kept): Promise<Gateway> {
    const { accessLog, metrics } = observedOf(
        stringify({ nginx_config: accessLogSettings(), plugin_attr: { prometheus: METRICS_ATTRIBUTES } }),
    );
    // Counts the bytes of the access log instead of writing it.
    let written = 0;
    const gateway = await startGateway({
        ...{ port: 0, adminPort: 0, adminKey: ADMIN_KEY, log: () => undefined },
        ...(kept.metrics && { metrics: { ...metrics!, refreshSeconds: 0 } }),
        ...(kept.log && { accessLog: { ...accessLog!, write: (line: string) => void (written += line.length) } }),
    });
    const put = async (path: string, body: object) => {
        const answer = await fetch(`http://127.0.0.1:${gateway.adminPort}/apisix/admin${path}`, {
            method: "PUT",
            headers: { "X-API-KEY": ADMIN_KEY },
            body: JSON.stringify(body),
        });
        if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
        await answer.arrayBuffer();
    };
    const observed = { ...(kept.metrics && { counted: true }), ...(kept.log && { named: true }) };
    const plugins = alpaChain("/completions", STACK, rules, { observed });
    if (kept.metrics) await put("/plugin_metadata/prometheus", metricsMetadata({}).prometheus);
    await put("/services/s", {
        name: `${STACK}_alpa_0`,
        upstream: { type: "roundrobin", nodes: { [`127.0.0.1:${alpa}`]: 1 }, retries: 0 },
    });
    await put("/routes/completions", {
        ...{ name: `${STACK}_alpa_completions`, uri: "/alpa/completions", methods: ["POST"], service_id: "s" },
        plugins: Object.fromEntries(plugins.map(({ name, config }) => [name, config])),
    });
    await put(`/consumers/${STACK}_lab`, { username: `${STACK}_lab` });
    await put(`/consumers/${STACK}_lab/credentials/k1`, { plugins: { "key-auth": { key: KEY } } });
    return gateway;
}

function median(values: number[]): number {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = Math.floor(sorted.length / 2);
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
