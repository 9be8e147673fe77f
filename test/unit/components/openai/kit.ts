/** The route of this project in the emulated APISIX, in front of the emulated vLLM. */
import { output } from "@pulumi/pulumi";
import { limitPlugins, type Limits } from "../../../../components/consumers/limits";
import { tokenLimits } from "../../../../components/openai/max-tokens";
import { OPENAI_PATHS, type OpenaiPath } from "../../../../components/openai/paths";
import { renderOpenaiRoute } from "../../../../components/openai/route-rules";
import type { RoutePlugin } from "../../../../components/route/route-plugin";
import { startOpenAiServer, type OpenAiServerOptions, type Served } from "../../../../sandbox/openai/server";
import { Kit } from "../../../../sandbox/test/gateway/kit";

export const MODEL = "Qwen/Qwen3-32B";
export const OTHER_MODEL = "team-lora";
export const SERVER_KEY = "sk-server";
export const NAMESPACE = "ns";

export const keyOf = (caller: string) => `key-of-${caller}`;

export interface Caller {
    limits?: Limits;
    /** @default all models */
    models?: string[];
}

interface Rule {
    name: string;
    priority?: number;
    match: { paths: string[]; methods?: string[]; exprs?: { subject: { name: string }; op: string; value: string }[] };
    plugins: RoutePlugin[];
    upstreams?: { name: string }[];
}

/** @param server options of the emulated vLLM */
export async function startOpenAiGateway(
    callers: Record<string, Caller>,
    server: Partial<OpenAiServerOptions> = {},
    paths: OpenaiPath[] = [...OPENAI_PATHS],
) {
    const served: Served[] = [];
    const statuses: number[] = [];
    const models = [MODEL, OTHER_MODEL];
    const onRequest = (one: Served) => void served.push(one);
    const vllm = await startOpenAiServer({ port: 0, models, apiKey: SERVER_KEY, onRequest, ...server });
    const kit = await Kit.start({
        onAnswer: ({ status }) => void statuses.push(status),
        env: { ALPA_AUTH_SERVER_KEY: `Bearer ${SERVER_KEY}` },
    });
    for (const [name, { limits = {} }] of Object.entries(callers)) {
        await kit.put("/consumers", {
            username: `${NAMESPACE}_${name}`,
            plugins: byName(limitPlugins(limits, NAMESPACE)),
        });
        const credential = { "key-auth": { key: keyOf(name) } };
        await kit.put(`/consumers/${NAMESPACE}_${name}/credentials/k`, { plugins: credential });
    }
    const only = Object.entries(callers).flatMap(([name, one]) => (one.models ? [[name, one.models] as const] : []));
    const { http } = renderOpenaiRoute(
        {
            endpoints: [],
            answerTimeoutSeconds: 600,
            paths,
            models,
            callerModels: Object.fromEntries(only),
            maxBodyBytes: 10_000,
            serverKey: output(SERVER_KEY),
        },
        {
            namespace: NAMESPACE,
            ingressClassName: "class",
            ownGateway: true,
            tokenLimits: tokenLimits(Object.entries(callers).map(([name, { limits = {} }]) => ({ name, limits }))),
        },
    );
    const rules = withoutNull(http) as Rule[];
    for (const rule of rules) await kit.put(`/routes/${rule.name}`, routeOf(rule, kit, vllm.port));
    return {
        /** What callers set as OPENAI_BASE_URL. */
        url: `http://127.0.0.1:${kit.gateway.port}/v1`,
        port: kit.gateway.port,
        put: kit.put.bind(kit),
        /** Requests that reached the server. */
        served,
        /** Status of each answer of the gateway. */
        statuses,
        close: async () => void (await Promise.all([kit.stop(), vllm.close()])),
    };
}

/** A null in an object does not reach the ApisixRoute in the API server. */
const withoutNull = (http: unknown): unknown =>
    JSON.parse(JSON.stringify(http, (_, value: unknown) => (value === null ? undefined : value)));

const byName = (plugins: { name: string; config: object }[]) =>
    Object.fromEntries(plugins.map(({ name, config }) => [name, config]));

const OPERATORS: Record<string, string> = { Equal: "==", RegexMatch: "~~" };

/** A rule as the ingress controller writes it to APISIX. */
function routeOf({ priority = 0, match, plugins, upstreams = [] }: Rule, kit: Kit, port: number) {
    const { paths: uris, methods, exprs } = match;
    const vars = exprs?.map(({ subject, op, value }) =>
        op === "RegexNotMatch" ? [subject.name, "!", "~~", value] : [subject.name, OPERATORS[op], value],
    );
    const nodes = { [`127.0.0.1:${upstreams[0]?.name === "alpa-openai" ? port : 1}`]: 1 };
    return {
        ...{ uris, priority, plugins: byName(plugins), upstream: { ...kit.target, nodes } },
        ...(methods && { methods }),
        ...(vars && { vars }),
    };
}
