import { gatewayOption } from "../gateway/option";
import { intraChecks } from "../intra/checks";
import { exposedIntraASchema, intraASchema } from "./schema";
import { intraASettings } from "./settings";

export const intraA = gatewayOption({
    option: "intra-a",
    schema: intraASchema,
    exposedSchema: exposedIntraASchema,
    checks: intraChecks,
    settings: intraASettings,
});
