import { randomBytes } from "node:crypto";

/**
 * bcrypt as the random provider uses it: version 2a, cost 10, from its published description (Provos and Mazières, 1999):
 * Blowfish with an expensive key schedule, whose first state is the binary digits of pi. Node.js has no bcrypt of its own.
 */

/** Rounds are 2 to this power: the default of Go's bcrypt, which the provider does not change. */
const COST = 10;

/** Longest input in bytes; the provider hashes the first 72 of a longer password. */
const LONGEST = 72;

const PLAIN_TEXT = "OrpheanBeholderScryDoubt";

/** bcrypt's own base64: other letters than everyone else's, and no padding. */
const LETTERS = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

const SUBKEYS = 18;
const BOXES = 4 * 256;

/** The first `count` 32-bit words of pi after the point, by Machin's formula. */
function wordsOfPi(count: number): Int32Array {
    const bits = BigInt(count * 32);
    const guard = 64n; // covers the rounding of about 10,000 additions
    const one = 1n << (bits + guard);
    const arctanOfInverse = (x: bigint): bigint => {
        let power = one / x;
        let sum = power;
        for (let n = 3n, sign = -1n; power > 0n; n += 2n, sign = -sign) {
            power /= x * x;
            sum += (sign * power) / n;
        }
        return sum;
    };
    const pi = 4n * (4n * arctanOfInverse(5n) - arctanOfInverse(239n));
    const fraction = (pi - 3n * one) >> guard;
    const hex = fraction.toString(16).padStart(count * 8, "0");
    return Int32Array.from({ length: count }, (_, i) => parseInt(hex.slice(i * 8, i * 8 + 8), 16) | 0);
}

let initial: Int32Array | undefined;

class Blowfish {
    private readonly keys: Int32Array;
    private readonly boxes: Int32Array;
    /** The two halves of the block in work. */
    private readonly block = new Int32Array(2);

    constructor() {
        initial ??= wordsOfPi(SUBKEYS + BOXES);
        this.keys = initial.slice(0, SUBKEYS);
        this.boxes = initial.slice(SUBKEYS);
    }

    encrypt(block: Int32Array): void {
        const { keys, boxes } = this;
        let left = block[0] ^ keys[0];
        let right = block[1];
        for (let i = 1; i <= 16; i += 2) {
            right ^=
                ((((boxes[left >>> 24] + boxes[256 + ((left >>> 16) & 255)]) ^ boxes[512 + ((left >>> 8) & 255)]) +
                    boxes[768 + (left & 255)]) |
                    0) ^
                keys[i];
            left ^=
                ((((boxes[right >>> 24] + boxes[256 + ((right >>> 16) & 255)]) ^ boxes[512 + ((right >>> 8) & 255)]) +
                    boxes[768 + (right & 255)]) |
                    0) ^
                keys[i + 1];
        }
        block[0] = right ^ keys[17];
        block[1] = left;
    }

    /** Mixes a key into the whole state; with a salt, the salt is mixed into every block on the way. */
    expand(key: Int32Array, salt?: Int32Array): void {
        const { keys, boxes, block } = this;
        for (let i = 0; i < SUBKEYS; i++) keys[i] ^= key[i];
        block.fill(0);
        let at = 0;
        for (const part of [keys, boxes]) {
            for (let i = 0; i < part.length; i += 2) {
                if (salt) {
                    block[0] ^= salt[at];
                    block[1] ^= salt[at + 1];
                    at = (at + 2) % 4;
                }
                this.encrypt(block);
                part[i] = block[0];
                part[i + 1] = block[1];
            }
        }
    }
}

/** Repeats bytes until they fill the 18 words that one expansion reads. */
function words(bytes: Buffer, count: number): Int32Array {
    return Int32Array.from({ length: count }, (_, i) => {
        let word = 0;
        for (let j = 0; j < 4; j++) word = (word << 8) | bytes[(i * 4 + j) % bytes.length];
        return word;
    });
}

function encode(bytes: Buffer, characters: number): string {
    let text = "";
    for (let i = 0; i < characters; i++) {
        const bit = i * 6;
        const pair = ((bytes[bit >> 3] ?? 0) << 8) | (bytes[(bit >> 3) + 1] ?? 0);
        text += LETTERS[(pair >> (10 - (bit & 7))) & 63];
    }
    return text;
}

/** Hash of a password, in the form `$2a$10$<22 characters of salt><31 characters of hash>`. */
export function bcryptHash(password: string, salt: Buffer = randomBytes(16), cost: number = COST): string {
    const key = words(Buffer.concat([Buffer.from(password).subarray(0, LONGEST), Buffer.of(0)]), SUBKEYS);
    const cipher = new Blowfish();
    cipher.expand(key, words(salt, 4));
    const saltKey = words(salt, SUBKEYS);
    for (let i = 0; i < 2 ** cost; i++) {
        cipher.expand(key);
        cipher.expand(saltKey);
    }
    const text = words(Buffer.from(PLAIN_TEXT), 6);
    const out = Buffer.alloc(24);
    for (let i = 0; i < 6; i += 2) {
        const block = text.subarray(i, i + 2);
        for (let round = 0; round < 64; round++) cipher.encrypt(block);
        out.writeInt32BE(block[0], i * 4);
        out.writeInt32BE(block[1], i * 4 + 4);
    }
    // The last byte of the 24 is left out, as in every implementation since the first.
    return `$2a$${String(cost).padStart(2, "0")}$${encode(salt, 22)}${encode(out.subarray(0, 23), 31)}`;
}
