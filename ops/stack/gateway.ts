import { releaseNamespace } from "../../components/apisix/release";
import type { GatewayPods } from "../../components/apisix/gateway-pods";
import type { GatewayBinding } from "../../components/apisix/wiring";
import type { Counters } from "../../components/apisix/open-requests";
import { APISIX_PODS } from "../../components/kubernetes/network-policies";
import { componentNamespace } from "../../components/apisix/rampart-gateway";
import type { SharedGateway } from "../../components/consumers/shared-gateway";
import { edgeWaits } from "../../config/keys/edge/schema";
import { answerSeconds } from "../../config/keys/exposure/settings";
import { DEFAULT_NAMESPACE } from "../../config/values";
import type { Context } from "../context";
import { Failure, UsageError } from "../errors";
import { jsonObject, said } from "./pulumi";
import type { Stack } from "./stack";
import { authenticatorIn, readNumber, readValue } from "./stack-file";

/** Data about the gateway of a stack's callers. */
export interface Gateway {
    /** Namespace of the consumers. */
    namespace: string;
    /** How long Alpa may take for one answer, in seconds. */
    answerTimeoutSeconds: number;
    /** Counter server of another stack's gateway. Unset if each APISIX pod counts on its own. */
    counters?: Counters;
    /**
     * Objects that routes and consumers refer to. Unset if the other stack was last updated by a version without this
     * output.
     */
    binding?: GatewayBinding;
    /** Pods of the gateway. Unset if `binding` is unset. */
    pods?: GatewayPods;
    /** Whether a stack of this project has installed the gateway. */
    isInstalled: boolean;
}

/** The stack's own gateway or, with option callers, that of the stack that installed it. */
export async function gatewayOf(context: Context, stack: Stack): Promise<Gateway> {
    if (authenticatorIn(stack.text) === "shared-gateway") return ofAnotherStack(context, stack);
    const namespace = String(readValue(stack.text, "namespace") ?? DEFAULT_NAMESPACE);
    const installer = readValue(stack.text, "gateway", "installer");
    const inPlace = (name: string) => String(readValue(stack.text, "gateway", "existing", name));
    const isInstalled = installer !== "existing";
    const binding = isInstalled
        ? {
              ingressClass: namespace,
              gateway: namespace,
              gatewayNamespace: installer === "helm" ? releaseNamespace(namespace) : componentNamespace(namespace),
          }
        : {
              ingressClass: inPlace("ingressClass"),
              gateway: inPlace("gateway"),
              gatewayNamespace: inPlace("gatewayNamespace"),
          };
    return {
        namespace,
        answerTimeoutSeconds: longestAnswer(stack.text),
        isInstalled,
        binding,
        pods: podsOf(binding, isInstalled ? "fail" : "settle"),
    };
}

/**
 * @param unasked what a command does if it cannot query the pods. `fail` is for pods that this stack installed, because the
 * operator has permission to query them. `settle` is for other pods: the command waits for a fixed time instead
 */
function podsOf({ gatewayNamespace }: GatewayBinding, unasked: GatewayPods["unasked"]): GatewayPods {
    return { namespace: gatewayNamespace, labels: APISIX_PODS.matchLabels, unasked };
}

/** How long Alpa may take for one answer according to a stack file, in seconds. */
export function longestAnswer(text: string): number {
    const answerTimeoutSeconds = readNumber(text, "alpa", "answerTimeoutSeconds");
    const proxyTimeoutSeconds = readNumber(text, "proxyTimeoutSeconds");
    if (authenticatorIn(text) === "edge") return answerTimeoutSeconds ?? edgeWaits({ proxyTimeoutSeconds });
    const exposure = readValue(text, "exposure") === "tunnel" ? "tunnel" : "direct";
    return answerSeconds({ exposure, alpa: { answerTimeoutSeconds }, proxyTimeoutSeconds });
}

async function ofAnotherStack({ pulumi }: Context, stack: Stack): Promise<Gateway> {
    const of = readValue(stack.text, "of");
    if (typeof of !== "string")
        throw new UsageError([
            "of: required with option callers. Set it to the stack that installed the gateway, for example: pulumi config set of organization/alpa-auth/intra",
        ]);
    const { code, stdout, stderr } = await pulumi(["stack", "output", "gateway", "--json", "--stack", of]);
    const found = code === 0 ? jsonObject<Partial<SharedGateway>>(stdout, "pulumi stack output") : undefined;
    if (typeof found?.namespace === "string")
        return {
            namespace: found.namespace,
            answerTimeoutSeconds: found.answerTimeoutSeconds!,
            // A stack with an existing gateway has no pods in its outputs.
            isInstalled: found.replicas !== undefined,
            ...(found.binding ? { binding: found.binding, pods: podsOf(found.binding, "settle") } : {}),
            ...(found.counters ? { counters: found.counters } : {}),
        };
    throw new Failure(
        `of: stack ${of} does not have the output gateway (error of Pulumi: ${said(stderr)}). Correct the name, or run: pulumi up -s ${of}`,
    );
}
