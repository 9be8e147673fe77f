import { strict as assert } from "node:assert";
import { ConfigError } from "../../../config";

/** A config and all its problems, in order: the whole text of each, or a pattern. */
export type Refused<T = Record<string, unknown>> = [why: string, values: T, ...problems: (string | RegExp)[]];

/** Problems of the config that the function parses; none for a valid config. */
export function problemsOf(parsing: () => unknown): string[] {
    try {
        parsing();
        return [];
    } catch (error) {
        assert.ok(error instanceof ConfigError, String(error));
        return error.problems;
    }
}

/** Defines a test for each config: it must have exactly these problems, without a secret or key material in them. */
export function itRefuses<T>(refused: Refused<T>[], problems: (values: T) => string[]): void {
    for (const [why, values, ...expected] of refused)
        it(`rejects ${why}`, () => {
            const found = problems(values);
            assert.equal(found.length, expected.length, found.join("\n"));
            expected.forEach((one, i) =>
                typeof one === "string" ? assert.equal(found[i], one) : assert.match(found[i], one),
            );
            assert.doesNotMatch(found.join("\n"), /s3cret|-----BEGIN|\bMII/);
        });
}
