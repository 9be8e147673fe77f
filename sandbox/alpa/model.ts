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

const WORDS = Buffer.from(" one two three four five six seven eight nine ten");
// Difference between the log probability of a token and that of the next most likely one.
const STEP = 0.1;

const BYTE_IDS = Array.from({ length: 256 }, (_, byte) => BigInt(byte + FIRST_BYTE_ID));
const INT32 = 2n ** 31n;

/** Returns the token ids of a text. CR LF, which browsers send, becomes LF, because the training data had LF. */
export function encode(text: string): bigint[] {
    const sent = text.replace(/\r\n?/g, "\n");
    if (/[\ud800-\udfff]/u.test(sent)) throw new PyError("'utf-8' codec can't encode: surrogates not allowed");
    return Array.from(Buffer.from(sent), (byte) => BYTE_IDS[byte]);
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
}

/** Returns one text per input. @throws PyError where the real generator raises an exception, which ends the batch loop */
export function generate(args: GenerateArgs): string[] {
    if (args.n !== 1n) throw new PyError("n must be 1, because the model returns one answer per prompt");
    const inputs = padded(args.inputs);
    // The generator measures prompts after padding, so every prompt of a batch has the length of the longest one.
    const promptLength = inputs[0].length;
    const minLength = largest(args.minTokens) + promptLength;
    const maxLength = Math.min(MAX_SEQUENCE, largest(args.maxTokens) + promptLength);
    if (minLength > maxLength) {
        throw new PyError(`unfeasible length constraints: the minimum ${minLength} is above the maximum ${maxLength}`);
    }
    return args.inputs.map((_, i) => {
        const made: bigint[] = [];
        while (promptLength + made.length < maxLength) {
            made.push(BYTE_IDS[WORDS[made.length % WORDS.length]]);
        }
        // With echo the prompt is decoded too. The tokenizer returns None for an unknown id, and Python cannot join None to
        // a text.
        if (args.echo && inputs[i].some((id) => id >= TOKENIZER_SIZE))
            throw new PyError("sequence item 0: expected str instance, NoneType found");
        const all = [...inputs[i], ...made];
        return decode(all.slice(args.echo ? 0 : promptLength, promptLength + Number(args.maxTokens[i])));
    });
}

/** Returns for each input the log probabilities of the next token, most likely token first. @throws PyError like `generate` */
export function forward(inputs: PyValue[], topK: bigint): { logprobs: number[][]; indices: number[][] } {
    if (inputs.length > MAX_BATCH) throw new PyError("the batch has more sequences than the model was compiled for");
    padded(inputs);
    if (topK < 0n) throw new PyError("selected index k out of range");
    const count = Number(topK < BigInt(VOCABULARY) ? topK : BigInt(VOCABULARY));
    const logits = Array.from({ length: VOCABULARY }, (_, i) => -STEP * i);
    const scale = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
    const best = logits.slice(0, count).map((logit) => logit - scale);
    return { logprobs: inputs.map(() => [...best]), indices: inputs.map(() => best.map((_, i) => i)) };
}

/** Returns the batch as rows of equal length: 32-bit ids, padded to the longest input. */
function padded(inputs: PyValue[]): bigint[][] {
    const rows = inputs.map((input) => {
        if (!Array.isArray(input)) throw new PyError("each input must be a list of token ids");
        return input.map((id) => {
            const value = isInt(id) ? BigInt(id) : undefined;
            if (value === undefined || value >= INT32 || value < -INT32) {
                throw new PyError("value cannot be converted to type int without overflow");
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
