/**
 * Metrics of three gateway pods, counted by the emulator of APISIX, and of other programs. The first hour has no problems.
 * In the second hour, every alert has its problem. Then Alpa answers nothing for 20 minutes. After that, Prometheus scrapes
 * nothing.
 */
import type { Context } from "../../../sandbox/gateway/request/context";
import { Metrics } from "../../../sandbox/gateway/observed/metrics";
import { LATENCY_BUCKETS, METRICS_METADATA } from "../../../components/apisix/observability";

export const STACK = "alpa-auth";
export const LAB = `${STACK}_lab`;
export const BATCH = `${STACK}_batch`;

const STEP_SECONDS = 60;
/** Length of each part, in minutes. */
const PHASES = { well: 60, trouble: 60, unanswered: 20, gone: 10 };
export type Phase = keyof typeof PHASES;

/** Counts of one pod in each minute: requests by caller and status, and Alpa's time for them, in seconds. */
type Sent = [count: number, consumer: string, status: number, upstreamSeconds?: number][];

export const SENT: Record<Exclude<Phase, "gone">, Sent> = {
    well: [
        [4, LAB, 200, 40],
        [2, BATCH, 200, 100],
        [1, LAB, 400],
    ],
    trouble: [
        [4, LAB, 200, 40],
        [2, BATCH, 200, 400],
        [9, BATCH, 429],
        [3, LAB, 504, 600],
        [1, LAB, 500],
        [1, LAB, 499, 120],
        [20, "", 401],
    ],
    unanswered: [[2, LAB, 504, 600]],
};

/** Minutes from the first sample to the end of a part. */
function endOf(phase: Phase): number {
    const names = Object.keys(PHASES) as Phase[];
    return names.slice(0, names.indexOf(phase) + 1).reduce((sum, name) => sum + PHASES[name], 0);
}

/** The second at which each part ends. The last part ends at `now`. */
export function endsAt(now: number): Record<Phase, number> {
    const start = now - endOf("gone") * 60;
    const names = Object.keys(PHASES) as Phase[];
    return Object.fromEntries(names.map((name) => [name, start + endOf(name) * 60])) as Record<Phase, number>;
}

/** The whole history in the OpenMetrics format, from which promtool creates blocks. @param now in seconds */
export function openMetrics(now: number): string {
    const ends = endsAt(now);
    const lines = new Map<string, string[]>();
    // After `ends.well`, the synthetic completion fails and its check stops, and the connector on the host has no
    // connections. After `ends.trouble`, the connector in the pod is gone. Alpa's pod restarts 10 minutes before that.
    const around: [series: string, value: (at: number) => number | undefined][] = [
        ['alpa_auth_caller_path_success{path="main"}', (at) => Number(at <= ends.well)],
        ['alpa_auth_caller_path_seconds{path="main"}', () => 1.5],
        ['alpa_auth_caller_path_run_timestamp_seconds{path="main"}', (at) => Math.min(at, ends.well)],
        [
            'cloudflared_tunnel_server_locations{instance="pod",connection_id="0",edge_location="fra01"}',
            (at) => (at <= ends.trouble ? 1 : undefined),
        ],
        [
            'alpa_auth_connector_ready_connections{instance="host",address="127.0.0.1:20241"}',
            (at) => (at <= ends.well ? 4 : 0),
        ],
        ['alpa_auth_connector_run_timestamp_seconds{instance="host"}', (at) => at],
        [
            `kube_pod_container_status_restarts_total{namespace="${STACK}",pod="alpa-opt-head-x",container="ray-head"}`,
            (at) => Number(at > ends.trouble - 600),
        ],
        [
            `kube_pod_status_ready{namespace="${STACK}",pod="alpa-opt-head-x",condition="true"}`,
            (at) => Number(at <= ends.well),
        ],
    ];
    for (const [series, value] of around) {
        const all: string[] = [];
        for (let at = ends.well - PHASES.well * 60; at <= ends.unanswered; at += STEP_SECONDS)
            if (value(at) !== undefined) all.push(`${series} ${value(at)} ${at}`);
        lines.set(series, all);
    }
    for (const instance of ["a", "b", "c"]) {
        const pod = new Metrics(LATENCY_BUCKETS);
        const start = ends.well - PHASES.well * 60;
        for (let at = start; at <= ends.unanswered; at += STEP_SECONDS) {
            const phase = at <= ends.well ? "well" : at <= ends.trouble ? "trouble" : "unanswered";
            // After `well`, pod c is gone, and pod b loses etcd and the counters.
            if (instance === "c" && phase !== "well") break;
            const isTroubled = instance === "b" && phase !== "well";
            for (const [count, ...one] of SENT[phase]) for (let i = 0; i < count; i++) countOne(pod, ...one);
            if (isTroubled) pod.registry.add("nginx_metric_errors_total", [], 1);
            const text = pod.text(!isTroubled);
            for (const [, name, labels = "", value] of text.matchAll(/^(apisix_\w+)(?:\{(.*)\})? (\S+)$/gm)) {
                const all = [`instance="${instance}"`, ...(labels === "" ? [] : [labels])].join(",");
                const series = lines.get(`${name}{${all}}`) ?? [];
                lines.set(`${name}{${all}}`, series);
                series.push(`${name}{${all}} ${value} ${at}`);
            }
        }
    }
    return `${[...lines.values()].flat().join("\n")}\n# EOF\n`;
}

function countOne(pod: Metrics, consumer: string, status: number, upstreamSeconds?: number): void {
    const asked = upstreamSeconds !== undefined;
    const context = {
        route: { name: `${STACK}_alpa_completions`, serviceName: `${STACK}_alpa_0`, uris: ["/alpa/completions"] },
        uri: "/alpa/completions",
        consumer: consumer === "" ? undefined : { username: consumer },
        node: asked ? { host: "10.20.96.188" } : undefined,
        upstreamTries: asked ? [{}] : [],
        upstreamAnswered: asked && status === 200,
        figures: {
            status,
            requestSeconds: (upstreamSeconds ?? 0) + 0.02,
            upstreamSeconds: asked ? [upstreamSeconds] : [],
            received: 400,
            sent: 1200,
        },
    } as unknown as Context;
    pod.count(context, { prefer_name: true }, METRICS_METADATA.prometheus);
}
