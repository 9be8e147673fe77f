import { parseOption, type OptionDefinition } from "../option";
import { callersChecks } from "./checks";
import { callersSchema } from "./schema";
import { callersSettings, type CallersSettings } from "./settings";

export const callers: OptionDefinition<CallersSettings> = {
    authenticator: "shared-gateway",
    schema: callersSchema,
    read: (values, context) =>
        parseOption(
            callersSchema,
            values,
            (config) => callersChecks(config, context),
            (data) => callersSettings(data, context.today),
        ),
};
