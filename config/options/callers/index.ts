import { parsed, type OptionDefinition } from "../option";
import { callersChecks } from "./checks";
import { callersSchema } from "./schema";
import { callersSettings, type CallersSettings } from "./settings";

export const callers: OptionDefinition<CallersSettings> = {
    schema: callersSchema,
    read: (values, { isSecret, today }) => ({
        ...parsed(callersSchema.safeParse(values), (data) => callersSettings(data, today)),
        problems: callersChecks(values, isSecret),
    }),
};
