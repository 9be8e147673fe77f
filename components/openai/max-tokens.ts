import type { Limits } from "../consumers/limits";
import { groupsOf } from "./groups";
import { isGenerating, type GeneratingPath, type OpenaiPath } from "./paths";

/** Callers by name, with their limits in tokens. Callers without `maxTokens` are not in it. */
export type TokenLimits = Record<string, { maxTokens: number; tokens?: number }>;

/** A condition of APISIX: a comparison, or conditions behind AND or OR. */
type Condition = unknown[];

/** A rule of APISIX's plugin `workflow`. */
interface Rule {
    case: Condition[];
    actions: [["return", { code: number }]];
}

/** Limits in tokens of these callers. */
export function tokenLimits(callers: { name: string; limits: Limits }[]): TokenLimits {
    return Object.fromEntries(
        callers.flatMap(({ name, limits: { maxTokens, tokens } }) =>
            maxTokens === undefined ? [] : [[name, { maxTokens, ...(tokens !== undefined && { tokens }) }]],
        ),
    );
}

/**
 * Rules that reject requests which could generate more tokens than their caller may. A budget also rejects streams without
 * `usage`, because their tokens are not counted.
 *
 * The comparisons are negated: `>` is false for a value that is no number, and so would let it pass, although the server
 * may convert it to a number ("9_000", true). They read the body as JSON, so another rule must require that Content-Type.
 * @param path of the server below `/v1/`
 * @param namespace namespace of the consumers
 */
export function maxTokensRules(path: OpenaiPath, namespace: string, callers: TokenLimits): Rule[] {
    if (!isGenerating(path)) return [];
    const budgeted = ({ maxTokens, tokens }: TokenLimits[string]) => `${maxTokens} ${tokens !== undefined}`;
    return groupsOf(namespace, callers, budgeted).map(({ consumers, settings: { maxTokens, tokens } }) => ({
        case: [
            ["consumer_name", "in", consumers],
            ["OR", ...tooMany[path](maxTokens), ...(tokens === undefined ? [] : [UNCOUNTED_STREAM])],
        ],
        actions: [["return", { code: 400 }]],
    }));
}

const field = (name: string) => `post_arg.${name}`;
const isAbsent = (name: string): Condition => [field(name), "=="];
const isPresent = (name: string): Condition => [field(name), "~="];
const isNot = (name: string, value: unknown): Condition => [field(name), "!", "in", [value]];
const isOutside = (name: string, most: number): Condition[] => [
    [field(name), "!", "<=", most],
    [field(name), "!", ">=", 1],
];

/** More than one answer to a prompt. */
const MULTIPLIED: Condition = ["AND", isPresent("n"), isNot("n", 1)];
/** llama.cpp prefers its own fields to `max_tokens` and `n`. */
const OF_LLAMA_CPP = ["n_predict", "n_cmpl"].map(isPresent);
const UNCOUNTED_STREAM: Condition = [
    "AND",
    isPresent("stream"),
    isNot("stream", false),
    isNot("stream_options.include_usage", true),
];

/** Conditions of which each is true for a request that could generate more than `most` tokens. */
const tooMany: Record<GeneratingPath, (most: number) => Condition[]> = {
    // vLLM reads max_completion_tokens and, if it is null, max_tokens. Other servers know only one of them.
    "chat/completions": (most) => [
        ["AND", isAbsent("max_tokens"), isAbsent("max_completion_tokens")],
        ...["max_tokens", "max_completion_tokens"].map((name) => [
            "AND",
            isPresent(name),
            ["OR", ...isOutside(name, most)],
        ]),
        MULTIPLIED,
        ...OF_LLAMA_CPP,
    ],
    completions: (most) => [
        ...isOutside("max_tokens", most),
        MULTIPLIED,
        ...OF_LLAMA_CPP,
        isPresent("best_of"),
        isPresent("prompt_embeds"),
        isPresent("prompt[*]"), // a list of prompts or of token ids
    ],
};

/** What a rejected request must have instead. `%s` stands for the maximum of its caller. */
export const MUST_LIMIT_TOKENS: Record<GeneratingPath, string> = {
    "chat/completions":
        "max_tokens or max_completion_tokens must be set, from 1 to %s, and n must be 1, without n_predict and n_cmpl; with a budget of tokens, a stream must set stream_options.include_usage to true",
    completions:
        "max_tokens must be set, from 1 to %s, n must be 1, and prompt must be one text, without best_of, prompt_embeds, n_predict and n_cmpl; with a budget of tokens, a stream must set stream_options.include_usage to true",
};
