import { highAvailabilityChecks } from "../../keys/high-availability";
import { gatewayOption } from "../gateway/option";
import { intraBChecks } from "./checks";
import { exposedIntraBSchema, intraBSchema } from "./schema";
import { intraBSettings } from "./settings";

export const intraB = gatewayOption({
    option: "intra-b",
    schema: intraBSchema,
    exposedSchema: exposedIntraBSchema,
    checks: (values, isSecret) => [
        ...highAvailabilityChecks(values),
        ...intraBChecks(values, (value) => isSecret("convert", value)),
    ],
    settings: intraBSettings,
});
