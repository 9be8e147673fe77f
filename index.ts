import * as pulumi from "@pulumi/pulumi";
import { cloudflareApi, readSettings, type Settings } from "./config";
import { owner } from "./components/parts/ownership";
import { cloudflarePreflight, exposurePreflight } from "./preflight/cloudflare";
import { preflight } from "./preflight/preflight";
import { cloudflare } from "./stacks/cloudflare";
import { inter } from "./stacks/inter";
import { intra } from "./stacks/intra";

/** Looks before anything is changed. @returns what an operator should know before going on */
async function look(settings: Settings): Promise<string[]> {
    switch (settings.option) {
        case "intra-a":
        case "inter": {
            const warnings = await preflight(settings, owner());
            if (settings.exposure === undefined) return warnings;
            return [...warnings, ...(await exposurePreflight(settings.exposure, owner(), cloudflareApi()))];
        }
        case "cloudflare":
            return cloudflarePreflight(settings, owner(), cloudflareApi());
    }
}

function run(settings: Settings): Record<string, unknown> {
    switch (settings.option) {
        case "intra-a":
            return intra(settings);
        case "inter":
            return inter(settings);
        case "cloudflare":
            return cloudflare(settings);
    }
}

export = async () => {
    const settings = readSettings(pulumi.getProject());
    for (const warning of settings.warnings) pulumi.log.warn(warning);
    for (const warning of await look(settings)) pulumi.log.warn(warning);
    return run(settings);
};
