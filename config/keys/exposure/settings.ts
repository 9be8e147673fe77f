import type { ExposureSettings } from "../../../components/cloudflare/exposure";
import { edgeWaits, heldTimeout, slowAnswers } from "../edge/schema";
import { DEFAULT_ANSWER_SECONDS } from "../alpa";
import { deepNameWarnings } from "../edge/checks";
import { imageParts } from "../images";
import { metricsSettings } from "../observability";
import { CONNECTORS, cutAnswers, graceSeconds } from "../tunnel";
import type { ParsedGatewayOption as Parsed } from "../gateway-option";
import { DEFAULT_NODE_PORT } from "../../values";

/**
 * Seconds by which the gateway times out before the edge, so that callers get the gateway's error in Alpa's format instead
 * of an HTML page.
 */
const BEFORE_THE_EDGE_SECONDS = 5;

/** The keys on which the time of the longest answer depends. */
type AnswerWait = Pick<Parsed, "exposure" | "proxyTimeoutSeconds"> & {
    alpa?: { answerTimeoutSeconds?: number };
    openai?: { silenceSeconds?: number };
};

/** Longest time that a stopping pod or connector waits for an answer, in seconds. */
export const longestAnswer = (config: AnswerWait & { openai?: { longestAnswerSeconds: number } }): number =>
    config.openai?.longestAnswerSeconds ?? answerSeconds(config);

/** Longest wait for an answer of the server, or for its next byte, in seconds. */
export function answerSeconds(config: AnswerWait): number {
    const { exposure, alpa, openai } = config;
    const own = alpa?.answerTimeoutSeconds ?? openai?.silenceSeconds;
    if (own !== undefined) return own;
    if (exposure === "direct") return DEFAULT_ANSWER_SECONDS;
    return Math.max(1, edgeWaits(config) - BEFORE_THE_EDGE_SECONDS);
}

/** Node port of the gateway; undefined if callers only use the tunnel. */
export function nodePort({ exposure, gateway }: Parsed): number | undefined {
    return gateway.nodePort ?? (exposure === "direct" ? DEFAULT_NODE_PORT : undefined);
}

/** The tunnel in front of the gateway; undefined without one. */
export function exposureSettings(config: Parsed): ExposureSettings | undefined {
    if (config.exposure === "direct") return undefined;
    const { account, hostname, zone, browserChecks } = config;
    const { image } = config.tunnel!;
    return {
        account: account!,
        hostname: hostname!,
        zone: { name: zone!.name, manage: "existing" },
        plan: zone!.plan,
        connectors: {
            image: imageParts(image),
            replicas: CONNECTORS,
            graceSeconds: graceSeconds(longestAnswer(config)),
            ...metricsSettings(config.observability),
        },
        browserChecks,
        ...heldTimeout(config, zone!.plan),
    };
}

export function exposureWarnings(config: Parsed): string[] {
    if (config.exposure === "direct") return [];
    const { alpa, gateway, hostname, zone } = config;
    const warnings = [
        ...(alpa ? slowAnswers(alpa, edgeWaits(config)) : []),
        ...cutAnswers(longestAnswer(config)),
        ...deepNameWarnings([hostname!], zone!.name),
    ];
    if (gateway.nodePort !== undefined)
        warnings.push(
            `gateway.nodePort: ${gateway.nodePort} is open in addition to the tunnel, so callers can reach the gateway without TLS and without Cloudflare. Remove it when callers no longer use it.`,
        );
    return warnings;
}
