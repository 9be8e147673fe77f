import { apiProblems } from "../../api-access";
import type { Problems, Sound } from "../../cross-check";
import { parseOption, type OptionDefinition } from "../option";
import { cloudflareChecks, zoneData, cloudflareSchema, type ParsedCloudflare } from "./schema";
import { cloudflareSettings, type CloudflareSettings } from "./settings";

export const cloudflare: OptionDefinition<CloudflareSettings> = {
    authenticator: "edge",
    schema: cloudflareSchema,
    read(values, context) {
        const { today, api, folder } = context;
        const zone = zoneData(values, folder);
        function* check(config: Sound<ParsedCloudflare>): Problems {
            yield* cloudflareChecks(config, values, zone, context);
            if (api !== undefined) yield* apiProblems(api);
        }
        return parseOption(cloudflareSchema, values, context, check, (data) => cloudflareSettings(data, zone, today));
    },
};
