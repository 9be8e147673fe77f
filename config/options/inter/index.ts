import { gatewayOption } from "../gateway/option";
import { interChecks } from "./checks";
import { interSchema } from "./schema";
import { interSettings } from "./settings";

export const inter = gatewayOption({
    option: "inter",
    schema: interSchema,
    checks: interChecks,
    settings: interSettings,
});
