// The model behind the worker: its tokenizer has one token per UTF-8 byte, and it always generates the same words. The
// argument checks are those of Alpa's generator (alpa-projects/alpa @ b8078a9, examples/llm_serving/generator.py) with
// transformers 4.23 and torch. Where the original raises an exception, the model throws, and the worker's batch loop ends.

import { isInt, PyError, type PyValue } from "./python-value";

/** Largest number of tokens of a prompt and its answer together: the worker's constant max_seq_len. */
export const MAX_SEQUENCE = 1024;

/** Largest number of prompts in one batch: the worker's constant max_batch_size. */
export const MAX_BATCH = 4;

const VOCABULARY = 300;
// Id of the token for byte 0. Smaller ids are special tokens such as padding, which decoding skips.
const FIRST_BYTE_ID = 4;
const PAD = 1n;
/** Number of ids of OPT's tokenizer. OPT's model has 7 more ids. */
const TOKENIZER_SIZE = 50_265n;

/** Weights of the model. With "other" weights, answers are valid, but have other words and probabilities. */
export type Weights = "usual" | "other";

const WORDS = {
    usual: Buffer.from(" one two three four five six seven eight nine ten"),
    other: Buffer.from(" ten nine eight seven six five four three two one"),
};
// Difference between the log probability of a token and that of the next most likely one.
const STEP = { usual: 0.1, other: 0.2 };

const BYTE_IDS = Array.from({ length: 256 }, (_, byte) => BigInt(byte + FIRST_BYTE_ID));
const INT32 = 2n ** 31n;

/** Returns the token ids of a text. CR LF, which browsers send, becomes LF, because the training data had LF. */
export function encode(text: string): bigint[] {
    const sent = text.replace(/\r\n?/g, "\n");
    const lone = /[\ud800-\udfff]+/u.exec(sent);
    if (lone) throw unencodable(sent.slice(0, lone.index), lone[0]);
    return Array.from(Buffer.from(sent), (byte) => BYTE_IDS[byte]);
}

/** Python's error for consecutive surrogates, with their positions counted in characters. */
function unencodable(before: string, lone: string): PyError {
    const start = [...before].length;
    const end = start + lone.length - 1;
    const which =
        lone.length === 1
            ? `character '\\u${lone.charCodeAt(0).toString(16)}' in position ${start}`
            : `characters in position ${start}-${end}`;
    return new PyError("UnicodeEncodeError", `'utf-8' codec can't encode ${which}: surrogates not allowed`);
}

function decode(ids: bigint[]): string {
    const bytes = ids.map((id) => Number(id) - FIRST_BYTE_ID).filter((byte) => byte >= 0 && byte < 256);
    return Buffer.from(bytes).toString("utf8");
}

interface GenerateArgs {
    inputs: PyValue[];
    minTokens: bigint[];
    maxTokens: bigint[];
    /** `n` of the last request in the batch. The real worker uses this value for the whole batch. */
    n: bigint;
    /** `echo` of the last request in the batch. The real worker uses this value for the whole batch. */
    echo: boolean;
    /** @default "usual" */
    weights?: Weights;
}

/** Returns one text per input. @throws PyError where the real generator raises an exception, which ends the batch loop */
export function generate(args: GenerateArgs): string[] {
    if (args.n !== 1n)
        throw new PyError("AssertionError", "n must be 1, because the model returns one answer per prompt");
    const inputs = padded(args.inputs);
    const words = WORDS[args.weights ?? "usual"];
    // The generator measures prompts after padding, so every prompt of a batch has the length of the longest one.
    const promptLength = inputs[0].length;
    const minLength = largest(args.minTokens) + promptLength;
    const maxLength = Math.min(MAX_SEQUENCE, largest(args.maxTokens) + promptLength);
    if (minLength > maxLength) {
        throw new PyError(
            "ValueError",
            `unfeasible length constraints: the minimum ${minLength} is above the maximum ${maxLength}`,
        );
    }
    return args.inputs.map((_, i) => {
        const made: bigint[] = [];
        while (promptLength + made.length < maxLength) {
            made.push(BYTE_IDS[words[made.length % words.length]]);
        }
        // With echo the prompt is decoded too. The tokenizer returns None for an unknown id, and Python cannot join None to
        // a text.
        if (args.echo && inputs[i].some((id) => id >= TOKENIZER_SIZE))
            throw new PyError("TypeError", "sequence item 0: expected str instance, NoneType found");
        const all = [...inputs[i], ...made];
        return decode(all.slice(args.echo ? 0 : promptLength, promptLength + Number(args.maxTokens[i])));
    });
}

/** Returns for each input the log probabilities of the next token, most likely token first. @throws PyError like `generate` */
export function forward(
    inputs: PyValue[],
    topK: bigint,
    weights: Weights = "usual",
): { logprobs: number[][]; indices: number[][] } {
    if (inputs.length > MAX_BATCH)
        throw new PyError("RuntimeError", "the batch has more sequences than the model was compiled for");
    padded(inputs);
    if (topK < 0n) throw new PyError("RuntimeError", "selected index k out of range");
    const count = Number(topK < BigInt(VOCABULARY) ? topK : BigInt(VOCABULARY));
    const logits = Array.from({ length: VOCABULARY }, (_, i) => -STEP[weights] * i);
    const scale = Math.log(pairwiseSum(logits.map(Math.exp)));
    const best = logits.slice(0, count).map((logit) => logit - scale);
    return { logprobs: inputs.map(() => [...best]), indices: inputs.map(() => best.map((_, i) => i)) };
}

/** Returns the batch as rows of equal length: 32-bit ids, padded to the longest input. */
function padded(inputs: PyValue[]): bigint[][] {
    const rows = inputs.map((input) => {
        if (!Array.isArray(input)) throw new PyError("TypeError", "each input must be a list of token ids");
        return input.map((id) => {
            const value = isInt(id) ? BigInt(id) : undefined;
            if (value === undefined || value >= INT32 || value < -INT32) {
                throw new PyError("RuntimeError", "value cannot be converted to type int without overflow");
            }
            return value;
        });
    });
    const longest = Math.max(...rows.map((row) => row.length));
    return rows.map((row) => [...row, ...Array<bigint>(longest - row.length).fill(PAD)]);
}

function largest(values: bigint[]): number {
    return Math.max(...values.map(Number));
}

/** Adds numbers pairwise, as numpy and torch do. Adding them in order would round differently in the last digit. */
function pairwiseSum(values: number[]): number {
    if (values.length < 3) return values.reduce((sum, value) => sum + value, 0);
    const half = values.length >> 1;
    return pairwiseSum(values.slice(0, half)) + pairwiseSum(values.slice(half));
}
