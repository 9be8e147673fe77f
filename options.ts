import type { ApiAccess } from "./config";
import type { Option, SettingsByOption } from "./config/options";
import type { IntraASettings } from "./config/options/intra-a/settings";
import type { InterSettings } from "./config/options/inter/settings";
import type { IntraBSettings } from "./config/options/intra-b/settings";
import { untilDisabled } from "./components/cloudflare/disabled-tokens";
import type { ClusterAccess } from "./components/kubernetes/kubeconfig";
import { owner } from "./components/kubernetes/ownership";
import { preflight } from "./preflight";
import { attemptOf, withoutRecord } from "./preflight/alpa/conversion";
import { cloudflarePreflight, exposurePreflight } from "./preflight/cloudflare";
import { hostsPreflight, NO_CLUSTER_YET, withoutCluster } from "./preflight/hosts";
import { callersPreflight, gatewayOf } from "./preflight/kubernetes/callers";
import { PreflightError } from "./preflight/preflight-error";
import { endedFiles } from "./preflight/kubernetes/tls";
import { callers } from "./stacks/callers";
import { cloudflare } from "./stacks/cloudflare";
import { inter } from "./stacks/inter";
import { intra } from "./stacks/intra";

/** A stack whose preflight checks found no problem. */
export interface CheckedStack {
    /** Warnings for the operator. */
    warnings: string[];
    /** Creates the resources. @returns the stack's outputs */
    create: () => Record<string, unknown>;
}

/** Returns the access to the Cloudflare API. Only options that use the API call this function. */
type CloudflareApi = () => ApiAccess;

/** Preflight checks and Pulumi stack of each option. */
export const OPTION_STACKS: {
    [O in Option]: (settings: SettingsByOption[O], api: CloudflareApi) => Promise<CheckedStack>;
} = {
    async "intra-a"(settings, api) {
        const { warnings, fallbackAccess } = await checkGateway(settings, api);
        return { warnings, create: () => intra({ ...settings, fallbackAccess }) };
    },
    async "intra-b"(settings, api) {
        const { warnings, fallbackAccess, cluster } = await checkGateway(settings, api);
        const attempt = cluster && (await attemptOf({ ...settings, cluster }));
        const conversion = { ...settings.conversion, ...attempt };
        return { warnings, create: () => intra({ ...settings, conversion, fallbackAccess }) };
    },
    async inter(settings, api) {
        const { warnings, fallbackAccess } = await checkGateway(settings, api);
        return { warnings, create: () => inter({ ...settings, fallbackAccess }) };
    },
    async cloudflare(settings, api) {
        return {
            warnings: await cloudflarePreflight(settings, owner(), api()),
            create: () => cloudflare(settings, (tokens) => untilDisabled(tokens, api())),
        };
    },
    async callers(settings) {
        const args = { ...settings, gateway: await gatewayOf(settings.of) };
        return { warnings: await callersPreflight(args, owner()), create: () => callers(args) };
    },
};

type GatewayOptionSettings = IntraASettings | IntraBSettings | InterSettings;

interface CheckedGateway {
    warnings: string[];
    /** The checked cluster. Unset if the stack has not created the cluster yet. */
    cluster?: ClusterAccess;
    /** Kubeconfig to use while the first node is down. */
    fallbackAccess?: ClusterAccess;
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
    const { nodes, cluster } = settings;
    if (nodes === undefined) return { warnings: await preflight(settings, owner()), cluster };
    const reached = await hostsPreflight(nodes, owner());
    if (reached === undefined) {
        const problems = [...withoutRecord(settings), ...endedFiles(settings.tls)];
        if (problems.length > 0) throw new PreflightError("the cluster", problems);
        return { warnings: [NO_CLUSTER_YET, ...withoutCluster(settings, nodes.storage)] };
    }
    const { access, isFallback, warnings } = reached;
    const found = await preflight({ ...settings, cluster: access }, owner());
    return {
        warnings: [...warnings, ...found],
        cluster: access,
        ...(isFallback && { fallbackAccess: access }),
    };
}
