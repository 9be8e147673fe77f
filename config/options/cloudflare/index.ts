import { apiProblems } from "../../api-access";
import { parsed, type OptionDefinition } from "../option";
import { cloudflareChecks, zoneData } from "./checks";
import { cloudflareSchema } from "./schema";
import { cloudflareSettings, type CloudflareSettings } from "./settings";

export const cloudflare: OptionDefinition<CloudflareSettings> = {
    schema: cloudflareSchema,
    read(values, { isSecret, today, api, folder }) {
        const zone = zoneData(values, folder);
        return {
            ...parsed(cloudflareSchema.safeParse(values), (data) => cloudflareSettings(data, zone, today)),
            problems: [
                ...cloudflareChecks(values, zone, isSecret, today),
                ...(api === undefined ? [] : apiProblems(api)),
            ],
        };
    },
};
