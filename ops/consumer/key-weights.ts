/** Weights of keys in Alpa's own queue, and the priority classes that replace these weights at the gateway. */
import { InvalidArgumentError } from "commander";
import { UsageError } from "../errors";

/** Weight of a key that is not in `api_key_weights`: API_KEY_DEFAULT_WEIGHT of Alpa (alpa/serve, b8078a9). */
const DEFAULT_WEIGHT = 10;

/** Class by weight. */
export type WeightClasses = ReadonlyMap<number, string>;

/** Parses the argument `50=interactive,1=batch`. */
export function weightClasses(text: string): WeightClasses {
    const pairs = text.split(",").map((part) => /^\s*(\d+(?:\.\d+)?)\s*=\s*([a-z0-9-]+)\s*$/.exec(part));
    if (pairs.some((pair) => pair === null))
        throw new InvalidArgumentError("must be a list of <weight>=<class>, for example 50=interactive,1=batch.");
    return new Map(pairs.map((pair) => [Number(pair![1]), pair![2]]));
}

/**
 * Returns the class of each key, in the order of the keys; undefined for a key whose weight has no class.
 * @param content parsed JSON of Alpa's keys file
 * @throws UsageError for a weight that no key has; the message contains no key
 */
export function classesOf(keys: string[], content: unknown, classes: WeightClasses): (string | undefined)[] {
    const weights = weightsOf(keys, content);
    const unknown = [...classes.keys()].filter((weight) => !weights.includes(weight));
    if (unknown.length > 0)
        throw new UsageError(
            unknown.map(
                (weight) => `--classes: ${weight} must be the weight of a key (the file has ${distinct(weights)}).`,
            ),
        );
    return weights.map((weight) => classes.get(weight));
}

/** Warning about weights that are not imported; undefined if all keys have the same weight. */
export function lostWeights(keys: string[], content: unknown): string | undefined {
    const weights = weightsOf(keys, content);
    if (new Set(weights).size <= 1) return undefined;
    return `the keys have different weights in Alpa's queue (${distinct(weights)}), and the gateway has no weights. Put their callers into classes: --classes <weight>=<class>,…`;
}

function weightsOf(keys: string[], content: unknown): number[] {
    const { api_key_weights: given } = content as { api_key_weights?: unknown };
    const named = typeof given === "object" && given !== null ? (given as Record<string, unknown>) : {};
    return keys.map((key) => (Object.hasOwn(named, key) ? Number(named[key]) : DEFAULT_WEIGHT));
}

const distinct = (weights: number[]) => [...new Set(weights)].sort((a, b) => a - b).join(", ");
