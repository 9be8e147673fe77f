import * as pulumi from "@pulumi/pulumi";
import type { GatewayClusterArgs, GatewaySettings } from "../../../components/gateway-cluster";
import type { BroughtKey, ConsumerSettings, Credential } from "../../../components/consumers/consumers";
import { digestOf } from "../../keys/consumers/digest";
import { clusterSettings, type ClusterSettings } from "../../keys/cluster/settings";
import type { AzureSide } from "../../../components/cloudflare/azure-side";
import type { RampartInstall } from "../../../components/rampart/rampart";
import { callerLimits } from "../../../components/consumers/limits";
import { inPlaceWarnings } from "../../../components/consumers/shared-gateway";
import { keyDigest } from "../../../components/consumers/key-digest";
import { daysUntil, dayText, expiryWarning } from "../../keys/consumers/credentials";
import { azureOutputs, azureUrl, azureWarnings, gatewayTls, releaseTls } from "../../keys/exposure/azure-settings";
import { answerSeconds, exposureSettings, exposureWarnings, nodePort } from "../../keys/exposure/settings";
import type { ParsedGateway, ParsedIntra as Parsed } from "./schema";

/** Option intra-a: the gateway runs on the nodes that already run the bare-metal Ray cluster. */
export interface IntraASettings extends GatewayClusterArgs, ClusterSettings {
    option: "intra-a";
    /** What an operator should know before going on; shown as warnings, never a reason to stop. */
    warnings: string[];
    /** Day from which a credential is left out, by `<consumer>/<credential>`. */
    expires: Record<string, string>;
    /** What the Azure side must hold. Unset: nothing is said of it. */
    azure?: AzureSide;
    /** Who takes the last step of a conversion's way back. Unset: nobody does. */
    holder?: string;
    /** Tells its list of callers from another: the record of a conversion has it. Unset: none is thought of. */
    callers?: string;
}

/** Checked values in the shape the components take. */
export function intraSettings(config: Parsed, today: Date): IntraASettings {
    const endpoints = config.alpa.endpoints.map((address) => ({ address, weight: 1 }));
    return {
        option: "intra-a",
        ...sharedSettings(config, today),
        alpa: { endpoints, answerTimeoutSeconds: answerSeconds(config) },
        gateway: gatewaySettings(config),
        ...(config.convert?.holder && { holder: config.convert.holder.name }),
        ...(config.convert && { callers: digestOf(config) }),
    };
}

/** What is the same for every option with a gateway. */
export function sharedSettings(config: ParsedGateway, today: Date) {
    const { alpa, cluster, guard, namespace, readiness, gateway, pathPrefix } = config;
    const { consumers, warnings, expires } = callers(config, today);
    return {
        warnings: [...warnings, ...exposureWarnings(config), ...azureWarnings(config, answerSeconds(config), today)],
        expires,
        namespace,
        ...clusterSettings(cluster),
        guard: { ...guard, defaultModel: alpa.defaultModel },
        pathPrefix,
        exposure: exposureSettings(config),
        tls: gatewayTls(config),
        azure: azureOutputs(config, nodePort(config), answerSeconds(config)),
        sharedCounters: gateway.sharedCounters,
        readiness,
        consumers,
    };
}

/** What an option with a gateway says of its callers. */
type Callers = Pick<IntraASettings, "consumers" | "warnings" | "expires">;

/** The callers, with what an operator should know of them and of what guards Alpa from them. */
function callers(config: ParsedGateway, today: Date): Callers {
    const { consumers, warnings, expires } = livingCallers(config, today);
    if (config.gateway.installer === "existing") warnings.push(...inPlaceWarnings(consumers));
    if (config.guard.disabledBecause !== undefined)
        warnings.push(`guard: off, so any caller can stop Alpa with one request (${config.guard.disabledBecause}).`);
    return { consumers, warnings, expires };
}

/** The callers without what has expired, with what an operator should know of the rest. */
export function livingCallers(config: Pick<Parsed, "consumers" | "limits">, today: Date): Callers {
    const warnings: string[] = [];
    const expires: Record<string, string> = {};
    const consumers = config.consumers.map(({ name, limits, credentials }): ConsumerSettings => {
        const living = credentials.filter((credential) => {
            if (credential.expires === undefined) return true;
            const who = `${name}/${credential.id}`;
            const day = dayText(credential.expires);
            expires[who] = day;
            const warning = expiryWarning(who, day, today);
            if (warning !== undefined) warnings.push(warning);
            return daysUntil(day, today) > 0;
        });
        if (living.length === 0) warnings.push(`consumers: ${name} has no credentials, so it cannot get in. Add one.`);
        const brought = credentials.flatMap(broughtKey);
        return {
            name,
            limits: callerLimits(config.limits, limits),
            credentials: living.map(credentialOf),
            ...(brought.length > 0 && { brought }),
        };
    });
    if (consumers.length === 0)
        warnings.push("consumers: empty, so nobody can get in but callers of other stacks. Add a consumer.");
    return { consumers, warnings, expires };
}

function broughtKey({ id, readmit, ...keys }: ParsedGateway["consumers"][number]["credentials"][number]): BroughtKey[] {
    const digest = keyDigest(keys);
    return digest === undefined ? [] : [{ id, digest: pulumi.secret(digest), readmit }];
}

function credentialOf({
    id,
    method,
    algorithm,
    publicKey,
    key,
}: ParsedGateway["consumers"][number]["credentials"][number]): Credential {
    if (method === "key") return { id, method, key: key === undefined ? undefined : pulumi.secret(key) };
    if (algorithm === "HS256") return { id, method, algorithm };
    return { id, method, algorithm: algorithm!, publicKey: publicKey! };
}

function gatewaySettings(config: Parsed): GatewaySettings {
    const { alpa, gateway, rampart } = config;
    const { installer, existing, address, crds, sharedCounters: _, ...chosen } = gateway;
    const host = address ?? alpa.endpoints[0].split(":")[0];
    const release = { ...chosen, nodePort: nodePort(config), tls: releaseTls(config) };
    if (installer === "existing") {
        const { service, url, ...binding } = existing!;
        return { installer, ...binding, url: publicUrl(config) ?? url!.replace(/\/$/, ""), ...originOf(service) };
    }
    const url = publicUrl(config) ?? azureUrl(config) ?? `http://${host}:${release.nodePort}`;
    if (installer === "helm") return { installer, release, crds, url };
    return { installer, release, install: rampartInstall(config), retry: rampart?.retry ?? 0, url };
}

/** Rampart's own installation. A cluster that the stack makes is empty: nobody can have made the namespace before. */
export function rampartInstall({ rampart, cluster }: Pick<Parsed, "rampart" | "cluster">): RampartInstall | undefined {
    const install = rampart?.install;
    return install && { ...install, ...(cluster.nodes === undefined ? {} : { ownNamespace: true }) };
}

/** Address of the tunnel's name; undefined without a tunnel. */
export function publicUrl({ exposure, hostname }: ParsedGateway): string | undefined {
    return exposure === "cloudflare" ? `https://${hostname}` : undefined;
}

function originOf(service: NonNullable<Parsed["gateway"]["existing"]>["service"]) {
    if (service === undefined) return {};
    const { name, port, namespace, podPort } = service;
    return { origin: { service: { name, port }, namespace, podPort } };
}
