import * as pulumi from "@pulumi/pulumi";
import {
    cloudflareApi,
    readSettings,
    type CallersSettings,
    type InterSettings,
    type IntraASettings,
    type IntraBSettings,
    type Settings,
} from "./config";
import type { ClusterAccess } from "./components/kubernetes/kubeconfig";
import type { SharedGateway } from "./components/consumers/shared-gateway";
import { owner } from "./components/kubernetes/ownership";
import { attemptOf, withoutRecord, type Attempt } from "./preflight/alpa/conversion";
import { callersPreflight, gatewayOf } from "./preflight/kubernetes/callers";
import { cloudflarePreflight, exposurePreflight } from "./preflight/cloudflare";
import { hostsPreflight, NO_CLUSTER_YET, withoutCluster } from "./preflight/hosts";
import { preflight } from "./preflight";
import { PreflightError } from "./preflight/kubernetes/check-cluster";
import { endedFiles } from "./preflight/kubernetes/tls";
import { callers } from "./stacks/callers";
import { cloudflare } from "./stacks/cloudflare";
import { inter } from "./stacks/inter";
import { intra } from "./stacks/intra";

/** Settings with what another stack says, where they need it. */
type Complete = Exclude<Settings, CallersSettings> | (CallersSettings & { gateway: SharedGateway });

async function complete(settings: Settings): Promise<Complete> {
    return settings.option === "callers" ? { ...settings, gateway: await gatewayOf(settings.of) } : settings;
}

/** What the look before a run has found. */
interface Found {
    /** What an operator should know before going on. */
    warnings: string[];
    /** The way into a cluster whose first node is away. */
    detour?: ClusterAccess;
    /** Of a conversion. */
    run?: Attempt;
}

/** Looks before anything is changed. */
async function look(settings: Complete): Promise<Found> {
    switch (settings.option) {
        case "intra-a":
        case "intra-b":
        case "inter": {
            const found = await lookAtCluster(settings);
            if (settings.exposure === undefined) return found;
            const more = await exposurePreflight(settings.exposure, owner(), cloudflareApi());
            return { ...found, warnings: [...found.warnings, ...more] };
        }
        case "cloudflare":
            return { warnings: await cloudflarePreflight(settings, owner(), cloudflareApi()) };
        case "callers":
            return { warnings: await callersPreflight(settings, owner()) };
    }
}

/** The hosts first, where the stack makes a cluster of them: there may be none yet. */
async function lookAtCluster(settings: IntraASettings | IntraBSettings | InterSettings): Promise<Found> {
    const { nodes } = settings;
    if (nodes === undefined) return { warnings: await preflight(settings, owner()), run: await attempt(settings) };
    const reached = await hostsPreflight(nodes, owner());
    if (reached === undefined) {
        const problems = [...withoutRecord(settings), ...endedFiles(settings.tls)];
        if (problems.length > 0) throw new PreflightError(problems);
        return { warnings: [NO_CLUSTER_YET, ...withoutCluster(settings, nodes.storage)] };
    }
    const { access, detour, warnings } = reached;
    const more = await preflight({ ...settings, cluster: access }, owner());
    const again = await attempt({ ...settings, cluster: access });
    return { warnings: [...warnings, ...more], run: again, ...(detour ? { detour: access } : {}) };
}

async function attempt(settings: IntraASettings | IntraBSettings | InterSettings): Promise<Attempt | undefined> {
    return settings.option === "intra-b" ? attemptOf(settings) : undefined;
}

function run(settings: Complete, { detour, run: again }: Found): Record<string, unknown> {
    switch (settings.option) {
        case "intra-a":
            return intra({ ...settings, detour });
        case "intra-b":
            return intra({ ...settings, conversion: { ...settings.conversion, ...again }, detour });
        case "inter":
            return inter({ ...settings, detour });
        case "cloudflare":
            return cloudflare(settings);
        case "callers":
            return callers(settings);
    }
}

export = async () => {
    const read = readSettings(pulumi.getProject());
    for (const warning of read.warnings) pulumi.log.warn(warning);
    const settings = await complete(read);
    const found = await look(settings);
    for (const warning of found.warnings) pulumi.log.warn(warning);
    return run(settings, found);
};
