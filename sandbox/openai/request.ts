/** Reads a request as vLLM does: its models of pydantic convert texts and booleans to numbers, and ignore unknown fields. */

/** Longest prompt and answer together, in tokens. */
export const MAX_MODEL_LEN = 32_768;
/** Largest `n` (VLLM_MAX_N_SEQUENCES), and largest number of prompts (VLLM_MAX_COMPLETION_PROMPTS). */
const MOST_SEQUENCES = 16_384;
const MOST_PROMPTS = 1024;
/** Default of `max_tokens` in /v1/completions. */
const COMPLETION_TOKENS = 16;

/** An answer in the form of vLLM's ErrorResponse. */
export class ApiError extends Error {
    constructor(
        readonly status: number,
        readonly type: string,
        message: string,
        readonly param: string | null = null,
    ) {
        super(message);
    }

    get body() {
        const { message, type, param, status: code } = this;
        return { error: { message, type, param, code } };
    }
}

export type Fields = Record<string, unknown>;

export interface Generation {
    chat: boolean;
    model: string;
    /** Tokens of each prompt. */
    prompts: number[];
    /** Number of answers to each prompt. */
    n: number;
    maxTokens: number;
    minTokens: number;
    ignoreEos: boolean;
    stream: boolean;
    /** Chunks of a stream that have `usage`. */
    usage: "none" | "last" | "all";
}

const invalid = (message: string, param: string | null = null) => new ApiError(400, "Bad Request", message, param);

/** @throws ApiError */
export function generationOf(
    chat: boolean,
    fields: Fields,
    { models, forceIncludeUsage }: { models: readonly string[]; forceIncludeUsage: boolean },
): Generation {
    const model = modelOf(fields, models);
    const prompts = chat ? [chatTokens(fields.messages)] : promptsOf(fields.prompt);
    const n = integer(fields, "n") ?? 1;
    if (n < 1 || n > MOST_SEQUENCES) throw invalid(`n must be from 1 to ${MOST_SEQUENCES}, got ${n}.`, "n");
    const asked = chat
        ? (integer(fields, "max_completion_tokens") ?? integer(fields, "max_tokens"))
        : integer({ max_tokens: COMPLETION_TOKENS, ...fields }, "max_tokens");
    if (asked !== undefined && asked < 1) throw invalid(`max_tokens must be at least 1, got ${asked}.`, "max_tokens");
    const rest = MAX_MODEL_LEN - Math.max(...prompts);
    if (rest < 1) throw invalid(`This model's maximum context length is ${MAX_MODEL_LEN} tokens.`);
    const stream = boolean(fields, "stream") ?? false;
    const options = fields.stream_options as Fields | null | undefined;
    if (options && !stream) throw invalid("Stream options can only be defined when `stream=True`.", "stream_options");
    const include = options ? (boolean({ include_usage: true, ...options }, "include_usage") ?? false) : false;
    const all = forceIncludeUsage || (include && boolean(options!, "continuous_usage_stats") === true);
    return {
        ...{ chat, model, prompts, n, stream },
        maxTokens: Math.min(asked ?? rest, rest),
        minTokens: integer(fields, "min_tokens") ?? 0,
        ignoreEos: boolean(fields, "ignore_eos") ?? false,
        usage: all ? "all" : include ? "last" : "none",
    };
}

/** The model of a request; without a name it is the first model of the server. @throws ApiError */
export function modelOf({ model }: Fields, models: readonly string[]): string {
    if (model !== undefined && model !== null && typeof model !== "string")
        throw invalid("Input should be a valid string", "model");
    if (!model) return models[0];
    if (models.includes(model)) return model;
    throw new ApiError(404, "NotFoundError", `The model \`${model}\` does not exist.`, "model");
}

/** Tokens of each prompt of `prompt` or `input`: a text, a list of texts, a list of token ids, or a list of such lists. */
export function promptsOf(given: unknown): number[] {
    const list = Array.isArray(given) && typeof given[0] !== "number" ? (given as unknown[]) : [given];
    if (list.length === 0 || list.length > MOST_PROMPTS)
        throw invalid(`The number of prompts must be from 1 to ${MOST_PROMPTS}, got ${list.length}.`);
    return list.map((one) => {
        if (typeof one === "string") return words(one);
        if (Array.isArray(one) && one.length > 0 && one.every((id) => typeof id === "number")) return one.length;
        throw invalid("Input should be a valid string or a list of token ids");
    });
}

/** The emulated tokenizer: each word is a token. */
function words(text: string): number {
    return Math.max(1, text.split(/\s+/).filter((word) => word !== "").length);
}

function chatTokens(messages: unknown): number {
    if (!Array.isArray(messages) || messages.length === 0) throw invalid("Field required", "messages");
    return (messages as unknown[]).reduce((sum: number, message) => {
        const { role, content } = (message ?? {}) as Fields;
        if (typeof role !== "string") throw invalid("Field required", "messages");
        const parts = Array.isArray(content) ? (content as Fields[]).map(({ text }) => text) : [content];
        return sum + parts.reduce((all: number, text) => all + (typeof text === "string" ? words(text) : 0), 1);
    }, 0);
}

/** A field of type `int | None`, with pydantic's conversions. Undefined if it is absent or null. */
function integer(fields: Fields, name: string): number | undefined {
    const value = fields[name] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value === "boolean") return Number(value);
    const digits = typeof value === "string" && /^\s*[+-]?\d+(_\d+)*(\.0*)?\s*$/.test(value);
    const number = digits ? Number(value.replaceAll("_", "")) : value;
    if (typeof number === "number" && Number.isInteger(number)) return number;
    throw invalid(`Input should be a valid integer, got ${JSON.stringify(value)}`, name);
}

const BOOLEANS = new Map<unknown, boolean>([
    ...[true, 1, "1", "true", "t", "yes", "y", "on"].map((value) => [value, true] as const),
    ...[false, 0, "0", "false", "f", "no", "n", "off"].map((value) => [value, false] as const),
]);

/** A field of type `bool | None`. */
function boolean(fields: Fields, name: string): boolean | undefined {
    const value = fields[name] ?? undefined;
    if (value === undefined) return undefined;
    const found = BOOLEANS.get(typeof value === "string" ? value.toLowerCase() : value);
    if (found === undefined) throw invalid(`Input should be a valid boolean, got ${JSON.stringify(value)}`, name);
    return found;
}
