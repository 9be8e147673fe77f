import { callerLimits, type Limits } from "../../../components/consumers/limits";
import type { Sound } from "../../cross-check";
import type { ParsedGatewayOption } from "../gateway-option";

type Config = Sound<ParsedGatewayOption>;

const OF_TOKENS = ["maxTokens", "tokens", "perTokenSeconds"] as const;
/** What limits the tokens of the requests that are open when a budget is used up. */
const BOUNDS = ["maxTokens", "concurrent"] as const;

/**
 * Checks the limits in tokens. They need a server of kind openai: requests to Alpa say nothing about tokens in a form that
 * the gateway can check.
 */
export function tokenLimitProblems(config: Config, server: "alpa" | "openai"): string[] {
    const { limits: ofStack, consumers = [] } = config;
    return [
        ...ofLimits("limits", ofStack, ofStack, server),
        ...consumers.flatMap((one, i) => {
            const all = callerLimits(ofStack, one?.limits);
            return [
                ...ofLimits(`consumers[${i}].limits`, one?.limits, all, server),
                ...(all.tokens !== undefined && one?.class !== undefined ? [inClass(i, one.class)] : []),
            ];
        }),
    ];
}

/** @param inForce these limits, with the stack's for those that are not set here */
function ofLimits(where: string, limits: Limits = {}, inForce: Limits = {}, server: "alpa" | "openai"): string[] {
    if (server === "alpa")
        return OF_TOKENS.filter((key) => limits[key] !== undefined).map(
            (key) => `${where}.${key}: only valid with openai (got alpa). Remove it.`,
        );
    const missing = BOUNDS.filter((key) => inForce[key] === undefined);
    if (limits.tokens === undefined || missing.length === 0) return [];
    return [
        `${where}.tokens: needs maxTokens and concurrent, which bound what open requests use beyond it. Set ${missing.join(" and ")} too.`,
    ];
}

const inClass = (i: number, name: string) =>
    `consumers[${i}].class: must not be set for a caller with limits.tokens (got ${JSON.stringify(name)}), since a class replaces the caller's limit on open requests. Remove class or tokens.`;
