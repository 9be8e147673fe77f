import * as pulumi from "@pulumi/pulumi";
import * as z from "zod";
import type { GatewayCallersArgs } from "../../components/gateway-callers";
import type { ConsumerSettings } from "../../components/consumers/consumers";
import { OWNER_ANNOTATION } from "../../components/kubernetes/ownership";
import { inPlaceWarnings, type SharedGateway } from "../../components/consumers/shared-gateway";
import { hasLimits } from "../../components/consumers/limits";
import { WHEN_DOWN } from "../../components/apisix/open-requests";
import { foreignAmong, troubleIn } from "./checks";
import { openCluster, type ClusterView } from "./cluster";
import { plannedCallers } from "./planned-objects";
import { checkCluster } from "./check-cluster";
import { onlyProblems, type Findings } from "../findings";
import { PreflightError } from "../preflight-error";

/** Subject of the problems, for the first line of the error. */
const GATEWAY = "the gateway of another stack";

/** Longest label value that Kubernetes accepts. A label contains the consumer's name in APISIX. */
const LABEL_LIMIT = 63;

/** Output `gateway` of the other stack, which another version of this project may have written. */
const sharedGateway: z.ZodType<SharedGateway> = z.object({
    namespace: z.string(),
    binding: z.object({ ingressClass: z.string(), gateway: z.string(), gatewayNamespace: z.string() }),
    counters: z
        .object({
            host: z.string(),
            whenDown: z.enum(WHEN_DOWN),
            timeoutMilliseconds: z.number(),
            answerTimeoutSeconds: z.number(),
        })
        .optional(),
    replicas: z.number().optional(),
    url: z.string().regex(/^https?:\/\/[^/]+.*\/[-a-z0-9]+$/),
    answerTimeoutSeconds: z.number(),
});

/**
 * Reads the output `gateway` of another stack. A StackReference would copy all outputs of the other stack into this stack's
 * state, also the keys of callers, so a function of the engine reads the output instead.
 * @throws PreflightError if the stack does not exist, or has no gateway
 */
export async function gatewayOf(stack: string): Promise<SharedGateway> {
    let outputs: Record<string, unknown>;
    try {
        const answer = await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name: stack });
        outputs = (answer as { outputs?: Record<string, unknown> }).outputs ?? {};
    } catch (error) {
        const said =
            (error as Error).message
                .replace(/^.*? returned an error:/s, "")
                .trim()
                .split("\n")[0] || "nothing";
        throw new PreflightError(GATEWAY, [
            `of: Pulumi cannot read stack ${stack} (${said}). Correct the name. List the names: pulumi stack ls --all`,
        ]);
    }
    const parsed = sharedGateway.safeParse(outputs.gateway);
    if (parsed.success) return parsed.data;
    const why =
        Object.keys(outputs).length === 0
            ? "it has no outputs: it is destroyed, or pulumi up has never run"
            : outputs.gateway === undefined
              ? "it has no output gateway: the stack has no gateway, or an earlier version of this project updated it last"
              : "another version of this project wrote it";
    throw new PreflightError(GATEWAY, [
        `of: stack ${stack} does not have a usable output gateway (${why}). Run: pulumi up -s ${stack}`,
    ]);
}

/**
 * Checks the gateway and its cluster before any caller is created.
 * @param of full name of the gateway's stack
 * @param owner name of the running stack, as in the owner annotations
 * @returns warnings for the operator
 * @throws PreflightError if the gateway cannot serve these callers, or if the cluster has problems
 */
export async function callersPreflight(
    { cluster: access, gateway, consumers, of }: GatewayCallersArgs & { of: string },
    owner: string,
    open: typeof openCluster = openCluster,
): Promise<string[]> {
    const { problems, warnings } = unfit({ of, consumers }, gateway);
    if (problems.length > 0) throw new PreflightError(GATEWAY, problems);
    const { namespace } = gateway;
    await checkCluster(access, open, (cluster) => [
        onlyProblems(routeOf(of, namespace, cluster)),
        onlyProblems(foreignAmong(plannedCallers(namespace, consumers), cluster, owner)),
        onlyProblems(troubleIn(gateway.binding.gatewayNamespace, cluster)),
    ]);
    return warnings;
}

/** Returns the problems of callers that this gateway cannot serve. */
function unfit(
    { of, consumers }: { of: string; consumers: ConsumerSettings[] },
    { namespace, counters, replicas }: SharedGateway,
): Findings {
    const apart = hasLimits(consumers) && counters === undefined;
    const problems = consumers
        .map(({ name }) => `${namespace}_${name}`)
        .filter((username) => username.length > LABEL_LIMIT)
        .map(
            (username) =>
                `consumers: ${username} must be at most ${LABEL_LIMIT} characters (got ${username.length}). Shorten the caller's name.`,
        );
    if (apart && replicas !== undefined && replicas > 1)
        problems.push(
            `limits: need gateway.sharedCounters in stack ${of}, because each of the ${replicas} replicas of its gateway would count on its own. Set gateway.sharedCounters in that stack.`,
        );
    return { problems, warnings: replicas === undefined ? inPlaceWarnings(consumers) : [] };
}

/** Checks the route of the other stack. Its owner annotation shows whether this is the right cluster. */
async function routeOf(stack: string, namespace: string, cluster: ClusterView): Promise<string[]> {
    const route = { apiVersion: "apisix.apache.org/v2", kind: "ApisixRoute", namespace, name: "alpa" };
    const live = await cluster.read(route);
    if (live === undefined || live.metadata?.deletionTimestamp !== undefined)
        return [
            `of: ApisixRoute ${namespace}/alpa of stack ${stack} is not in this cluster. If the gateway is in another cluster, set cluster. Otherwise run: pulumi up -s ${stack}`,
        ];
    const theirs = live.metadata?.annotations?.[OWNER_ANNOTATION];
    const theOther = stack.split("/").slice(1).join("/");
    if (theirs === theOther) return [];
    return [
        `of: ApisixRoute ${namespace}/alpa does not belong to stack ${theOther} (it ${theirs === undefined ? "has no owner" : `belongs to stack ${theirs}`}). Set cluster to the cluster of stack ${theOther}, or correct of.`,
    ];
}
