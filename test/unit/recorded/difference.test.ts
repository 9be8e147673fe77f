// Proves that a stored difference between two states is short and leads from the first state to the second. Proves that
// it cannot be applied to another state.
import { strict as assert } from "node:assert";
import * as fc from "fast-check";
import { applied, differenceOf, type Difference } from "../../recorded/difference";

type Case = [title: string, from: object, to: object, difference: Difference | undefined];

const CASES: Case[] = [
    ["equal values", { a: [1] }, { a: [1] }, undefined],
    ["a value", { a: { b: 1, c: 2 } }, { a: { b: 3, c: 2 } }, { changed: { "a.b": [1, 3] } }],
    ["an added key", { a: {} }, { a: { "b.c": 1 } }, { added: { 'a["b.c"]': 1 } }],
    ["a removed key", { a: 1, b: 2 }, { b: 2 }, { removed: { a: 1 } }],
    ["an entry before others", { a: ["b", "c"] }, { a: ["a", "b", "c"] }, { added: { "a[0]": "a" } }],
    ["a removed entry", { a: ["a", "b", "c"] }, { a: ["a", "c"] }, { removed: { "a[1]": "b" } }],
    [
        "a removed entry, and a changed entry",
        { list: [{ name: "a" }, { name: "b", value: "some text" }] },
        { list: [{ name: "b", value: "another text" }] },
        { removed: { "list[0]": { name: "a" } }, changed: { "list[0].value": ["some text", "another text"] } },
    ],
    [
        "what is shorter as a whole",
        { a: [1, 2, 3] },
        { a: [4, 5, 6] },
        {
            changed: {
                a: [
                    [1, 2, 3],
                    [4, 5, 6],
                ],
            },
        },
    ],
    ["a line of a text", { a: "x\ny\nz" }, { a: "x\nw\nz" }, { lines: { a: { changed: { "[1]": ["y", "w"] } } } }],
];

/** Arbitrary printable keys, like those of resource inputs. */
const key = fc.string({ maxLength: 4 }).filter((text) => text !== "__proto__");
const text = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom("a", "b", "c")).map((lines) => lines.join("\n")),
);
const { state } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, text, fc.integer(), fc.constant(null), tie("list"), tie("state")),
    list: fc.array(tie("value")),
    state: fc.dictionary(key, tie("value"), { noNullPrototype: true }),
}));

describe("difference of two states", () => {
    for (const [title, from, to, difference] of CASES)
        it(`has ${title}`, () => {
            assert.deepEqual(differenceOf(from, to), difference);
            assert.deepEqual(applied(from, difference, "test"), to);
        });

    it("leads from any state to any other", () =>
        fc.assert(
            fc.property(state, state, (from, to) => {
                const before = structuredClone(from);
                assert.deepEqual(applied(from, differenceOf(from, to), "test"), to);
                assert.deepEqual(from, before);
            }),
        ));

    const WRONG: [what: string, difference: object, message: RegExp][] = [
        ["of another old value", { changed: { a: [2, 3] } }, /^test: a: must have the old value/],
        ["that removes another value", { removed: { "list[0]": "y" } }, /^test: list\[0\]: must have the old value/],
        ["that adds an existing key", { added: { a: 1 } }, /^test: a: must be new/],
        ["in a value that does not exist", { added: { "b.c": 1 } }, /^test: b\.c: must be in a map or a list/],
        ["of an unknown kind", { moved: {} }, /^test: must have removed, added, changed and lines only/],
    ];
    for (const [what, difference, message] of WRONG)
        it(`rejects a difference ${what}`, () =>
            assert.throws(() => applied({ a: 1, list: ["x"] }, difference, "test"), { message }));
});
