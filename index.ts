import * as pulumi from "@pulumi/pulumi";
import { readSettings, type Settings } from "./config";
import { owner } from "./components/parts/ownership";
import { preflight } from "./preflight/preflight";
import { intra } from "./stacks/intra";

function run(settings: Settings): Record<string, unknown> {
    switch (settings.option) {
        case "intra-a":
            return intra(settings);
    }
}

export = async () => {
    const settings = readSettings(pulumi.getProject());
    for (const warning of settings.warnings) pulumi.log.warn(warning);
    await preflight(settings, owner());
    return run(settings);
};
