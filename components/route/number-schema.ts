/**
 * Schemas of a number that may also be sent as a text, since Alpa parses both with `int()` or `float()`. JSON Schema can bound
 * a text only by a pattern, so each bound is written twice. Texts must be plain decimals; Python's other forms are rejected.
 */
export function wholeNumber(minimum: number, maximum: number) {
    return {
        anyOf: [
            { type: "integer", minimum, maximum },
            { type: "string", pattern: `^(?:${decimals(minimum, maximum)})$` },
        ],
    };
}

/** Schema of a number from 0 to `maximum`, with fractions. */
export function fractionUpTo(maximum: number) {
    const below = `(?:${decimals(0, maximum - 1)})(?:\\.[0-9]+)?`;
    return {
        anyOf: [
            { type: "number", minimum: 0, maximum },
            { type: "string", pattern: `^(?:${below}|${maximum}(?:\\.0+)?)$` },
        ],
    };
}

/** Pattern of the whole numbers from `from` to `to` in decimal form, without leading zeros. */
function decimals(from: number, to: number): string {
    const lengths = Array.from({ length: `${to}`.length }, (_, i) => i + 1).filter(
        (length) => length >= `${from}`.length,
    );
    return lengths
        .map((length) => {
            const least = length === 1 ? 0 : 10 ** (length - 1);
            return sameLength(`${Math.max(from, least)}`, `${Math.min(to, 10 ** length - 1)}`);
        })
        .join("|");
}

/** Like {@link decimals}, for two numbers with the same number of digits. */
function sameLength(from: string, to: string): string {
    if (from === to) return from;
    const [first, last] = [Number(from[0]), Number(to[0])];
    const [restFrom, restTo] = [from.slice(1), to.slice(1)];
    if (first === last) return `${first}(?:${sameLength(restFrom, restTo)})`;
    const zeros = /^0*$/.test(restFrom);
    const nines = /^9*$/.test(restTo);
    const [low, high] = [zeros ? first : first + 1, nines ? last : last - 1];
    return [
        ...(zeros ? [] : [`${first}(?:${sameLength(restFrom, restFrom.replace(/./g, "9"))})`]),
        ...(low > high ? [] : [`[${low}-${high}]${"[0-9]".repeat(restFrom.length)}`]),
        ...(nines ? [] : [`${last}(?:${sameLength(restTo.replace(/./g, "0"), restTo)})`]),
    ].join("|");
}
