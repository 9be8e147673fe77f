import type * as z from "zod";
import { apiProblems } from "../../api-access";
import type { Problems, Sound } from "../../cross-check";
import { classChecks } from "../../keys/classes/checks";
import { clusterChecks } from "../../keys/cluster/checks";
import { observabilityProblems } from "../../keys/observability";
import { azureChecks } from "../../keys/exposure/azure-checks";
import { exposureChecks, ofTheExposure } from "../../keys/exposure/checks";
import { requiredExposureKeys } from "../../keys/exposure/schema";
import { parseOption, type OptionDefinition } from "../option";
import type { Raw } from "../../unchecked";
import { gatewayChecks } from "./checks";
import type { ParsedGatewayOption } from "../../keys/gateway-option";

interface GatewayOption<Data, Settings> {
    schema: z.ZodObject & z.ZodType<Data>;
    /**
     * Checks the option's own keys against each other.
     * @param given the config before parsing, which shows which keys are set
     */
    checks: (config: Sound<Data>, given: Raw) => Problems;
    settings: (data: Data, today: Date) => Settings;
}

/** Defines an option with a gateway, with the checks that all these options share. */
export function gatewayOption<Data extends ParsedGatewayOption, Settings>(
    option: "intra-a" | "intra-b" | "inter",
    { schema, checks, settings }: GatewayOption<Data, Settings>,
): OptionDefinition<Settings> {
    return {
        authenticator: "gateway",
        schema,
        read(values, context) {
            const { today, api } = context;
            const isExposed = values.exposure === "tunnel";
            function* check(config: Sound<Data>): Problems {
                // Every config of an option with a gateway has these keys. TypeScript cannot infer this, because `Data` is a
                // type parameter.
                const common = config as Sound<ParsedGatewayOption>;
                yield* exposureChecks(common, values);
                yield* azureChecks(common, values, context);
                yield* clusterChecks(common, values);
                yield* checks(config, values);
                yield* gatewayChecks(option, common, values, context);
                yield* classChecks(common);
                yield* observabilityProblems(common, values);
                if (isExposed && api !== undefined) yield* apiProblems(api);
            }
            return parseOption(
                isExposed ? (schema.extend(requiredExposureKeys) as z.ZodObject & z.ZodType<Data>) : schema,
                { ...ofTheExposure(values), option },
                context,
                check,
                (data) => settings(data, today),
            );
        },
    };
}
