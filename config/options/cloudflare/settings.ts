import type { CloudflareAccessArgs } from "../../../components/cloudflare-args";
import type { TokenConsumer } from "../../../components/cloudflare/service-token";
import type { ParsedCloudflare } from "./schema";
import { edgeWaits, heldTimeout, slowAnswers, deepNameWarnings } from "../../keys/edge";
import { CONNECTORS, cutAnswers, graceSeconds } from "../../keys/tunnel";
import { dayText, livingCredentials } from "../../keys/consumers/credentials";
import { listed } from "../../keys/consumers/listed";
import type { ZoneData } from "../../keys/dns/records";
import type { CommonSettings } from "../option";
import { sshHostOf } from "../../keys/hosts/ssh-host";

/** Option cloudflare: Access at the edge, a tunnel to the Ray head node, and no gateway. */
export interface CloudflareSettings extends CommonSettings, CloudflareAccessArgs {
    option: "cloudflare";
    /** Longest wait for an answer of the server, or for its next byte, in seconds. */
    answerTimeoutSeconds: number;
    /** The zone's other records. Unset if the stack does not manage them. */
    dns?: CloudflareAccessArgs["dns"] & {
        /** Old name servers of the zone, in the form `host` or `host:port`. */
        oldServers: string[];
        /** Cloudflare's name servers of the zone; empty to look them up in DNS. */
        newServers: string[];
        /** Name servers of the parent zone; empty to look them up in DNS. */
        parentServers: string[];
    };
}

/**
 * Converts checked values into settings of the components.
 * @param data the records file of the zone, if the config names one
 */
export function cloudflareSettings(config: ParsedCloudflare, data: ZoneData, today: Date): CloudflareSettings {
    const { account, hostname, aliases, movedFrom, zone, alpa, openai, tunnel, ssh, rateLimit } = config;
    const { consumers, warnings, expires } = callers(config, today);
    return {
        option: "cloudflare",
        warnings: [
            ...warnings,
            ...answerWarnings(config),
            ...deepNameWarnings([hostname, ...aliases], zone.name),
            ...data.warnings,
        ],
        expires,
        movedFrom,
        callers: listed(config.consumers),
        maxOverlapDays: config.maxOverlapDays,
        answerTimeoutSeconds: alpa?.answerTimeoutSeconds ?? openai?.silenceSeconds ?? edgeWaits(config),
        account,
        hostnames: [hostname, ...aliases],
        zone: { name: zone.name, manage: zone.manage },
        plan: zone.plan,
        ...(config.dns === undefined ? {} : { dns: { ...config.dns, records: data.records } }),
        endpoint: (openai ?? alpa!).endpoints[0],
        pathPrefix: config.pathPrefix,
        connectors: {
            hosts: tunnel.hosts.map(({ metricsPort, ...host }) => ({ ...sshHostOf(host, ssh), metricsPort })),
            version: tunnel.version,
            sha256: tunnel.sha256,
            ...(tunnel.source === undefined ? {} : { source: tunnel.source }),
            instances: CONNECTORS,
            graceSeconds: graceSeconds(longestAnswer(config)),
        },
        teamName: config.teamName,
        ...(rateLimit === undefined ? {} : { rateLimit }),
        browserChecks: config.browserChecks,
        ...(openai && { openaiPaths: openai.paths }),
        ...(alpa && config.edgeWorker.off === undefined ? { defaultModel: alpa.defaultModel } : {}),
        ...heldTimeout(config, zone.plan),
        notify: config.notify,
        consumers,
    };
}

/** Removes expired credentials from the callers, and collects warnings about credentials. */
function callers(config: ParsedCloudflare, today: Date) {
    const warnings: string[] = [];
    const expires: Record<string, string> = {};
    const consumers = config.consumers.map(({ name, credentials }): TokenConsumer => {
        const living = livingCredentials(name, credentials, today, { warnings, expires });
        if (living.length === 0)
            warnings.push(`consumers: ${name} has no credentials, so it cannot authenticate. Add one.`);
        for (const { id } of living.filter(({ enabled }) => !enabled))
            warnings.push(
                `consumers: ${name}/${id} is disabled, so callers cannot authenticate with it. Set enabled to true, or remove the credential.`,
            );
        return {
            name,
            credentials: living.map(({ id, duration, enabled, secretVersion, previousSecretExpires: until }) => ({
                id,
                duration,
                enabled,
                ...(until === undefined ? {} : { secretVersion, previousSecretExpires: dayText(until) }),
            })),
        };
    });
    if (consumers.length === 0) warnings.push("consumers: empty, so no request is admitted. Add a consumer.");
    return { consumers, warnings, expires };
}

function answerWarnings(config: ParsedCloudflare): string[] {
    const { alpa, rateLimit, zone, edgeWorker } = config;
    const warnings = [...(alpa ? slowAnswers(alpa, edgeWaits(config)) : []), ...cutAnswers(longestAnswer(config))];
    if (edgeWorker.off !== undefined)
        warnings.push(`edgeWorker: off, so callers must name the model in each request (${edgeWorker.off}).`);
    if (rateLimit !== undefined && zone.plan === "free")
        warnings.push(
            `rateLimit: applies to ${config.openai ? "the paths below /v1" : "/completions and /logprobs"} of every host name in zone ${zone.name}, since rules of plan free can match only the path.`,
        );
    return warnings;
}

function longestAnswer(config: ParsedCloudflare): number {
    return config.openai?.longestAnswerSeconds ?? config.alpa?.answerTimeoutSeconds ?? edgeWaits(config);
}
