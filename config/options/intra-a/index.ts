import { highAvailabilityChecks } from "../../keys/high-availability";
import { gatewayOption } from "../gateway/option";
import { intraBChecks } from "../intra-b/checks";
import { exposedIntraASchema, intraASchema } from "./schema";
import { intraASettings } from "./settings";

export const intraA = gatewayOption({
    option: "intra-a",
    schema: intraASchema,
    exposedSchema: exposedIntraASchema,
    // Keys of option intra-b may be there already, for the conversion.
    checks: (values, isSecret) => [
        ...highAvailabilityChecks(values),
        ...intraBChecks(values, (value) => isSecret("convert", value)),
    ],
    settings: intraASettings,
});
