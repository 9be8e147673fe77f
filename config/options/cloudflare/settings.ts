import type { CloudflareAccessArgs } from "../../../components/cloudflare-args";
import type { TokenConsumer } from "../../../components/cloudflare/service-token";
import { zoneData, type ParsedCloudflare } from "./schema";
import { edgeWaits, heldTimeout, slowAnswers, deepNameWarnings } from "../../keys/edge";
import { CONNECTORS, cutAnswers, graceSeconds } from "../../keys/tunnel";
import { livingCallers } from "../../keys/consumers/credentials";
import { listed } from "../../keys/consumers/listed";
import type { CheckContext } from "../../cross-check";
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

export function cloudflareSettings(config: ParsedCloudflare, { today, folder }: CheckContext): CloudflareSettings {
    const { account, hostname, aliases, movedFrom, zone, alpa, openai, tunnel, ssh, rateLimit } = config;
    const { consumers, warnings, expires } = callers(config, today);
    const data = zoneData(config, folder);
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
            ...(tunnel.source !== undefined && { source: tunnel.source }),
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

function callers(config: ParsedCloudflare, today: Date) {
    const { callers, ...notes } = livingCallers(config.consumers, today);
    for (const { name, living } of callers)
        for (const { id } of living.filter(({ enabled }) => !enabled))
            notes.warnings.push(
                `consumers: ${name}/${id} is disabled, so callers cannot authenticate with it. Set enabled to true, or remove the credential.`,
            );
    const consumers = callers.map(({ name, living }): TokenConsumer => ({
        name,
        credentials: living.map(({ id, duration, enabled, secretVersion, previousSecretExpires }) => ({
            ...{ id, duration, enabled },
            ...(previousSecretExpires !== undefined && { secretVersion, previousSecretExpires }),
        })),
    }));
    return { consumers, ...notes };
}

function* answerWarnings(config: ParsedCloudflare): Iterable<string> {
    const { alpa, rateLimit, zone, edgeWorker } = config;
    if (alpa) yield* slowAnswers(alpa, edgeWaits(config));
    yield* cutAnswers(longestAnswer(config));
    if (edgeWorker.off !== undefined)
        yield `edgeWorker: off, so callers must name the model in each request (${edgeWorker.off}).`;
    if (rateLimit !== undefined && zone.plan === "free")
        yield `rateLimit: applies to ${config.openai ? "the paths below /v1" : "/completions and /logprobs"} of every host name in zone ${zone.name}, since rules of plan free can match only the path.`;
}

function longestAnswer(config: ParsedCloudflare): number {
    return config.openai?.longestAnswerSeconds ?? config.alpa?.answerTimeoutSeconds ?? edgeWaits(config);
}
