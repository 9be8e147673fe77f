// Alpa's model worker (alpa-projects/alpa @ b8078a9, examples/llm_serving/launch_model_worker.py): authentication, the checks
// of a request, and their order. Two faults of the original are kept: a field `input` of the request replaces the checked
// prompt, and a rejection waits until the current batch is finished.

import { randomUUID } from "node:crypto";

import { BatchLoop, type BatchOptions, type Scoring } from "./batches";
import { encode, MAX_BATCH, MAX_SEQUENCE } from "./model";
import { isInt, isUuid, PyError, roundToTenth, str, toBool, toFloat, toInt, type PyValue } from "./python-value";

type Args = Map<string, PyValue>;

interface WorkerOptions extends BatchOptions {
    /** With the keys file and `--block-non-key-access`: every request without a known key is rejected. No key is known. */
    onlyWithKey: boolean;
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
    async handle(path: string, args: Args): Promise<object> {
        await this.batches.idle;
        this.authorize(args);
        if (path.includes("completions")) return this.completions(args);
        if (path.includes("logprobs")) return this.logprobs(args);
        throw new PyError("Invalid url: {request.url}");
    }

    private authorize(args: Args): void {
        if ((args.get("api_key") ?? null) !== null)
            throw new PyError("API key is incorrect, please verify that you have passed the right value");
        // Alpa accepts every value of this field, and serves such a request before others.
        if (args.has("g-recaptcha-response"))
            throw new PyError("unsupported by the sandbox: the field g-recaptcha-response");
        if (this.options.onlyWithKey)
            throw new PyError("No captcha data found. Please contact alpa developers to get an API key.");
    }

    private async completions(args: Args): Promise<object> {
        const prompts = normalizePrompts(required(args, "prompt"));
        const minTokens = toInt(given(args, "min_tokens", 0n));
        const maxTokens = toInt(given(args, "max_tokens", BigInt(MAX_SEQUENCE)));
        const temperature = roundToTenth(toFloat(given(args, "temperature", 1)));
        const topP = roundToTenth(toFloat(given(args, "top_p", 1)));
        if (!(topP >= 0 && topP <= 1)) throw new PyError("");
        if (!(temperature >= 0)) throw new PyError("");
        const n = toInt(given(args, "n", 1n));
        const echo = toBool(given(args, "echo", false));
        if (args.has("stop")) throw new PyError("The stop argument is not implemented");
        checkLength(prompts);

        const texts = prompts.map(
            (prompt) =>
                new Promise<string>((done) => {
                    const input = given(args, "input", prompt);
                    this.batches.push({ kind: "generate", input, minTokens, maxTokens, n, echo, done });
                }),
        );
        return {
            id: randomUUID(),
            object: "text_completion",
            created: Math.floor(Date.now() / 1000),
            choices: (await Promise.all(texts)).map((text) => ({ text })),
        };
    }

    private async logprobs(args: Args): Promise<object> {
        const prompts = normalizePrompts(required(args, "prompt"));
        if (prompts.length > MAX_BATCH) throw new PyError("Please submit a smaller batch");
        if (prompts.some((prompt) => prompt.length !== prompts[0].length)) {
            throw new PyError("All prompts must be the same length to work with current caching implementation");
        }
        toInt(given(args, "min_tokens", 0n));
        toInt(given(args, "max_tokens", BigInt(MAX_SEQUENCE)));
        const topK = toInt(given(args, "top_k", 100_000n));
        toInt(given(args, "n", 1n));
        checkLength(prompts);

        const cacheId = str(given(args, "cache_id", randomUUID()));
        if (!isUuid(cacheId)) {
            throw new PyError('Malformed "cache_id", you must use the value returned in a prior server response');
        }
        const found = await new Promise<Parameters<Scoring["done"]>[0]>((done) => {
            const inputs = given(args, "input", prompts);
            this.batches.push({ kind: "logprobs", inputs, cacheId, topK, done });
        });
        if (found instanceof PyError) throw found;
        return { cache_id: cacheId, logprobs: found.logprobs, indices: found.indices };
    }
}

function required(args: Args, name: string): PyValue {
    const value = args.get(name);
    if (value === undefined) throw new PyError(`'${name}'`);
    return value;
}

function given(args: Args, name: string, otherwise: PyValue): PyValue {
    const value = args.get(name);
    return value === undefined ? otherwise : value;
}

/** Converts a prompt into lists of token ids. It can be a text, a list of texts, a list of ids, or a list of lists of ids. */
function normalizePrompts(prompt: PyValue): bigint[][] {
    const refused = new PyError("The prompt must be a string, or a list of strings, integers or integer lists.");
    let prompts: PyValue = prompt;
    if (typeof prompt === "string") prompts = [encode(prompt)];
    else if (Array.isArray(prompt)) {
        if (prompt.length === 0) throw new PyError("list index out of range");
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
    if (lists.some((list) => list.length === 0)) throw new PyError("The prompt must be nonempty.");
    return lists;
}

function checkLength(prompts: bigint[][]): void {
    const longest = Math.max(...prompts.map((prompt) => prompt.length));
    if (longest <= MAX_SEQUENCE) return;
    throw new PyError(`Your prompt length  = ${longest} is too long. The maximum is ${MAX_SEQUENCE}.`);
}
