// Alpa's model worker (alpa-projects/alpa @ b8078a9, examples/llm_serving/launch_model_worker.py): authentication, the checks
// of a request, and their order. Two faults of the original are kept: a field `input` of the request replaces the checked
// prompt, and a rejection waits until the current batch is finished.

import { randomUUID } from "node:crypto";

import { BatchLoop, type BatchOptions, type Scoring } from "./batches";
import { encode, MAX_BATCH, MAX_SEQUENCE } from "./model";
import { isInt, isUuid, PyError, roundToTenth, str, toBool, toFloat, toInt, type PyValue } from "./python-value";
import type { Caller } from "./scheduler";

type Args = Map<string, PyValue>;

interface WorkerOptions extends BatchOptions {
    /** Keys in `allowed_api_keys`; empty if USE_API_KEYS is off. A request with a key that is not in the list is rejected. */
    apiKeys: string[];
    /** False with `--block-non-key-access`. */
    allowWithoutKey: boolean;
    /** The worker's log. As in the real worker's log, keys and client addresses are in plain text. */
    log: (line: string) => void;
}

export class Worker {
    readonly batches: BatchLoop;

    constructor(private readonly options: WorkerOptions) {
        this.batches = new BatchLoop(options);
    }

    /**
     * Answers one request. As in the real worker, a valid request gets no answer after the batch loop has ended.
     * @throws PyError that the caller gets with status 400
     */
    async handle(path: string, args: Args, ip: string): Promise<object> {
        await this.batches.idle;
        const caller = this.authorize(args);
        if (path.includes("completions")) return this.completions(args, ip, caller);
        if (path.includes("logprobs")) return this.logprobs(args, ip, caller);
        throw new PyError("ValueError", "Invalid url: {request.url}");
    }

    private authorize(args: Args): Caller {
        const key = args.get("api_key") ?? null;
        if (typeof key === "string" && this.options.apiKeys.includes(key)) return { group: "key", key };
        if (key !== null) {
            this.options.log("Rejected a request with an incorrect key.");
            throw new PyError(
                "ValueError",
                "API key is incorrect, please verify that you have passed the right value " +
                    "(as opposed to, say, an OpenAI API key).",
            );
        }
        // Recaptcha is off by default. The worker then accepts every recaptcha value, even null, which becomes the text
        // "None".
        const recaptcha = args.has("g-recaptcha-response") ? str(args.get("g-recaptcha-response") as PyValue) : "";
        if (recaptcha !== "") return { group: "recaptcha" };
        if (this.options.allowWithoutKey) return { group: "none" };
        this.options.log("Rejected a request with no API key.");
        throw new PyError(
            "ValueError",
            "No captcha data found. If you are using client APIs, please contact alpa developers to get an API key.",
        );
    }

    private async completions(args: Args, ip: string, caller: Caller): Promise<object> {
        const prompts = normalizePrompts(required(args, "prompt"));
        const minTokens = toInt(given(args, "min_tokens", 0n));
        const maxTokens = toInt(given(args, "max_tokens", BigInt(MAX_SEQUENCE)));
        const temperature = roundToTenth(toFloat(given(args, "temperature", 1)));
        const topP = roundToTenth(toFloat(given(args, "top_p", 1)));
        if (!(topP >= 0 && topP <= 1)) throw new PyError("AssertionError", "");
        if (!(temperature >= 0)) throw new PyError("AssertionError", "");
        const n = toInt(given(args, "n", 1n));
        const echo = toBool(given(args, "echo", false));
        if (args.has("stop")) throw new PyError("NotImplementedError", "The stop argument is not implemented");
        this.options.log(`Received new generate request: ${describe(prompts, args, ip)}, max_len: ${maxTokens}`);
        checkLength(prompts);

        const texts = prompts.map(
            (prompt) =>
                new Promise<string>((done) => {
                    const input = given(args, "input", prompt);
                    this.batches.push({ kind: "generate", input, minTokens, maxTokens, n, echo, done }, caller);
                }),
        );
        return {
            id: randomUUID(),
            object: "text_completion",
            created: Math.floor(Date.now() / 1000),
            choices: (await Promise.all(texts)).map((text) => ({ text })),
        };
    }

    private async logprobs(args: Args, ip: string, caller: Caller): Promise<object> {
        const prompts = normalizePrompts(required(args, "prompt"));
        if (prompts.length > MAX_BATCH) throw new PyError("AssertionError", "Please submit a smaller batch");
        if (prompts.some((prompt) => prompt.length !== prompts[0].length)) {
            throw new PyError(
                "AssertionError",
                "All prompts must be the same length to work with current caching implementation",
            );
        }
        toInt(given(args, "min_tokens", 0n));
        toInt(given(args, "max_tokens", BigInt(MAX_SEQUENCE)));
        const topK = toInt(given(args, "top_k", 100_000n));
        toInt(given(args, "n", 1n));
        this.options.log(`Received new logprobs request: ${describe(prompts, args, ip)}, top_k: ${topK}`);
        checkLength(prompts);

        const sent = given(args, "cache_id", randomUUID());
        const cacheId = str(sent);
        if (!isUuid(cacheId)) {
            throw new PyError(
                "ValueError",
                'Malformed "cache_id", you must use the the value returned in a prior server response',
            );
        }
        const found = await new Promise<Parameters<Scoring["done"]>[0]>((done) => {
            const inputs = given(args, "input", prompts);
            const cacheKey = typeof sent === "bigint" ? sent : cacheId;
            this.batches.push({ kind: "logprobs", inputs, cacheId, cacheKey, topK, done }, caller);
        });
        if (found instanceof PyError) throw found;
        return { cache_id: cacheId, logprobs: found.logprobs, indices: found.indices };
    }
}

function required(args: Args, name: string): PyValue {
    const value = args.get(name);
    if (value === undefined) throw new PyError("KeyError", `'${name}'`);
    return value;
}

function given(args: Args, name: string, otherwise: PyValue): PyValue {
    const value = args.get(name);
    return value === undefined ? otherwise : value;
}

/** Converts a prompt into lists of token ids. It can be a text, a list of texts, a list of ids, or a list of lists of ids. */
function normalizePrompts(prompt: PyValue): bigint[][] {
    const refused = new PyError(
        "ValueError",
        "The prompt must be either a string, a list of strings, a list of integers, or a list of integer lists.",
    );
    let prompts: PyValue = prompt;
    if (typeof prompt === "string") prompts = [encode(prompt)];
    else if (Array.isArray(prompt)) {
        if (prompt.length === 0) throw new PyError("IndexError", "list index out of range");
        if (typeof prompt[0] === "string") {
            if (!prompt.every((item) => typeof item === "string")) throw refused;
            prompts = prompt.map((text) => encode(text as string));
        } else if (isInt(prompt[0])) prompts = [prompt];
    }
    if (!Array.isArray(prompts)) throw refused;
    const lists = prompts.map((list) => {
        if (!Array.isArray(list) || !list.every(isInt)) throw refused;
        const ids = list.map((id) => BigInt(id as bigint | boolean));
        if (ids.some((id) => id >= 2n ** 63n)) throw refused;
        return ids;
    });
    if (lists.some((list) => list.length === 0)) throw new PyError("ValueError", "The prompt must be nonempty.");
    return lists;
}

function checkLength(prompts: bigint[][]): void {
    const longest = Math.max(...prompts.map((prompt) => prompt.length));
    if (longest <= MAX_SEQUENCE) return;
    throw new PyError(
        "ValueError",
        `Your prompt length  = ${longest} is too long. Please make sure len(prompt) + response length <= ` +
            `${MAX_SEQUENCE}. Since this is a public service, we have limited the max length supported. If you want ` +
            "to try longer sequence length, please consider hosting your own service using Alpa.",
    );
}

function describe(prompts: bigint[][], args: Args, ip: string): string {
    const lengths = prompts.map((prompt) => prompt.length).join(", ");
    return `prompt length [${lengths}], api_key: ${str(args.get("api_key") ?? null)}, ip: ${ip}`;
}
