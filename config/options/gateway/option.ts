import type * as z from "zod";
import { apiProblems } from "../../api-access";
import type { CheckContext, Sound } from "../../cross-check";
import { classChecks } from "../../keys/classes/checks";
import { clusterChecks } from "../../keys/cluster/checks";
import { observabilityProblems } from "../../keys/observability";
import { azureChecks } from "../../keys/exposure/azure-checks";
import { exposureChecks, ofTheExposure } from "../../keys/exposure/checks";
import { parseOption, type OptionDefinition } from "../option";
import type { Raw } from "../../unchecked";
import { gatewayChecks } from "./checks";
import type { ParsedGatewayOption } from "../../keys/gateway-option";

interface GatewayOption<Data, Settings> {
    option: "intra-a" | "intra-b" | "inter";
    schema: z.ZodObject & z.ZodType<Data>;
    /** The schema of a stack with exposure tunnel, which requires more keys. */
    exposedSchema: z.ZodType<Data>;
    /**
     * Checks the option's own keys against each other.
     * @param given the config before parsing, which shows which keys are set
     */
    checks: (config: Sound<Data>, given: Raw, context: CheckContext) => string[];
    settings: (data: Data, today: Date) => Settings;
}

/** Defines an option with a gateway, with the checks that all these options share. */
export function gatewayOption<Data extends ParsedGatewayOption, Settings>({
    option,
    schema,
    exposedSchema,
    checks,
    settings,
}: GatewayOption<Data, Settings>): OptionDefinition<Settings> {
    return {
        authenticator: "gateway",
        schema,
        read(values, context) {
            const { today, api } = context;
            const isExposed = values.exposure === "tunnel";
            return parseOption(
                isExposed ? exposedSchema : schema,
                { ...ofTheExposure(values), option },
                (config) => {
                    // Every config of an option with a gateway has these keys. TypeScript cannot infer this, because `Data`
                    // is a type parameter.
                    const common = config as Sound<ParsedGatewayOption>;
                    return [
                        ...exposureChecks(option, common, values),
                        ...azureChecks(common, values, context),
                        ...clusterChecks(common, values, context),
                        ...checks(config, values, context),
                        ...gatewayChecks(option, common, values, context),
                        ...classChecks(common),
                        ...observabilityProblems(common, values),
                        ...(isExposed && api !== undefined ? apiProblems(api) : []),
                    ];
                },
                (data) => settings(data, today),
            );
        },
    };
}
