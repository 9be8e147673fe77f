import * as pulumi from "@pulumi/pulumi";
import type { ApiAccess, Settings } from "./config";
import type { Option, SettingsByOption } from "./config/options";
import type { InterSettings } from "./config/options/inter";
import type { IntraASettings, IntraBSettings } from "./config/options/intra";
import { untilDisabled } from "./components/cloudflare/disabled-tokens";
import { ConversionRecord } from "./components/opt/conversion-record";
import type { ConversionStep } from "./components/opt/conversion-record-provider";
import { StackIdentity } from "./components/records/records";
import type { Identity } from "./components/records/record-rules";
import type { ClusterAccess } from "./components/kubernetes/kubeconfig";
import { owner } from "./components/kubernetes/ownership";
import { preflight } from "./preflight";
import { cloudflarePreflight, exposurePreflight } from "./preflight/cloudflare";
import { hostsPreflight, NO_CLUSTER_YET } from "./preflight/hosts";
import { configuredIdentities } from "./config/identities";
import { identifiedCluster } from "./preflight/kubernetes/identified-cluster";
import { PreflightError, warningsOf } from "./preflight/findings";
import { endedCertificate } from "./preflight/kubernetes/tls";
import { cloudflare } from "./stacks/cloudflare";
import { programDigest } from "./stacks/program";
import { inter } from "./stacks/inter";
import { intra } from "./stacks/intra";

/** A stack whose preflight checks found no problem. */
export interface CheckedStack {
    /** Warnings for the operator. */
    warnings: string[];
    /** Creates the resources. @returns the stack's outputs */
    create: () => Promise<Record<string, unknown>>;
}

/** Returns the access to the Cloudflare API. Only options that use the API call this function. */
type CloudflareApi = () => ApiAccess;

const program = programDigest();

/** Preflight checks and Pulumi stack of each option. */
export const OPTION_STACKS: {
    [O in Option]: (settings: SettingsByOption[O], api: CloudflareApi) => Promise<CheckedStack>;
} = {
    async "intra-a"(settings, api) {
        const { warnings, bound, ...reached } = await checkGateway(settings, api);
        return { warnings, create: () => bound((identity) => intra({ ...settings, ...reached, identity, program })) };
    },
    async "intra-b"(settings, api) {
        const { warnings, bound, ...reached } = await checkGateway(settings, api);
        return { warnings, create: () => bound((identity) => intra({ ...settings, ...reached, identity, program })) };
    },
    async inter(settings, api) {
        const { warnings, bound, ...reached } = await checkGateway(settings, api);
        return { warnings, create: () => bound((identity) => inter({ ...settings, ...reached, identity, program })) };
    },
    async cloudflare(settings, api) {
        const bound = await bind(settings);
        return {
            warnings: await cloudflarePreflight(settings, owner(), api()),
            create: () => bound(() => cloudflare({ ...settings, program }, (tokens) => untilDisabled(tokens, api()))),
        };
    },
};

/** Creates resources of a stack that is bound to identities. @returns the outputs of the stack, with the identities */
type Bound = (create: (identity: StackIdentity) => Record<string, unknown>) => Promise<Record<string, unknown>>;

/**
 * Compares identities, and the step of a conversion, with the recorded ones. A preview does so before all other checks. An update, which a preview usually
 * precedes, does so after them, because it also records them: if a check rejects the first update, nothing is written.
 */
async function bind(
    settings: Settings & { step?: ConversionStep },
    cluster?: Identity,
    machines: Record<string, string | undefined> = {},
): Promise<Bound> {
    const identities = { ...configuredIdentities(settings, machines), ...(cluster && { cluster }) };
    const register = async () => {
        const moved = Object.keys(settings.movedFrom);
        const identity = new StackIdentity("identity", { identities, moved });
        const problems = await identity.registered();
        if (problems.length === 0 && settings.step !== undefined)
            problems.push(...(await new ConversionRecord("conversion", settings.step).registered()));
        if (problems.length > 0) throw new PreflightError("the stack", problems);
        return identity;
    };
    const compared = pulumi.runtime.isDryRun() ? await register() : undefined;
    return async (create) => {
        const identity = compared ?? (await register());
        return { ...create(identity), identity: identity.identities };
    };
}

/** What a cluster must not have yet, if the stack may move to it. */
function targetOf({ namespace, movedFrom }: GatewayOptionSettings) {
    return Object.keys(movedFrom).length === 0 ? undefined : { namespace, owner: owner() };
}

type GatewayOptionSettings = IntraASettings | IntraBSettings | InterSettings;

interface CheckedGateway {
    warnings: string[];
    /** The checked cluster. It has no UID if the stack has not created the cluster yet. */
    cluster: ClusterAccess;
    /** Kubeconfig to use while the first node is down. */
    fallbackAccess?: ClusterAccess;
    bound: Bound;
}

/** Checks the cluster and the exposure of the gateway. */
async function checkGateway(settings: GatewayOptionSettings, api: CloudflareApi): Promise<CheckedGateway> {
    const checked = await checkCluster(settings);
    if (settings.exposure === undefined) return checked;
    const warnings = await exposurePreflight(settings.exposure, owner(), api());
    return { ...checked, warnings: [...checked.warnings, ...warnings] };
}

/** Checks the cluster. If the stack creates it, checks its hosts first, since the cluster may not exist yet. */
async function checkCluster(settings: GatewayOptionSettings): Promise<CheckedGateway> {
    const { nodes } = settings;
    const hosts = nodes && (await hostsPreflight(nodes, owner()));
    if (nodes !== undefined && hosts?.access === undefined) {
        const warnings = [NO_CLUSTER_YET, ...warningsOf("the cluster", await endedCertificate(settings))];
        return { warnings, cluster: settings.cluster, bound: await bind(settings, undefined, hosts?.machines) };
    }
    const { identity, ...cluster } = await identifiedCluster(hosts?.access ?? settings.cluster, targetOf(settings));
    const bound = await bind(settings, identity, hosts?.machines);
    const found = await preflight({ ...settings, cluster }, owner());
    return {
        warnings: [...(hosts?.warnings ?? []), ...found],
        cluster,
        bound,
        ...(hosts?.isFallback && { fallbackAccess: cluster }),
    };
}
