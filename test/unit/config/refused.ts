import { strict as assert } from "node:assert";

/** A config and all that is wrong with it, in order: the whole text of a problem, or what it must look like. */
export type Refused<T = Record<string, unknown>> = [why: string, values: T, ...problems: (string | RegExp)[]];

/** A test for each config: nothing is missed, and nothing else is complained about. */
export function itRefuses<T>(refused: Refused<T>[], problems: (values: T) => string[]): void {
    for (const [why, values, ...expected] of refused)
        it(`refuses ${why}`, () => {
            const found = problems(values);
            assert.equal(found.length, expected.length, found.join("\n"));
            expected.forEach((one, i) =>
                typeof one === "string" ? assert.equal(found[i], one) : assert.match(found[i], one),
            );
        });
}
