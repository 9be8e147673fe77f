import { get, type IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import { output } from "@pulumi/pulumi";
import { OPENAI_PREFIX } from "../components/openai/paths";
import type { OpenaiSettings } from "../components/openai/settings";
import { upstreamName } from "../components/route/alpa-upstreams";
import { ROUTE } from "../components/route/route-served";
import { problem, warning, type Finding } from "./findings";
import type { ClusterView } from "./kubernetes/cluster";

/** Time limit of one request, in seconds: servers answer this one at once. */
const LIMIT_SECONDS = 5;
/** Errors after which nothing is known about the server: only the gateway's nodes may reach it. */
const NOT_REACHED = ["ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"];
/** Maximum number of models that a message names. */
const NAMED = 5;

const MODELS = `GET ${OPENAI_PREFIX}/models`;

/** What a server answers. */
type Asked = { models: string[] } | { rejected: number } | { wrong: string } | { notReached: string };

/** What the stack has already applied. */
interface Applied {
    servers: string[];
    isNamed: (model: string) => boolean;
}

/**
 * Checks that each server accepts the key and has the models. A server that the stack already uses only causes a warning if
 * it is down, and a model in use if it is missing, because the run may revoke a credential.
 * @param settings settings of the server
 */
export async function modelFindings(
    settings: OpenaiSettings,
    namespace: string,
    cluster: ClusterView,
): Promise<Finding[]> {
    const { endpoints, models } = settings;
    const key = await new Promise<string | undefined>((resolve) => output(settings.serverKey).apply(resolve));
    const [applied, ...answers] = await Promise.all([
        readApplied(namespace, cluster),
        ...endpoints.map(async ({ address }) => [address, await askModels(address, key)] as const),
    ]);
    return answers.flatMap(([address, asked]) => {
        if ("models" in asked) return missing(address, models, asked.models, applied);
        const isUsed = applied.servers.includes(address);
        if ("rejected" in asked) {
            const what = key === undefined ? `required by ${address}` : `${address} rejects it`;
            return problem(
                `openai.serverKey: ${what} (${MODELS} got ${asked.rejected}). Set the server's key: pulumi config set --secret --path openai.serverKey`,
            );
        }
        if ("wrong" in asked)
            return (isUsed ? warning : problem)(
                `openai.endpoints: ${address} does not answer ${MODELS} with its models (${asked.wrong}). Start the server, or correct the address.`,
            );
        // The gateway reaches a server that it already uses.
        return isUsed
            ? []
            : warning(
                  `openai.endpoints: ${address} was not checked, since this machine does not reach it (${asked.notReached}). On a node of the gateway, run: curl http://${address}${OPENAI_PREFIX}/models`,
              );
    });
}

function missing(address: string, wanted: string[], listed: string[], { isNamed }: Applied): Finding[] {
    const lacks = wanted.filter((model) => !listed.includes(model));
    if (lacks.length === 0) return [];
    const has = [...listed.slice(0, NAMED), ...(listed.length > NAMED ? ["…"] : [])].join(", ") || "none";
    return [
        (lacks.every(isNamed) ? warning : problem)(
            `openai.models: ${address} does not have ${lacks.join(", ")} (${MODELS} lists ${has}). Correct the name, or load the model.`,
        ),
    ];
}

async function askModels(address: string, key: string | undefined): Promise<Asked> {
    const signal = AbortSignal.timeout(LIMIT_SECONDS * 1000);
    const headers = key === undefined ? {} : { Authorization: `Bearer ${key}` };
    try {
        const answer = await new Promise<IncomingMessage>((resolve, reject) =>
            get(`http://${address}${OPENAI_PREFIX}/models`, { headers, signal, agent: false }, resolve).on(
                "error",
                reject,
            ),
        );
        const { data } = Object(await json(answer).catch(() => undefined)) as { data?: unknown };
        const status = answer.statusCode!;
        if (status === 401 || status === 403) return { rejected: status };
        if (status !== 200 || !Array.isArray(data)) return { wrong: `${status}` };
        return { models: data.map((one) => String(Object(one).id)) };
    } catch (error) {
        if (signal.aborted) return { notReached: `no answer in ${LIMIT_SECONDS} s` };
        const { code = "no HTTP" } = error as NodeJS.ErrnoException;
        return NOT_REACHED.includes(code) ? { notReached: code } : { wrong: code };
    }
}

async function readApplied(namespace: string, cluster: ClusterView): Promise<Applied> {
    const api = { apiVersion: "apisix.apache.org/v2", namespace };
    const [upstream, route] = await Promise.all([
        cluster.read({ ...api, kind: "ApisixUpstream", name: upstreamName("openai") }),
        cluster.read({ ...api, kind: "ApisixRoute", name: ROUTE }),
    ]);
    const { externalNodes = [] } = (upstream?.spec ?? {}) as { externalNodes?: { name: string; port: number }[] };
    // The rules for models name each of them.
    const rules = JSON.stringify(route?.spec ?? {});
    return {
        servers: externalNodes.map(({ name, port }) => `${name}:${port}`),
        isNamed: (model) => rules.includes(JSON.stringify(model)),
    };
}
