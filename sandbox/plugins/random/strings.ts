import { randomBytes, randomInt } from "node:crypto";

export interface StringSettings {
    length: number;
    upper: boolean;
    minUpper: number;
    lower: boolean;
    minLower: number;
    numeric: boolean;
    minNumeric: number;
    special: boolean;
    minSpecial: number;
    overrideSpecial?: string;
}

const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER = "abcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

/** Characters for the rest of a string, after the minimum numbers. */
export function alphabet(settings: StringSettings): string {
    return [
        settings.upper ? UPPER : "",
        settings.lower ? LOWER : "",
        settings.numeric ? DIGITS : "",
        settings.special ? settings.overrideSpecial || SPECIAL : "",
    ].join("");
}

const pick = (characters: string, count: number) =>
    Array.from({ length: count }, () => characters[randomInt(characters.length)]);

/** A string with at least the minimum number of each kind, in random order. A minimum counts even for a disabled kind. */
export function randomString(settings: StringSettings): string {
    const characters = [
        ...pick(DIGITS, settings.minNumeric),
        ...pick(LOWER, settings.minLower),
        ...pick(UPPER, settings.minUpper),
        ...pick(settings.overrideSpecial || SPECIAL, settings.minSpecial),
    ];
    characters.push(...pick(alphabet(settings), settings.length - characters.length));
    for (let i = characters.length - 1; i > 0; i--) {
        const j = randomInt(i + 1);
        [characters[i], characters[j]] = [characters[j], characters[i]];
    }
    return characters.join("");
}

/** 16 random bytes formatted as a UUID, without version bits, as in the provider. */
export function randomUuid(): string {
    const hex = randomBytes(16).toString("hex");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
