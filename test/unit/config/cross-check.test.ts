// Proves that a check across several keys also runs when some keys are invalid, and which values the check then gets.
import { strict as assert } from "node:assert";
import * as z from "zod";
import { at, crossCheck, type Problem, type Sound } from "../../../config/cross-check";

const schema = z.strictObject({
    size: z.number().refine((n) => n > 0, { error: "must be above 0" }),
    colour: z.enum(["red", "blue"]).default("red"),
    parts: z.array(z.strictObject({ name: z.string(), weight: z.number().optional() })).default([]),
});

const DIFFERS = at`${["size"]}: differs. Change it.`;

/** Runs a check. @returns the arguments that it got, and the messages of all issues */
function checked(values: unknown, ...problems: Problem[]) {
    let seen: Sound<z.infer<typeof schema>> | undefined;
    const check = crossCheck<z.infer<typeof schema>>((config) => {
        seen = config;
        return problems;
    });
    const { error } = schema.check(check).safeParse(values, { error: ({ code }) => code });
    return { seen, messages: (error?.issues ?? []).map(({ path, message }) => [...path, message].join(" ")) };
}

describe("a check of several keys", () => {
    it("gets the parsed value, with its defaults", () =>
        assert.deepEqual(checked({ size: 1 }), { seen: { size: 1, colour: "red", parts: [] }, messages: [] }));

    it("runs although a key is missing, unknown or of a wrong type, and its problems come last", () => {
        const { messages } = checked({ colour: "green", sice: 1 }, DIFFERS);
        assert.deepEqual(messages, ["size invalid_type", "colour invalid_value", "unrecognized_keys"]);
        assert.deepEqual(checked({ size: 1, sice: 1 }, DIFFERS).messages, [
            "unrecognized_keys",
            "size differs. Change it.",
        ]);
    });

    it("gets no value of a wrong type, but values that break another rule", () => {
        const parts = [{ name: "a", weight: "1" }, "b", { name: "c" }];
        const { seen } = checked({ size: 0, colour: "green", parts });
        assert.deepEqual(seen, {
            size: 0,
            colour: undefined,
            parts: [{ name: "a", weight: undefined }, undefined, { name: "c" }],
        });
    });

    it("does not report a value of a wrong type as missing, and an unknown key only once", () => {
        const problems = [
            at`${["size"]}: required.`,
            at`${["colour"]}: must fit size.`,
            at`${["sice"]}: only valid alone.`,
        ];
        assert.deepEqual(checked({ size: "1", sice: 2 }, ...problems).messages, [
            "size invalid_type",
            "unrecognized_keys",
            "colour must fit size.",
        ]);
    });

    it("does not run on a value that is not a mapping", () => assert.equal(checked("text").seen, undefined));
});
