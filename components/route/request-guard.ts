import { fractionUpTo, wholeNumber } from "./number-schema";
import { alpaError, plugin, type RoutePlugin } from "./route-plugin";

/** Requests that are rejected before they reach Alpa. */
export interface GuardSettings {
    /** Whether requests that stop Alpa are refused. Off, only the size of a body is bounded. @default true */
    enabled?: boolean;
    /** Largest request body, in bytes. */
    maxBodyBytes: number;
    /** Longest prompt and answer together, in tokens, as Alpa was started. */
    contextTokens: number;
    /** Tokens that Alpa's tokenizer has: ids from 0 to one less. */
    vocabulary: number;
    /** Name of the model that a request without one is for, as Alpa was started with. */
    defaultModel: string;
    /** Most prompts of one request: each takes a place in a batch of Alpa, and limits count requests. */
    maxPrompts: number;
    /**
     * Largest `min_tokens` of a request. Above 0 it bounds the prompts of all requests, see {@link completionsSchema}.
     * @default 0: a prompt may be as long as the model takes
     */
    minTokens?: number;
}

/**
 * It runs after authentication (2600), so that only callers see its errors, and before the limits (1003), so that a
 * rejected request uses no quota.
 */
const PRIORITY = 2390;
/** Most bytes of one character in UTF-8, and a token is at least a byte: bounds the tokens of a text from its length. */
export const MOST_TOKENS_A_CHARACTER = 4;
/**
 * Longest text, in characters for each token of the model's length. Twice what English text or code has at most, so that only
 * texts that Alpa rejects as too long are rejected here.
 */
const CHARACTERS_A_TOKEN = 8;
/**
 * Longest part of a text without a blank, in bytes. The tokenizer of OPT is written in Python, and its time grows with the
 * square of that length, while Alpa's worker does nothing else: 64 KiB without a blank took 152 s, 4 prompts of 8 KiB with a
 * blank every 1,024 bytes 4 s (transformers 4.23.1, 2026-11). About 340 Chinese characters.
 */
const LONGEST_WORD = 1024;
/** Prompts that Alpa generates for at once, and the most it takes in one call for logprobs (alpa/serve, b8078a9). */
export const ALPA_BATCH = 4;

/**
 * Rejects requests that stop the unmodified Alpa or bypass its rules. One exception inside its batch loop ends the
 * loop: from then on every valid request hangs, while its port stays open. Seen on alpa-projects/alpa at b8078a9; each
 * rule names what it rejects.
 *
 * JSON is decoded and encoded again on the way, so Alpa sees the same values in another spelling (docs/evaluate/requests.md).
 */
export function guardPlugins(path: "/completions" | "/logprobs", guard: GuardSettings): RoutePlugin[] {
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
            _meta: { priority: PRIORITY, error_response: alpaError(refusal(path, guard)) },
        }),
    ];
}

/**
 * A form is passed on unread by the plugin, and Alpa reads any body as JSON: with another Content-Type every other rule
 * could be passed by. An encoded body cannot be read at all.
 */
const HEADERS = {
    type: "object",
    required: ["content-type"],
    properties: {
        "content-type": { type: "string", pattern: "^(?i)application/json *(; *charset=[^;]*)?$" },
        "content-encoding": { type: "string", pattern: "^identity$" },
    },
};

/**
 * The body of POST /completions. Fields that are not named pass, as Alpa ignores them.
 *
 * Alpa generates for a batch at once, and a batch mixes callers: the longest prompt of any and the largest `min_tokens` of any
 * must fit into the model's length together, and the largest `max_tokens` of any must reach that `min_tokens`. One exception to
 * either ends the loop. So `min_tokens` is 0, or the setting for it bounds every prompt, with or without `min_tokens`.
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
            max_tokens: wholeNumber(1, contextTokens), // a negative one ends the loop
            temperature: fractionUpTo(100),
            top_p: fractionUpTo(1),
            n: wholeNumber(1, 1), // any other fails an assertion in the loop
            echo: { type: "boolean" },
            api_key: { type: "null" }, // Alpa refuses any other, and writes it into its log
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

/** The body of POST /logprobs. */
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
            top_k: wholeNumber(1, 100_000), // a negative one ends the loop
            cache_id: { type: "string", pattern: "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$" },
            api_key: { type: "null" },
        },
        allOf: [notSent],
    };
}

/** APISIX adds the default to a body without the field. */
function model({ defaultModel }: GuardSettings) {
    return { type: "string", minLength: 1, default: defaultModel };
}

/**
 * `stop` is an error in Alpa; `g-recaptcha-response` gives a request priority over all others; Alpa uses `input`
 * instead of the checked prompt.
 */
const notSent = {
    not: { anyOf: ["stop", "g-recaptcha-response", "input"].map((field) => ({ required: [field] })) },
};

/**
 * A text, texts, token ids, or lists of token ids. An id of 2^31 or more ends the loop, and with `echo` every id that the
 * tokenizer lacks does: it decodes the prompt too. The model has 7 more than the tokenizer (huggingface/transformers#18268).
 * @param tokens most ids of one prompt
 * @param most prompts in a list
 * @param characters of a text at most
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

/** One text for every rejection: the plugin's own text is no JSON, and names only the first violated rule. */
function refusal(path: "/completions" | "/logprobs", { maxPrompts, minTokens = 0 }: GuardSettings): string {
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
