import type { AlpaPath } from "../alpa/paths";
import { fractionUpTo, wholeNumber } from "./number-schema";
import { alpaError, plugin, type RoutePlugin } from "./route-plugin";

/** Requests that are rejected before they reach Alpa. */
export interface GuardSettings {
    /** Whether requests that would crash Alpa are rejected. If false, only the size of a body is limited. @default true */
    enabled?: boolean;
    /** Largest request body, in bytes. */
    maxBodyBytes: number;
    /** Largest number of tokens of prompt and answer together, as in Alpa's launch settings. */
    contextTokens: number;
    /** Number of token ids of Alpa's tokenizer: the ids are below it. */
    vocabulary: number;
    /** Name of the model for requests without one, as in Alpa's launch settings. */
    defaultModel: string;
    /**
     * Largest number of prompts in one request. Each prompt takes a slot in a batch of Alpa, but limits count only requests.
     */
    maxPrompts: number;
    /**
     * Largest `min_tokens` of a request. A value above 0 lowers the longest allowed prompt of every request, see
     * {@link completionsSchema}.
     * @default 0: a prompt may use the whole context length
     */
    minTokens?: number;
}

/**
 * Priority of the plugin: after authentication (2600), so that only callers see the plugin's errors, and before the limits
 * (1003), so that a rejected request does not count.
 */
export const GUARD_PRIORITY = 2390;
/** Largest number of tokens for one character: a UTF-8 character has at most 4 bytes, and a token has at least one byte. */
export const MOST_TOKENS_A_CHARACTER = 4;
/**
 * Largest number of characters in a text, for each token of the context length. English text and code have at most half as
 * many characters for each token, so this limit only rejects texts that Alpa would reject as too long.
 */
const CHARACTERS_A_TOKEN = 8;
/**
 * Longest part of a text without a blank, in bytes: about 340 Chinese characters. The tokenizer of OPT is written in Python.
 * Its time grows with the square of that length, and Alpa's worker does nothing else meanwhile. 64 KiB without a blank took
 * 152 s. 4 prompts of 8 KiB with a blank every 1,024 bytes took 4 s (transformers 4.23.1, 2026-11).
 */
const LONGEST_WORD = 1024;
/** Number of prompts in a batch of Alpa, and the largest number in one call for logprobs (alpa/serve, b8078a9). */
export const ALPA_BATCH = 4;

/**
 * Rejects requests that crash the unmodified Alpa or bypass its rules. One exception inside Alpa's batch loop ends the loop:
 * every later request then hangs, while the port stays open (alpa-projects/alpa at b8078a9).
 *
 * APISIX decodes the JSON and encodes it again, so Alpa gets the same values in a different notation
 * (docs/evaluate/requests.md).
 */
export function guardPlugins(path: `/${AlpaPath}`, guard: GuardSettings): RoutePlugin[] {
    const { maxBodyBytes } = guard;
    const size = plugin("client-control", {
        max_body_size: maxBodyBytes,
        _meta: { error_response: alpaError(`the request body must be at most ${maxBodyBytes} bytes`) },
    });
    if (guard.enabled === false) return [size];
    return [
        size,
        plugin("request-validation", {
            max_req_body_size: maxBodyBytes,
            header_schema: HEADERS,
            body_schema: path === "/completions" ? completionsSchema(guard) : logprobsSchema(guard),
            _meta: { priority: GUARD_PRIORITY, error_response: alpaError(refusal(path, guard)) },
        }),
    ];
}

/**
 * Required headers. The plugin validates no body that is sent as a form, but Alpa parses any body as JSON, so another
 * Content-Type would bypass all other rules. The plugin cannot read a compressed body.
 */
export const HEADERS = {
    type: "object",
    required: ["content-type"],
    properties: {
        "content-type": { type: "string", pattern: "^(?i)application/json *(; *charset=[^;]*)?$" },
        "content-encoding": { type: "string", pattern: "^identity$" },
    },
};

/**
 * Schema of the body of POST /completions. Other fields are allowed, since Alpa ignores them.
 *
 * A batch of Alpa mixes requests of several callers. In a batch, the longest prompt and the largest `min_tokens`
 * together must fit into the context length, and the largest `max_tokens` must be at least the largest `min_tokens`:
 * otherwise an exception ends the loop. So by default `min_tokens` must be 0. If the config allows more, every prompt
 * must leave room for that number of tokens, even in a request without `min_tokens`.
 */
export function completionsSchema(guard: GuardSettings) {
    const { contextTokens, vocabulary, maxPrompts, minTokens = 0 } = guard;
    const prompt = contextTokens - minTokens;
    const characters = minTokens === 0 ? contextTokens * CHARACTERS_A_TOKEN : prompt / MOST_TOKENS_A_CHARACTER;
    return {
        type: "object",
        required: ["prompt"],
        properties: {
            model: model(guard),
            prompt: prompts(prompt, vocabulary, maxPrompts, characters),
            min_tokens: wholeNumber(0, minTokens),
            max_tokens: wholeNumber(1, contextTokens), // A negative value ends Alpa's batch loop.
            temperature: fractionUpTo(100),
            top_p: fractionUpTo(1),
            n: wholeNumber(1, 1), // Any other value fails an assertion in Alpa's batch loop.
            echo: { type: "boolean" },
            api_key: { type: "null" }, // Alpa rejects any other value, and writes it into its log.
        },
        allOf: [notSent, ...(minTokens === 0 ? [] : [reached(minTokens, contextTokens)])],
    };
}

/**
 * JSON Schema cannot compare two fields, so a request with `min_tokens` above 0 must set `max_tokens` to at least the
 * largest allowed `min_tokens`.
 */
function reached(minTokens: number, contextTokens: number) {
    return {
        anyOf: [
            { properties: { min_tokens: wholeNumber(0, 0) } },
            { properties: { max_tokens: wholeNumber(minTokens, contextTokens) } },
        ],
    };
}

/** Schema of the body of POST /logprobs. */
export function logprobsSchema(guard: GuardSettings) {
    const { contextTokens, vocabulary, maxPrompts } = guard;
    return {
        type: "object",
        required: ["prompt"],
        properties: {
            model: model(guard),
            prompt: prompts(
                contextTokens,
                vocabulary,
                Math.min(maxPrompts, ALPA_BATCH),
                contextTokens * CHARACTERS_A_TOKEN,
            ),
            top_k: wholeNumber(1, 100_000), // A negative value ends Alpa's batch loop.
            cache_id: { type: "string", pattern: "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$" },
            api_key: { type: "null" },
        },
        allOf: [notSent],
    };
}

/** Schema of the field `model`. APISIX adds the default to a body without the field. */
function model({ defaultModel }: GuardSettings) {
    return { type: "string", minLength: 1, default: defaultModel };
}

/**
 * Forbidden fields: `stop` is an error in Alpa, `g-recaptcha-response` gives a request priority over all others, and Alpa
 * uses `input` instead of the checked prompt.
 */
const notSent = {
    not: { anyOf: ["stop", "g-recaptcha-response", "input"].map((field) => ({ required: [field] })) },
};

/**
 * Schema of a prompt: a text, texts, token ids, or lists of token ids. An id of 2^31 or more ends Alpa's batch loop.
 * With `echo`, Alpa decodes the prompt too, so an id that the tokenizer does not have also ends the loop. The model has 7
 * ids more than the tokenizer (huggingface/transformers#18268).
 * @param tokens largest number of ids in one prompt
 * @param most largest number of prompts in a list
 * @param characters largest number of characters in a text
 */
function prompts(tokens: number, vocabulary: number, most: number, characters: number) {
    const text = {
        type: "string",
        minLength: 1,
        maxLength: Math.floor(characters),
        not: { pattern: `\\S{${LONGEST_WORD + 1}}` },
    };
    const ids = {
        type: "array",
        minItems: 1,
        maxItems: tokens,
        items: { type: "integer", minimum: 0, maximum: vocabulary - 1 },
    };
    const some = { type: "array", minItems: 1, maxItems: most };
    return { anyOf: [text, { ...some, items: text }, ids, { ...some, items: ids }] };
}

/** One message for every rejection: the plugin's own text is not JSON, and names only the first violated rule. */
function refusal(path: `/${AlpaPath}`, { maxPrompts, minTokens = 0 }: GuardSettings): string {
    const least = minTokens === 0 ? "0" : `up to ${minTokens}, with max_tokens of ${minTokens} or more`;
    const fields =
        path === "/completions"
            ? `n (1), min_tokens (${least}), max_tokens, temperature, top_p, echo (true or false)`
            : "top_k (from 1), cache_id";
    const most = path === "/completions" ? maxPrompts : Math.min(maxPrompts, ALPA_BATCH);
    return (
        "request not accepted: send JSON with Content-Type application/json, " +
        `prompt (text or token ids, or a list of up to ${most}), and if needed model, ${fields}; ` +
        "no stop, input, api_key or g-recaptcha-response"
    );
}
