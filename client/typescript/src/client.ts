import { readCredentialsFile } from "./credentials-file.js";
import { readEnvironment } from "./environment.js";
import { post, type CallOptions } from "./post.js";
import { readSettings, type ClientOptions, type Settings } from "./settings.js";

/** One text or several texts, each as a string or as a list of token ids. */
export type Prompt = string | string[] | number[] | number[][];

/** The defaults are those of Alpa's client. */
export interface CompletionsOptions extends CallOptions {
    /** Smallest number of generated tokens. @default 0 */
    minTokens?: number | undefined;
    /** @default 32 */
    maxTokens?: number | undefined;
    /** Rounded to a tenth by Alpa. @default 1 */
    topP?: number | undefined;
    /** Rounded to a tenth by Alpa: 0.04 is 0, which is greedy. @default 1 */
    temperature?: number | undefined;
    /** Whether the answer begins with the prompt. @default true */
    echo?: boolean | undefined;
}

/** The defaults are those of Alpa's client. */
export interface LogprobsOptions extends CallOptions {
    /** Number of the most likely tokens to return. @default 50 */
    topK?: number | undefined;
    /** Cache id of an earlier answer, to continue from it. @default none */
    cacheId?: string | undefined;
}

/** Alpa's answer, unchanged. */
export interface Completions {
    id: string;
    object: "text_completion";
    /** Unix seconds. */
    created: number;
    /** One choice for each prompt, in order. */
    choices: { text: string }[];
}

/** Alpa's answer, unchanged. */
export interface Logprobs {
    cache_id: string;
    logprobs: number[][];
    indices: number[][];
}

/**
 * Options of a client that is created from a credentials file. A private key is an option, because the file never
 * contains one.
 */
export type FileOptions = ClientOptions & {
    /** Private key in PEM form. Required if the caller's own key pair signs the tokens. */
    privateKey?: string | undefined;
};

/** Calls an Alpa service: the methods, arguments and results of Alpa's own Python client, and errors as types. */
export class Client {
    readonly #settings: Settings;

    /** @throws ConfigurationError with every problem of the options */
    constructor(options: ClientOptions = {}) {
        this.#settings = readSettings(options);
    }

    /**
     * Creates a client from the environment variables of docs/call/README.md.
     * @param options override the environment
     * @throws ConfigurationError with every problem of the variables and the options
     * @throws ExpiredCredentialError if the credential has expired
     */
    static fromEnv(options: ClientOptions = {}, environment: NodeJS.ProcessEnv = process.env): Client {
        return new Client({ ...readEnvironment(environment, options.url), ...options });
    }

    /**
     * Creates a client from the file of `consumer handout`.
     * @param options override the file
     * @throws ConfigurationError with every problem of the file and the options
     * @throws ExpiredCredentialError if the credential has expired
     */
    static fromCredentialsFile(file: string, options: FileOptions = {}): Client {
        const { privateKey, ...others } = options;
        return new Client({ ...readCredentialsFile(file, privateKey), ...others });
    }

    /** Completes one prompt or several prompts. @throws a subclass of AlpaClientError */
    async completions(prompt: Prompt, options: CompletionsOptions = {}): Promise<Completions> {
        const { minTokens = 0, maxTokens = 32, topP = 1, temperature = 1, echo = true } = options;
        const body = {
            model: options.model || this.#settings.defaultModel, // like Alpa's client, treats "" as unset
            prompt,
            min_tokens: minTokens,
            max_tokens: maxTokens,
            temperature,
            top_p: topP,
            echo,
            ...this.#key(),
        };
        return (await post(this.#settings, "completions", body, options, isCompletions)) as unknown as Completions;
    }

    /** Returns the likeliest next tokens of a prompt. @throws a subclass of AlpaClientError */
    async logprobs(prompt: Prompt, options: LogprobsOptions = {}): Promise<Logprobs> {
        const { topK = 50, cacheId } = options;
        const body = {
            model: options.model || this.#settings.defaultModel, // like Alpa's client, treats "" as unset
            prompt,
            top_k: topK,
            ...this.#key(),
            ...(cacheId ? { cache_id: cacheId } : {}), // Alpa rejects null
        };
        return (await post(this.#settings, "logprobs", body, options, isLogprobs)) as unknown as Logprobs;
    }

    /** The body field for Alpa's own key. Left out if no key is set, because Alpa rejects unknown keys. */
    #key(): { api_key?: string } {
        const { apiKey } = this.#settings;
        return apiKey === null ? {} : { api_key: apiKey };
    }

    toString(): string {
        return `Client(${this.#settings.url}, ${String(this.#settings.auth ?? "no credential")})`;
    }

    toJSON(): string {
        return this.toString();
    }

    [Symbol.for("nodejs.util.inspect.custom")](): string {
        return this.toString();
    }
}

function isCompletions({ choices }: Record<string, unknown>): boolean {
    return (
        Array.isArray(choices) &&
        choices.every((choice) => typeof (choice as { text?: unknown } | null)?.text === "string")
    );
}

function isLogprobs({ cache_id, logprobs, indices }: Record<string, unknown>): boolean {
    return typeof cache_id === "string" && Array.isArray(logprobs) && Array.isArray(indices);
}
