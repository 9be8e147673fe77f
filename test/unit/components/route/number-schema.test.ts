// Proves that the schema for a number written as a string accepts exactly the numbers within the bounds.
import { strict as assert } from "node:assert";
import Ajv from "ajv";
import fc from "fast-check";
import { fractionUpTo, wholeNumber } from "../../../../components/route/number-schema";

const RUNS = { numRuns: 500, seed: 20261128 };
const ajv = new Ajv({ strict: false });
const bound = fc.oneof(fc.integer({ min: 0, max: 1100 }), fc.integer({ min: 0, max: 200_000 }));

describe("a whole number, or its text,", () => {
    it("is accepted only within the bounds", () =>
        fc.assert(
            fc.property(bound, bound, bound, (a, b, value) => {
                const [from, to] = [Math.min(a, b), Math.max(a, b)];
                const check = ajv.compile(wholeNumber(from, to));
                for (const one of [value, from - 1, from, to, to + 1])
                    for (const sent of [one, `${one}`]) assert.equal(check(sent), one >= from && one <= to, `${sent}`);
            }),
            RUNS,
        ));

    const check = ajv.compile(wholeNumber(0, 1024));
    const spellings = [
        "",
        " 3",
        "+3",
        "-1",
        "-0",
        "007",
        "1_0",
        "3.0",
        "1e2",
        "0x10",
        "٣",
        "３",
        "Infinity",
        "nan",
        "3 4",
    ];
    for (const text of spellings) it(`is a plain decimal, not ${JSON.stringify(text)}`, () => assert.ok(!check(text)));
    it("is no other JSON value", () => {
        for (const value of [null, true, [], {}, 1.5]) assert.ok(!check(value), JSON.stringify(value));
    });
});

describe("a fraction, or its text,", () => {
    const cases: [maximum: number, accepted: string[], rejected: string[]][] = [
        [
            1,
            ["0", "0.3", "1", "1.0", "0.999999999"],
            ["1.1", "1.01", "2", "-0.1", ".3", "1.", "3e-1", "inf", "nan", ""],
        ],
        [100, ["0.4", "1", "9.5", "99.99", "100", "100.00"], ["100.1", "101", "1000", "-1", "1e1", "0,4", "00.4"]],
    ];
    for (const [maximum, accepted, rejected] of cases)
        it(`is accepted only up to ${maximum}`, () => {
            const check = ajv.compile(fractionUpTo(maximum));
            for (const text of accepted) assert.ok(check(text) && check(Number(text)), text);
            for (const text of rejected) assert.ok(!check(text), text);
            for (const value of [maximum + 0.1, -0.1, null]) assert.ok(!check(value), `${value}`);
        });
});
