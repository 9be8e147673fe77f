/** The bodies of vLLM's answers. The model generates numbers as words, one for each token. */
import { randomBytes } from "node:crypto";
import { promptsOf, type Fields, type Generation } from "./request";

/** Number of tokens after which the model ends its answer by itself. */
const USUAL_TOKENS = 12;
const WORDS = "one two three four five six seven eight nine ten eleven twelve".split(" ");
/** Length of an embedding. */
const DIMENSIONS = 8;

const now = () => Math.floor(Date.now() / 1000);

/** One token of one answer. `last`: why the answer ends with this token; unset for other tokens. */
interface Token {
    index: number;
    text: string;
    last?: "stop" | "length";
}

/** Number of tokens that one answer has. */
function lengthOf({ maxTokens, minTokens, ignoreEos }: Generation): number {
    return ignoreEos ? maxTokens : Math.min(maxTokens, Math.max(minTokens, USUAL_TOKENS));
}

/** The tokens of all answers, in steps: each step has the next token of each answer. */
export function* steps(asked: Generation): Generator<Token[]> {
    const length = lengthOf(asked);
    const last = length >= asked.maxTokens ? "length" : "stop";
    const answers = asked.prompts.length * asked.n;
    for (let at = 0; at < length; at++) {
        const text = `${at === 0 ? "" : " "}${WORDS[at % WORDS.length]}`;
        const token = { text, ...(at === length - 1 ? { last: last as "stop" | "length" } : {}) };
        yield Array.from({ length: answers }, (_, index) => ({ index, ...token }));
    }
}

function usage(prompt: number, completion: number) {
    return { prompt_tokens: prompt, total_tokens: prompt + completion, completion_tokens: completion };
}

const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);

/** Collects the tokens of one request, and makes the chunks of its stream or its whole answer. */
export class Answer {
    private readonly id: string;
    private readonly created = now();
    private readonly texts: string[];
    private readonly counts: number[];
    private reason: "stop" | "length" = "stop";

    constructor(private readonly asked: Generation) {
        this.id = `${asked.chat ? "chatcmpl" : "cmpl"}-${randomBytes(16).toString("hex")}`;
        const answers = asked.prompts.length * asked.n;
        this.texts = Array.from({ length: answers }, () => "");
        this.counts = Array.from({ length: answers }, () => 0);
    }

    /** Number of tokens of all answers so far. */
    get generated(): number {
        return sum(this.counts);
    }

    /** Chunks before the first token: in a chat, the role. */
    first(): object[] {
        if (!this.asked.chat) return [];
        return this.texts.map((_, index) => {
            const choice = { index, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null };
            return this.chunk(choice, index);
        });
    }

    /** Adds a token. @returns its chunk */
    add({ index, text, last }: Token): object {
        this.texts[index] += text;
        this.counts[index]++;
        if (last) this.reason = last;
        const content = this.asked.chat ? { delta: { content: text } } : { text };
        return this.chunk({ index, ...content, logprobs: null, finish_reason: last ?? null }, index);
    }

    /** Chunks after the last token. */
    end(): object[] {
        return this.asked.usage === "none" ? [] : [{ ...this.head(true), choices: [], usage: this.usage() }];
    }

    whole(): object {
        const choices = this.texts.map((text, index) => {
            const content = this.asked.chat ? { message: { role: "assistant", content: text } } : { text };
            return { index, ...content, logprobs: null, finish_reason: this.reason, stop_reason: null };
        });
        return { ...this.head(false), choices, usage: this.usage() };
    }

    private usage() {
        return usage(sum(this.asked.prompts), this.generated);
    }

    private chunk(choice: object, index: number): object {
        const prompt = this.asked.prompts[Math.floor(index / this.asked.n)];
        const counted = this.asked.usage === "all" ? { usage: usage(prompt, this.counts[index]) } : {};
        return { ...this.head(true), choices: [choice], ...counted };
    }

    private head(stream: boolean) {
        const { chat, model } = this.asked;
        const object = chat ? `chat.completion${stream ? ".chunk" : ""}` : "text_completion";
        return { id: this.id, object, created: this.created, model };
    }
}

/** The answer of /v1/embeddings. The first number of each embedding is the number of tokens. */
export function embeddings(model: string, fields: Fields): object {
    const inputs = promptsOf(fields.input);
    const data = inputs.map((tokens, index) => {
        const numbers = Float32Array.from({ length: DIMENSIONS }, (_, i) => (i === 0 ? tokens : 0));
        const base64 = fields.encoding_format === "base64";
        const embedding = base64 ? Buffer.from(numbers.buffer).toString("base64") : [...numbers];
        return { index, object: "embedding", embedding };
    });
    const id = `embd-${randomBytes(16).toString("hex")}`;
    return { id, object: "list", created: now(), model, data, usage: usage(sum(inputs), 0) };
}

export function modelList(models: readonly string[], max_model_len: number): object {
    const card = { object: "model", created: now(), owned_by: "vllm", parent: null, max_model_len };
    return { object: "list", data: models.map((id) => ({ id, ...card, root: id })) };
}
