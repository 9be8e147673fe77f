import { callerLimits, type Limits } from "../../../components/consumers/limits";
import { at, type Path, type Problems, type Sound } from "../../cross-check";
import type { ParsedGatewayOption } from "../gateway-option";
import { got } from "../../problems";

type Config = Sound<ParsedGatewayOption>;

const OF_TOKENS = ["maxTokens", "tokens", "perTokenSeconds"] as const;
/** What limits the tokens of the requests that are open when a budget is used up. */
const BOUNDS = ["maxTokens", "concurrent"] as const;

/**
 * Checks the limits in tokens. They need a server of kind openai: requests to Alpa say nothing about tokens in a form that
 * the gateway can check.
 */
export function* tokenLimitProblems({ limits, consumers = [] }: Config, server: "alpa" | "openai"): Problems {
    yield* ofLimits(["limits"], limits, limits, server);
    for (const [i, one] of consumers.entries()) {
        const all = callerLimits(limits, one?.limits);
        yield* ofLimits(["consumers", i, "limits"], one?.limits, all, server);
        if (all.tokens !== undefined && one?.class !== undefined)
            yield at(
                ["consumers", i, "class"],
                `must not be set for a caller with limits.tokens${got(one.class)}, since a class replaces the caller's limit on open requests. Remove class or tokens.`,
            );
    }
}

/** @param inForce these limits, with the stack's for those that are not set here */
function* ofLimits(where: Path, limits: Limits = {}, inForce: Limits = {}, server: "alpa" | "openai"): Problems {
    if (server === "alpa")
        for (const key of OF_TOKENS)
            if (limits[key] !== undefined) yield at([...where, key], "only valid with openai (got alpa). Remove it.");
    const missing = BOUNDS.filter((key) => inForce[key] === undefined);
    if (server === "openai" && limits.tokens !== undefined && missing.length > 0)
        yield at(
            [...where, "tokens"],
            `needs maxTokens and concurrent, which bound what open requests use beyond it. Set ${missing.join(" and ")} too.`,
        );
}
