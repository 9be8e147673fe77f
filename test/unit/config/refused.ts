import { strict as assert } from "node:assert";

/** A config and all its problems, in order: the whole text of each, or a pattern. */
export type Refused<T = Record<string, unknown>> = [why: string, values: T, ...problems: (string | RegExp)[]];

/** Defines a test for each config: it must have exactly these problems. */
export function itRefuses<T>(refused: Refused<T>[], problems: (values: T) => string[]): void {
    for (const [why, values, ...expected] of refused)
        it(`rejects ${why}`, () => {
            const found = problems(values);
            assert.equal(found.length, expected.length, found.join("\n"));
            expected.forEach((one, i) =>
                typeof one === "string" ? assert.equal(found[i], one) : assert.match(found[i], one),
            );
        });
}
