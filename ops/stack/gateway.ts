import type { GatewayPods } from "../../components/apisix/gateway-pods";
import { installationOf } from "../../components/apisix/values";
import type { GatewayBinding } from "../../components/apisix/wiring";
import { APISIX_PODS } from "../../components/kubernetes/network-policies";
import { evidencePath } from "../../components/server-checks";
import type { OpenaiPath } from "../../components/openai/paths";
import { Failure } from "../errors";
import type { ReadStack } from "./settings";

type Configured = Pick<ReadStack, "settings">;

/** Data about the gateway of a stack's callers. */
export interface Gateway {
    /** Namespace of the consumers. */
    namespace: string;
    /** Objects that routes and consumers refer to. */
    binding: GatewayBinding;
    /** Pods of the gateway. */
    pods: GatewayPods;
    /** Whether a stack of this project has installed the gateway. */
    isInstalled: boolean;
}

/** The gateway of a stack: one that it installs, or an existing one. */
export function gatewayOf({ settings }: Configured): Gateway {
    if (settings.option === "cloudflare") throw new Failure("option cloudflare has no gateway");
    const { namespace, gateway, server } = settings;
    const isInstalled = gateway.installer !== "existing";
    const binding = isInstalled
        ? {
              ingressClass: namespace,
              gateway: namespace,
              gatewayNamespace: installationOf(gateway.installer, namespace).namespace,
          }
        : { ingressClass: gateway.ingressClass, gateway: gateway.gateway, gatewayNamespace: gateway.gatewayNamespace };
    return {
        namespace,
        isInstalled,
        binding,
        pods: {
            namespace: binding.gatewayNamespace,
            labels: APISIX_PODS.matchLabels,
            evidence: evidencePath(server.kind),
            // The operator has permission to query pods that this stack installed. For other pods, a command waits for a
            // fixed time instead if it cannot query them.
            unasked: isInstalled ? "fail" : "settle",
        },
    };
}

/** Kind of the server behind a stack. */
export function serverOf({ settings }: Configured) {
    if (settings.option === "cloudflare") return settings.openaiPaths === undefined ? "alpa" : "openai";
    return settings.server.kind;
}

/** Open paths and models of an OpenAI-compatible server. Alpa has none, and without a gateway only the server knows its models. */
export function openaiOf({ settings }: Configured): { paths?: OpenaiPath[]; models?: string[] } {
    if (settings.option === "cloudflare") return { paths: settings.openaiPaths };
    return settings.server.kind === "openai" ? settings.server : {};
}

/** How long the server may take for one answer, or for its next byte, in seconds. */
export function answerTimeout({ settings }: Configured): number {
    return settings.option === "cloudflare" ? settings.answerTimeoutSeconds : settings.server.answerTimeoutSeconds;
}
