import * as z from "zod";
import { DAY_MS } from "../../../config/keys/consumers/credentials";
import { errorMessage, Failure } from "../../errors";
import { printable } from "../../output";
import { figuresOf, type Figures, type Tokens } from "./rows";

/** Longest time for the answers to all queries. */
const TIMEOUT_SECONDS = 10;

/** The period of the figures; it ends now. */
export interface Period {
    /** Length in the form of the option and of Prometheus: `90m`, `24h`, `7d`. */
    since: string;
    from: Date;
    to: Date;
}

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: DAY_MS };

/** Parses a period. @returns undefined for an invalid text */
export function readPeriod(since: string, now: Date): Period | undefined {
    const [, number, unit] = /^([1-9]\d{0,3})([mhd])$/.exec(since) ?? [];
    if (number === undefined) return undefined;
    return { since, from: new Date(now.getTime() - Number(number) * UNIT_MS[unit]), to: now };
}

/** Answer to an instant query: https://prometheus.io/docs/prometheus/latest/querying/api/ (2026-11). */
const ANSWER = z.object({
    status: z.literal("success"),
    warnings: z.array(z.string()).optional(),
    data: z.object({
        resultType: z.literal("vector"),
        result: z.array(
            z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
        ),
    }),
});
const ERROR = z.object({ status: z.literal("error"), errorType: z.string(), error: z.string() });

type Sample = z.output<typeof ANSWER>["data"]["result"][number];

/** Problems of the address of a Prometheus server. A password in it is not quoted. */
export function addressProblem(text: string): string[] {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && !url.search && !url.hash;
    if (isPlain && !url.username && !url.password) return [];
    return [
        "--prometheus: must be an address with http:// or https://, without user, password and query, for example http://127.0.0.1:9090.",
    ];
}

/** What to ask a Prometheus server for. */
export interface Asked {
    /** Namespace of the consumers, a DNS label. */
    namespace: string;
    period: Period;
    /** Whether the routes count tokens. */
    tokens: boolean;
}

/**
 * Asks a Prometheus server for the requests, bytes and tokens of the routes of a namespace.
 * @param note prints warnings of the server
 * @returns figures by APISIX's name of the consumer; empty name: requests without a caller
 * @throws Failure if Prometheus does not answer, or has no metrics of a gateway
 */
export async function readPrometheus(
    address: string,
    { namespace, period, tokens }: Asked,
    note: (text: string) => void,
    timeoutSeconds = TIMEOUT_SECONDS,
): Promise<Map<string, Figures>> {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    const ask = (query: string) => answerTo(address, query, period, { signal, timeoutSeconds, note });
    const name = `"${namespace}_alpa.*"`;
    const sum = (labels: string, metric: string, selected: string) =>
        ask(`sum by (${labels}) (increase(apisix_${metric}{${selected}=~${name}}[${period.since}]))`);
    const ofTokens = (metric: string, ...given: [labels: string, selected: string]) =>
        tokens ? sum(given[0], metric, given[1]) : [];
    const [gateways, statuses, bytes, ...counts] = await Promise.all([
        // Each gateway pod has this metric from its start; the counters begin with the first request.
        ask(`count(last_over_time(apisix_node_info[${period.since}]))`),
        sum("consumer, code", "http_status", "route"),
        sum("consumer", "bandwidth", 'type="egress",route'),
        ofTokens("llm_prompt_tokens", "consumer, llm_model", "route_id"),
        ofTokens("llm_completion_tokens", "consumer, llm_model", "route_id"),
        ofTokens("http_status", "consumer", 'request_type="ai_uncounted",route'),
    ]);
    if (gateways.length === 0)
        throw new Failure(
            `--prometheus: ${address} has had no metrics of a gateway for ${period.since} (apisix_node_info). Set observability.metrics, and let Prometheus scrape the gateway: docs/operate/watch.md.`,
        );
    if (
        ![...statuses, ...bytes, ...counts.flat()].every(isNumber) ||
        !statuses.every(({ metric }) => /^\d+$/.test(metric.code ?? ""))
    )
        throw new Failure(
            `--prometheus: apisix_http_status and apisix_bandwidth of ${address} must have numbers by consumer and code. Correct the relabelling in Prometheus.`,
        );
    const sums = new Map<string, { statuses: [status: number, requests: number][]; bytes: number }>();
    const sumOf = ({ metric: { consumer = "" } }: Sample) => {
        const sum = sums.get(consumer) ?? { statuses: [], bytes: 0 };
        sums.set(consumer, sum);
        return sum;
    };
    for (const one of statuses) sumOf(one).statuses.push([Number(one.metric.code), whole(one.value)]);
    for (const one of bytes) sumOf(one).bytes += whole(one.value);
    const figures = [...sums].map(([consumer, one]) => {
        const found = figuresOf(one.statuses, one.bytes);
        return [consumer, tokens ? { ...found, tokens: tokensOf(consumer, counts) } : found] as const;
    });
    return new Map(figures);
}

/** Tokens of a consumer. @param counts samples of the prompt tokens, of the completion tokens and of the uncounted answers */
function tokensOf(name: string, counts: Sample[][]): Tokens {
    const [prompt, completion, uncounted] = counts.map((samples) =>
        samples.filter(({ metric: { consumer = "" } }) => consumer === name),
    );
    const of = (samples: Sample[], model: string) =>
        samples.filter(({ metric }) => metric.llm_model === model).reduce((all, { value }) => all + whole(value), 0);
    const names = [...new Set([...prompt, ...completion].map(({ metric: { llm_model: model = "" } }) => model))];
    return {
        models: names.sort().map((model) => ({ model, prompt: of(prompt, model), completion: of(completion, model) })),
        uncountedAnswers: uncounted.reduce((all, { value }) => all + whole(value), 0),
    };
}

function isNumber({ value: [, text] }: Sample): boolean {
    return Number.isFinite(Number(text));
}

/** Rounds an increase: Prometheus extrapolates it to the whole period, so it may have a fraction. */
function whole([, text]: Sample["value"]): number {
    return Math.round(Number(text));
}

interface Asking {
    signal: AbortSignal;
    timeoutSeconds: number;
    note(text: string): void;
}

async function answerTo(address: string, query: string, period: Period, asking: Asking): Promise<Sample[]> {
    const url = new URL(`${address.replace(/\/+$/, "")}/api/v1/query`);
    url.searchParams.set("query", query);
    url.searchParams.set("time", period.to.toISOString());
    const { status, body } = await get(url, address, asking);
    const answer = ANSWER.safeParse(body);
    if (answer.success) {
        for (const warning of answer.data.warnings ?? [])
            asking.note(`warning: Prometheus says: ${printable(warning)}`);
        return answer.data.data.result;
    }
    const error = ERROR.safeParse(body);
    if (error.success)
        throw new Failure(
            `--prometheus: ${address} rejects a query: ${error.data.errorType}: ${printable(error.data.error)}`,
        );
    const redirect = status >= 300 && status < 400 ? ", a redirect, which is not followed" : "";
    throw new Failure(
        `--prometheus: ${address} must be the address of a Prometheus server (/api/v1/query returns HTTP ${status}${redirect}).`,
    );
}

async function get(url: URL, address: string, { signal, timeoutSeconds }: Asking) {
    try {
        const response = await fetch(url, { headers: { Accept: "application/json" }, redirect: "manual", signal });
        const text = await response.text();
        return { status: response.status, body: parsed(text) };
    } catch (error) {
        const why = signal.aborted ? `within ${timeoutSeconds} s` : `(${reasonOf(error)})`;
        throw new Failure(
            `--prometheus: ${address} does not answer ${why}. Correct the address or start its port-forward, for example --prometheus http://127.0.0.1:9090.`,
        );
    }
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

/** Reason of a failed request, which fetch puts into the error's `cause`. */
function reasonOf(error: unknown): string {
    const { cause } = error as { cause?: { code?: string } };
    return cause?.code ?? errorMessage(cause ?? error);
}
