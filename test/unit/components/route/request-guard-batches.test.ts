// Proves that accepted requests of several callers never end Alpa's batch loop together. The route is rendered by this
// project, and the gateway and Alpa are emulators. test/engine/gateway/guard.test.ts tests single requests.
import { strict as assert } from "node:assert";
import fc from "fast-check";
import { GuardedAlpa, type Call } from "./guarded-alpa";
import { GUARD } from "./guard-settings";

/** Alpa's batch size. */
const CALLERS = 4;
/** The same random numbers in every run, so that a failure can be reproduced. */
const RUNS = { numRuns: 150, seed: 20261128 };

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
/** Lengths near both ends, because the sum over the requests of a batch decides. */
const length = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 700, max: 1024 }), fc.constant(1024));
const text = fc.oneof(
    fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" }),
    length.map((tokens) => "a".repeat(tokens)),
    length.map((tokens) => "€".repeat(Math.ceil(tokens / 3))),
);
const ids = length.map((tokens) => Array.from({ length: tokens }, (_, i) => i));
const several = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 5 });
const prompt = fc.oneof(text, ids, several(text), several(ids));
/** A number, or the same number as a string. */
const spelled = (value: fc.Arbitrary<number>) => fc.oneof(value, value.map(String));
const tokens = fc.oneof(fc.integer({ min: 1, max: 32 }), fc.constantFrom(127, 128, 255, 256, 512, 1024));
const minTokens = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 32 }), fc.constantFrom(128, 256));

const completion = fc
    .record({
        prompt,
        min_tokens: optional(spelled(minTokens)),
        max_tokens: optional(spelled(tokens)),
        temperature: optional(spelled(fc.integer({ min: 0, max: 1000 }).map((tenths) => tenths / 10))),
        top_p: optional(spelled(fc.integer({ min: 0, max: 10 }).map((tenths) => tenths / 10))),
        n: optional(spelled(fc.constant(1))),
        echo: optional(fc.boolean()),
    })
    .map((body): Call => ({ path: "completions", body }));
const logprobs = fc
    .record({ prompt: fc.oneof(text, ids), top_k: optional(spelled(fc.integer({ min: 1, max: 100_000 }))) })
    .map((body): Call => ({ path: "logprobs", body }));
const call = fc.oneof({ weight: 5, arbitrary: completion }, { weight: 1, arbitrary: logprobs });
const batch = fc.oneof(fc.tuple(call, call), fc.tuple(call, call, call, call));

const settings: [what: string, guard: Parameters<typeof GuardedAlpa.start>[0]][] = [
    ["with defaults", GUARD],
    ["with min_tokens allowed", { ...GUARD, minTokens: 256 }],
];
for (const [what, chosen] of settings)
    describe(`Alpa behind the guard ${what}`, () => {
        let guarded: GuardedAlpa;
        before(async () => {
            guarded = await GuardedAlpa.start(chosen, CALLERS);
        });
        after(() => guarded.stop());

        it("continues after a long prompt and a request for many tokens in one batch", async () => {
            const { died } = await guarded.inOneBatch([
                { path: "completions", body: { model: "default", prompt: "a".repeat(950) } },
                {
                    path: "completions",
                    body: { model: "default", prompt: "Paris is", min_tokens: 128, max_tokens: 128 },
                },
            ]);
            assert.equal(died, undefined);
        });

        it("continues after every mix of two and four accepted requests", async () => {
            let answered = 0;
            await fc.assert(
                fc.asyncProperty(batch, async (calls) => {
                    const { accepted, died } = await guarded.inOneBatch(calls);
                    assert.equal(died, undefined);
                    answered += accepted.filter((answer) => answer?.status === 200).length;
                }),
                RUNS,
            );
            assert.ok(answered > RUNS.numRuns, `only ${answered} requests were answered`);
        });
    });
