/** The emulated APISIX with limits in tokens, in front of the emulated vLLM. */
import { limitPlugins, type Limits } from "../../../../components/consumers/limits";
import { maxTokensRules, tokenLimits } from "../../../../components/openai/max-tokens";
import { COUNT_TOKENS, rejection, RETRY_WHEN_TOKENS_RETURN } from "../../../../components/openai/token-count";
import { startOpenAiServer, type Served } from "../../../../sandbox/openai/server";
import { Kit } from "../../../../sandbox/test/gateway/kit";

export const MODEL = "Qwen/Qwen3-32B";
const NAMESPACE = "ns";

export const keyOf = (caller: string) => `key-of-${caller}`;

/** @param callers limits of each caller, by name */
export async function startOpenAiGateway(callers: Record<string, Limits>) {
    const served: Served[] = [];
    const statuses: number[] = [];
    const server = await startOpenAiServer({ port: 0, models: [MODEL], onRequest: (one) => void served.push(one) });
    const kit = await Kit.start({ onAnswer: ({ status }) => void statuses.push(status) });
    for (const [name, limits] of Object.entries(callers)) {
        const plugins = Object.fromEntries(limitPlugins(limits, NAMESPACE).map((one) => [one.name, one.config]));
        await kit.put("/consumers", { username: `${NAMESPACE}_${name}`, plugins });
        const credential = { "key-auth": { key: `Bearer ${keyOf(name)}` } };
        await kit.put(`/consumers/${NAMESPACE}_${name}/credentials/k`, { plugins: credential });
    }
    const limited = tokenLimits(Object.entries(callers).map(([name, limits]) => ({ name, limits })));
    for (const path of ["chat/completions", "completions", "embeddings"])
        await kit.put(`/routes/${path.replace("/", "-")}`, {
            uri: `/v1/${path}`,
            plugins: {
                "key-auth": { header: "authorization", hide_credentials: true },
                workflow: { rules: maxTokensRules(path, NAMESPACE, limited) },
                "serverless-post-function": {
                    phase: "header_filter",
                    functions: [RETRY_WHEN_TOKENS_RETURN],
                    ...rejection(path, NAMESPACE, limited),
                    _meta: { pre_function: COUNT_TOKENS },
                },
            },
            upstream: { ...kit.target, nodes: { [`127.0.0.1:${server.port}`]: 1 } },
        });
    return {
        /** What callers set as OPENAI_BASE_URL. */
        url: `http://127.0.0.1:${kit.gateway.port}/v1`,
        /** Requests that reached the server. */
        served,
        /** Status of each answer of the gateway. */
        statuses,
        close: async () => void (await Promise.all([kit.stop(), server.close()])),
    };
}
