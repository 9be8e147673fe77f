import type * as z from "zod";
import { apiProblems } from "../../api-access";
import { crossChecks } from "../../cross-checks";
import { clusterChecks } from "../../keys/cluster/checks";
import { azureChecks } from "../../keys/exposure/azure-checks";
import { exposureChecks, ofTheExposure } from "../../keys/exposure/checks";
import { parsed, type CheckContext, type OptionDefinition, type Raw } from "../option";

interface GatewayOption<Data, Settings> {
    option: "intra-a" | "intra-b" | "inter";
    schema: z.ZodObject & z.ZodType<Data>;
    /** The same behind Cloudflare. */
    exposedSchema: z.ZodType<Data>;
    /** What the schema cannot say of the option's own keys. */
    checks: (values: Raw, isSecret: CheckContext["isSecret"]) => string[];
    settings: (data: Data, today: Date) => Settings;
}

/** An option with a gateway of its own: what they check alike is checked here. */
export function gatewayOption<Data, Settings>({
    option,
    schema,
    exposedSchema,
    checks,
    settings,
}: GatewayOption<Data, Settings>): OptionDefinition<Settings> {
    return {
        schema,
        read(values, { isSecret, today, api }) {
            const isExposed = values.exposure === "tunnel";
            const asked = { ...ofTheExposure(values), option };
            return {
                ...parsed((isExposed ? exposedSchema : schema).safeParse(asked), (data) => settings(data, today)),
                problems: [
                    ...exposureChecks(values),
                    ...azureChecks(values, isSecret, today),
                    ...clusterChecks(values, (value) => isSecret("cluster", value)),
                    ...checks({ ...values, option }, isSecret),
                    ...crossChecks(option, values, isSecret),
                    ...(isExposed && api !== undefined ? apiProblems(api) : []),
                ],
            };
        },
    };
}
