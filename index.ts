import * as pulumi from "@pulumi/pulumi";
import {
    cloudflareApi,
    readSettings,
    type CallersSettings,
    type InterSettings,
    type IntraASettings,
    type Settings,
} from "./config";
import type { SharedGateway } from "./components/parts/shared-gateway";
import { owner } from "./components/parts/ownership";
import { callersPreflight, gatewayOf } from "./preflight/callers";
import { cloudflarePreflight, exposurePreflight } from "./preflight/cloudflare";
import { hostsPreflight, NO_CLUSTER_YET } from "./preflight/hosts";
import { preflight } from "./preflight/preflight";
import { callers } from "./stacks/callers";
import { cloudflare } from "./stacks/cloudflare";
import { inter } from "./stacks/inter";
import { intra } from "./stacks/intra";

/** Settings with what another stack says, where they need it. */
type Complete = Exclude<Settings, CallersSettings> | (CallersSettings & { gateway: SharedGateway });

async function complete(settings: Settings): Promise<Complete> {
    return settings.option === "callers" ? { ...settings, gateway: await gatewayOf(settings.of) } : settings;
}

/** Looks before anything is changed. @returns what an operator should know before going on */
async function look(settings: Complete): Promise<string[]> {
    switch (settings.option) {
        case "intra-a":
        case "inter": {
            const warnings = await lookAtCluster(settings);
            if (settings.exposure === undefined) return warnings;
            return [...warnings, ...(await exposurePreflight(settings.exposure, owner(), cloudflareApi()))];
        }
        case "cloudflare":
            return cloudflarePreflight(settings, owner(), cloudflareApi());
        case "callers":
            return callersPreflight(settings, owner());
    }
}

/** The hosts first, where the stack makes a cluster of them: there may be none yet. */
async function lookAtCluster(settings: IntraASettings | InterSettings): Promise<string[]> {
    const { nodes } = settings;
    if (nodes === undefined) return preflight(settings, owner());
    const cluster = await hostsPreflight(nodes, owner());
    if (cluster === undefined) return [NO_CLUSTER_YET];
    return preflight({ ...settings, cluster }, owner());
}

function run(settings: Complete): Record<string, unknown> {
    switch (settings.option) {
        case "intra-a":
            return intra(settings);
        case "inter":
            return inter(settings);
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
    for (const warning of await look(settings)) pulumi.log.warn(warning);
    return run(settings);
};
