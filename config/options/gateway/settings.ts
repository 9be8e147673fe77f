import { secret } from "@pulumi/pulumi/output";
import { LEAST_NODES, type Availability } from "../../../components/apisix/availability";
import type { OwnGateway } from "../../../components/apisix/installation";
import type { AzureSide } from "../../../components/cloudflare/azure-side";
import type { BroughtKey, ConsumerSettings, Credential } from "../../../components/consumers/consumer";
import { keyDigest } from "../../../components/consumers/key-digest";
import { callerLimits, COUNTED_APART, hasLimits } from "../../../components/consumers/limits";
import { DEFAULT_CHART, OLDEST_APISIX } from "../../../components/apisix/version";
import type { ServerSettings } from "../../../components/server";
import { classSettings } from "../../keys/classes";
import { clusterSettings, type ClusterSettings } from "../../keys/cluster";
import { livingCallers } from "../../keys/consumers/credentials";
import { listed } from "../../keys/consumers/listed";
import { azureOutputs, azureUrl, azureWarnings, gatewayTls, releaseTls } from "../../keys/azure";
import { observabilitySettings, observabilityWarnings } from "../../keys/observability";
import { answerSeconds, exposureSettings, exposureWarnings, nodePort } from "../../keys/exposure";
import { guardSettings } from "../../keys/guard";
import { imageParts } from "../../values";
import { type ParsedGatewayOption as Parsed, readiness } from "../../keys/gateway-option";
import type { CommonSettings } from "../option";

/** Settings of every option with a gateway, in addition to the arguments of its component. */
export interface SharedSettings extends CommonSettings, ClusterSettings {
    azure?: AzureSide;
}

/**
 * Longest wait for the counter server, in milliseconds, which each request waits while it hangs: the default of APISIX. A
 * completion takes longer anyway.
 */
const COUNTERS_MILLISECONDS = 1000;

export function sharedSettings(config: Parsed, today: Date) {
    const { cluster, movedFrom, namespace, waitSeconds, gateway, pathPrefix, maxOverlapDays } = config;
    const { sharedCounters, closed } = gateway;
    const { consumers, warnings, expires } = callers(config, today);
    const classes = classSettings(config);
    return {
        warnings: [
            ...warnings,
            ...exposureWarnings(config),
            ...azureWarnings(config, today),
            ...observabilityWarnings(config.observability),
            ...(closed ? [`gateway.closed: every caller gets 503 (${closed}).`] : []),
        ],
        expires,
        namespace,
        movedFrom,
        callers: listed(config.consumers),
        maxOverlapDays,
        ...clusterSettings(cluster, config.ssh),
        pathPrefix,
        exposure: exposureSettings(config),
        tls: gatewayTls(config),
        azure: azureOutputs(config),
        sharedCounters: sharedCounters && {
            ...sharedCounters,
            image: imageParts(sharedCounters.image),
            timeoutMilliseconds: COUNTERS_MILLISECONDS,
        },
        readiness: readiness(waitSeconds),
        ...(closed && { closed: true }),
        consumers,
        ...(classes && { classes }),
    };
}

/**
 * The server behind the gateway.
 * @param failover whether to skip services that do not answer
 */
export function serverSettings(config: Parsed, failover = false): ServerSettings {
    const { alpa, openai, guard, consumers } = config;
    const shared = {
        endpoints: (openai ?? alpa!).endpoints.map((address) => ({ address, weight: 1 })),
        answerTimeoutSeconds: answerSeconds(config),
        ...(failover && { failover }),
    };
    if (openai === undefined) return { kind: "alpa", ...shared, guard: guardSettings(guard, alpa!.defaultModel) };
    const { paths, models, maxBodyBytes, serverKey } = openai;
    const own = consumers.flatMap(({ name, models: some }) => (some === undefined ? [] : [[name, some] as const]));
    return {
        ...{ kind: "openai", ...shared, paths, models, maxBodyBytes },
        callerModels: Object.fromEntries(own),
        ...(serverKey !== undefined && { serverKey: secret(serverKey) }),
    };
}

function callers(config: Parsed, today: Date) {
    const { callers, warnings, expires } = livingCallers(config.consumers, today);
    const consumers = callers.map(({ name, limits, credentials, living, class: named }): ConsumerSettings => {
        const all = callerLimits(config.limits, limits);
        const { concurrent: _, ...others } = all;
        const brought = credentials.flatMap(broughtKey);
        return {
            name,
            // The slots of a class replace the stack's limit on open requests.
            limits: config.classes?.[named ?? ""] === undefined ? all : others,
            credentials: living.map(credentialOf),
            ...(brought.length > 0 && { brought }),
        };
    });
    if (config.gateway.installer === "existing") warnings.push(...existingWarnings(consumers));
    if (config.alpa && config.guard.off) {
        warnings.push(`guard: off, so any caller can stop Alpa with one request (${config.guard.off}).`);
        if (classSettings(config) !== undefined) warnings.push(UNCOUNTED_PROMPTS);
    }
    return { consumers, warnings, expires };
}

/** Warning about tokens at a gateway with an unknown version. */
export const FORGEABLE = `consumers: APISIX before ${OLDEST_APISIX} accepts tokens that are forged with a caller's public key, and the version of the existing gateway is not known. Check it: npm run ops -- check smoke`;

function* existingWarnings(consumers: ConsumerSettings[]): Iterable<string> {
    if (hasLimits(consumers)) yield COUNTED_APART;
    if (consumers.some(({ credentials }) => credentials.some((one) => "publicKey" in one))) yield FORGEABLE;
}

/** Warning for classes with slots while the guard is off. */
const UNCOUNTED_PROMPTS =
    "classes: guard.off is set, so a request may have any number of prompts. Slots count each request as guard.maxPrompts prompts. Remove guard.off.";

type Entry = Parsed["consumers"][number]["credentials"][number];

function broughtKey({ id, readmit, ...keys }: Entry): BroughtKey[] {
    const digest = keyDigest(keys);
    return digest === undefined ? [] : [{ id, digest: secret(digest), readmit }];
}

function credentialOf({ id, method, algorithm, publicKey, key }: Entry): Credential {
    if (method === "key") return { id, method, key: key === undefined ? undefined : secret(key) };
    if (algorithm === "HS256") return { id, method, algorithm };
    return { id, method, algorithm: algorithm!, publicKey: publicKey! };
}

/**
 * The gateway that the stack installs.
 * @param host host of the URL for callers, if neither the tunnel nor Azure nor TLS names a host
 * @param availability undefined for a gateway that need not survive the loss of its node
 */
export function installedGateway<A extends Availability | undefined>(
    config: Parsed,
    host: string | undefined,
    availability: A,
): OwnGateway & { release: { availability: A } } {
    const { gateway, rampart, observability } = config;
    const { installer, chartRepository, image, etcdImage, storageClass, replicas, crds } = gateway;
    const release = {
        // The values are rendered for this version of the chart.
        chart: { repository: chartRepository, version: DEFAULT_CHART },
        image: imageParts(image),
        etcdImage,
        storageClass,
        replicas: availability ? Math.max(replicas, LEAST_NODES) : replicas,
        nodePort: nodePort(config),
        tls: releaseTls(config),
        ...(config.openai?.serverKey !== undefined && { serverKey: secret(`Bearer ${config.openai.serverKey}`) }),
        ...observabilitySettings(observability, config.openai !== undefined),
        availability,
    };
    const url = publicUrl(config) ?? azureUrl(config) ?? `http://${host}:${release.nodePort}`;
    if (installer === "helm") return { installer, release, crds, url };
    // A cluster that the stack creates is empty, so the stack also creates the namespace.
    const ownNamespace = config.cluster.nodes && { ownNamespace: true };
    const install = rampart?.install && { ...rampart.install, ...ownNamespace };
    return { installer: "rampart", release, install, retry: rampart?.retry ?? 0, url };
}

/** URL of the tunnel's host name; undefined without a tunnel. */
export function publicUrl({ exposure, hostname }: Parsed): string | undefined {
    return exposure === "tunnel" ? `https://${hostname}` : undefined;
}
