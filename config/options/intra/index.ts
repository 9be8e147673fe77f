import { gatewayOption } from "../gateway/option";
import { intraAChecks, intraChecks } from "./checks";
import { intraASchema, intraBSchema } from "./schema";
import { intraASettings, intraBSettings } from "./settings";

export const intraA = gatewayOption({
    option: "intra-a",
    schema: intraASchema,
    checks: intraAChecks,
    settings: intraASettings,
});

export const intraB = gatewayOption({
    option: "intra-b",
    schema: intraBSchema,
    checks: intraChecks,
    settings: intraBSettings,
});
