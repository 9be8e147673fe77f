import { apiProblems } from "../../api-access";
import { parseOption, type OptionDefinition } from "../option";
import { cloudflareChecks, zoneData } from "./checks";
import { cloudflareSchema } from "./schema";
import { cloudflareSettings, type CloudflareSettings } from "./settings";

export const cloudflare: OptionDefinition<CloudflareSettings> = {
    authenticator: "edge",
    schema: cloudflareSchema,
    read(values, context) {
        const { today, api, folder } = context;
        const zone = zoneData(values, folder);
        return parseOption(
            cloudflareSchema,
            values,
            (config) => [
                ...cloudflareChecks(config, values, zone, context),
                ...(api === undefined ? [] : apiProblems(api)),
            ],
            (data) => cloudflareSettings(data, zone, today),
        );
    },
};
