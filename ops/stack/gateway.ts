import type { GatewayPods } from "../../components/apisix/gateway-pods";
import type { GatewayBinding } from "../../components/apisix/wiring";
import { evidencePath } from "../../components/server-checks";
import { qualified } from "../../config/keys/gateway";
import { APISIX_PODS } from "../../components/kubernetes/network-policies";
import { installationOf } from "../../components/apisix/values";
import { edgeWaits } from "../../config/keys/edge/schema";
import { answerSeconds } from "../../config/keys/exposure/settings";
import { DEFAULT_NAMESPACE } from "../../config/values";
import type { Stack } from "./stack";
import { authenticatorIn, readNumber, readValue, serverIn } from "./stack-file";

/** Data about the gateway of a stack's callers. */
export interface Gateway {
    /** Namespace of the consumers. */
    namespace: string;
    /** How long Alpa may take for one answer, in seconds. */
    answerTimeoutSeconds: number;
    /** Objects that routes and consumers refer to. */
    binding: GatewayBinding;
    /** Pods of the gateway. */
    pods: GatewayPods;
    /** Whether a stack of this project has installed the gateway. */
    isInstalled: boolean;
}

/** The gateway of a stack: one that it installs, or an existing one. */
export function gatewayOf(stack: Pick<Stack, "text">): Gateway {
    const namespace = String(readValue(stack.text, "namespace") ?? DEFAULT_NAMESPACE);
    const installer = readValue(stack.text, "gateway", "installer");
    const inPlace = (name: string) => String(readValue(stack.text, "gateway", "existing", name));
    const isInstalled = installer !== "existing";
    const { name: gateway, namespace: gatewayNamespace } = isInstalled
        ? { name: namespace, namespace: installationOf(installer === "helm" ? "helm" : "rampart", namespace).namespace }
        : qualified(inPlace("gateway"));
    const binding = { ingressClass: isInstalled ? namespace : inPlace("ingressClass"), gateway, gatewayNamespace };
    return {
        namespace,
        answerTimeoutSeconds: longestAnswer(stack.text),
        isInstalled,
        binding,
        pods: {
            namespace: binding.gatewayNamespace,
            labels: APISIX_PODS.matchLabels,
            evidence: evidencePath(serverIn(stack.text)),
            // The operator has permission to query pods that this stack installed. For other pods, a command waits for a
            // fixed time instead if it cannot query them.
            unasked: isInstalled ? "fail" : "settle",
        },
    };
}

/** How long Alpa may take for one answer according to a stack file, in seconds. */
export function longestAnswer(text: string): number {
    const answerTimeoutSeconds =
        readNumber(text, "alpa", "answerTimeoutSeconds") ?? readNumber(text, "openai", "silenceSeconds");
    const proxyTimeoutSeconds = readNumber(text, "proxyTimeoutSeconds");
    if (authenticatorIn(text) === "edge") return answerTimeoutSeconds ?? edgeWaits({ proxyTimeoutSeconds });
    const exposure = readValue(text, "exposure") === "tunnel" ? "tunnel" : "direct";
    return answerSeconds({ exposure, alpa: { answerTimeoutSeconds }, proxyTimeoutSeconds });
}
