import { gatewayOption } from "../gateway/option";
import { intraChecks } from "../intra/checks";
import { exposedIntraBSchema, intraBSchema } from "./schema";
import { intraBSettings } from "./settings";

export const intraB = gatewayOption({
    option: "intra-b",
    schema: intraBSchema,
    exposedSchema: exposedIntraBSchema,
    checks: intraChecks,
    settings: intraBSettings,
});
