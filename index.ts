import * as pulumi from "@pulumi/pulumi";
import { cloudflareApi, readSettings, type Settings } from "./config";
import { OPTION_STACKS, type CheckedStack } from "./options";

export = async () => {
    const settings = readSettings(pulumi.getProject());
    warn(settings.warnings);
    // TypeScript cannot infer that the check of an option takes the settings of the same option.
    const check = OPTION_STACKS[settings.option] as (
        settings: Settings,
        api: typeof cloudflareApi,
    ) => Promise<CheckedStack>;
    const { warnings, create } = await check(settings, cloudflareApi);
    warn(warnings);
    return create();
};

function warn(warnings: string[]): void {
    for (const warning of warnings) pulumi.log.warn(warning);
}
