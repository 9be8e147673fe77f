import * as z from "zod";
import type { ExposureSettings } from "../../components/cloudflare/exposure";
import { at, unwanted, type Problems, type Sound } from "../cross-check";
import { DEFAULT_ANSWER_SECONDS } from "./alpa";
import { edgeKeys, edgeChecks, answerKeys, edgeWaits, heldTimeout, slowAnswers, deepNameWarnings } from "./edge";
import type { ParsedGatewayOption as Parsed } from "./gateway-option";
import { image, imageParts, DEFAULT_NODE_PORT } from "../values";
import { metricsSettings } from "./observability";
import { CONNECTORS, cutAnswers, graceSeconds } from "./tunnel";
import { isGiven, isMapping, type Raw } from "../unchecked";

const { account, hostname, zone, browserChecks, proxyTimeoutSeconds } = edgeKeys;

const zoneInPlace = zone.pick({ name: true, plan: true }).describe("The DNS zone at Cloudflare. It must exist.");

const tunnel = z
    .strictObject({
        image: image.meta({
            description: "Image of `cloudflared`: the one that its project publishes, or a mirror of it.",
            examples: ["cloudflare/cloudflared:2026.8.2"],
        }),
    })
    .meta({
        description: "The connectors (`cloudflared`) that forward requests from Cloudflare to the gateway, as pods.",
        mayBeSecret: true,
    });

const NEEDED = { unset: "not set; required with exposure `tunnel`" };

/** Top-level keys of exposure tunnel. They are optional in the schema. A check rejects them with exposure direct. */
export const exposureKeys = {
    account: account.optional().meta(NEEDED),
    hostname: hostname.optional().meta(NEEDED),
    zone: zoneInPlace.optional().meta(NEEDED),
    tunnel: tunnel.optional().meta(NEEDED),
    browserChecks,
    proxyTimeoutSeconds,
};

/** The keys that exposure: tunnel requires. */
export const requiredExposureKeys = { account, hostname, zone: zoneInPlace, tunnel };

const URL_IN_PLACE = ["gateway", "existing", "url"];
const SERVICE_IN_PLACE = ["gateway", "existing", "service"];
/** Keys that are valid only with exposure direct. With a tunnel, Cloudflare manages the name and the certificate. */
const DIRECT_KEYS = ["azure", "tls"];
const TUNNEL_KEYS = [
    ...Object.keys(exposureKeys),
    ...Object.keys(answerKeys).map((key) => `alpa.${key}`),
    "gateway.existing.service",
];

/** Checks that every key is valid with the configured exposure, and that the values fit together. */
export function* exposureChecks(config: Sound<Parsed>, given: Raw): Problems {
    const named = (path: string[]) => isGiven(given, ...path);
    const inPlace = config.gateway?.installer === "existing" && named(["gateway", "existing"]);
    if (given.exposure !== "tunnel") {
        const exposure = String(given.exposure ?? "direct");
        yield* unwanted(given, TUNNEL_KEYS, `only valid with exposure tunnel (got exposure ${exposure}). Remove it.`);
        if (config.exposure === "direct" && inPlace && !named(URL_IN_PLACE))
            yield at`${URL_IN_PLACE}: required with exposure direct. Name the address callers use.`;
        return;
    }
    const ofCloudflare = "got exposure tunnel, where Cloudflare has the host names and TLS";
    yield* unwanted(given, DIRECT_KEYS, `only valid with exposure direct (${ofCloudflare}). Remove it.`);
    const addresses = ["gateway.address", "gateway.existing.url"];
    yield* unwanted(given, addresses, "only valid with exposure direct (callers use https://<hostname>). Remove it.");
    if (inPlace && !named(SERVICE_IN_PLACE))
        yield at`${SERVICE_IN_PLACE}: required with exposure tunnel. Name the Service of APISIX's data port, and its namespace.`;
    yield* edgeChecks(config);
}

/** Removes the keys of the other exposure, so that only {@link exposureChecks} reports them and not the schema. */
export function ofTheExposure(values: Raw): Raw {
    const foreign = values.exposure === "tunnel" ? DIRECT_KEYS : TUNNEL_KEYS;
    return foreign.map((key) => key.split(".")).reduce(without, values);
}

function without(values: Raw, [key, ...path]: string[]): Raw {
    const { [key]: value, ...others } = values;
    if (path.length === 0) return others;
    return isMapping(value) ? { ...others, [key]: without(value, path) } : values;
}

/**
 * Seconds by which the gateway times out before the edge, so that callers get the gateway's error in Alpa's format instead
 * of an HTML page.
 */
const BEFORE_THE_EDGE_SECONDS = 5;

/** Longest time that a stopping pod or connector waits for an answer, in seconds. */
export const longestAnswer = (config: Parsed) => config.openai?.longestAnswerSeconds ?? answerSeconds(config);

/** Longest wait for an answer of the server, or for its next byte, in seconds. */
export function answerSeconds(config: Parsed): number {
    const { exposure, alpa, openai } = config;
    const limit = exposure === "direct" ? DEFAULT_ANSWER_SECONDS : edgeWaits(config) - BEFORE_THE_EDGE_SECONDS;
    return alpa?.answerTimeoutSeconds ?? openai?.silenceSeconds ?? Math.max(1, limit);
}

/** Node port of the gateway; undefined if callers only use the tunnel. */
export function nodePort({ exposure, gateway }: Parsed): number | undefined {
    return gateway.nodePort ?? (exposure === "direct" ? DEFAULT_NODE_PORT : undefined);
}

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

export function* exposureWarnings(config: Parsed): Iterable<string> {
    if (config.exposure === "direct") return;
    const { alpa, gateway, hostname, zone } = config;
    if (alpa) yield* slowAnswers(alpa, edgeWaits(config));
    yield* cutAnswers(longestAnswer(config));
    yield* deepNameWarnings([hostname!], zone!.name);
    if (gateway.nodePort !== undefined)
        yield `gateway.nodePort: ${gateway.nodePort} is open in addition to the tunnel, so callers can reach the gateway without TLS and without Cloudflare. Remove it when callers no longer use it.`;
}
