import { gatewayOption } from "../gateway/option";
import { interChecks } from "./checks";
import { exposedInterSchema, interSchema } from "./schema";
import { interSettings } from "./settings";

export const inter = gatewayOption({
    option: "inter",
    schema: interSchema,
    exposedSchema: exposedInterSchema,
    checks: interChecks,
    settings: interSettings,
});
