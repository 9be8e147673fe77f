// Proves how the review judges a change of a caller's limits in tokens.
import { strict as assert } from "node:assert";
import type { Limits } from "../../../../../components/consumers/limits";
import { caller } from "../../../../../ops/stack/review/meanings/callers";
import { judged, type Scope } from "../../../../../ops/stack/review/meanings/row";

const BUDGET: Limits = { concurrent: 2, maxTokens: 64, tokens: 1000, perTokenSeconds: 60 };

function verdicts(old: Limits, now: Limits) {
    const scope: Scope = { type: "Caller", name: "lab", urn: "", parts: [], today: new Date() };
    return judged(caller.inputs.limits, { path: ["limits"], old, new: now } as never, scope);
}

const without = (...names: (keyof Limits)[]): Limits =>
    Object.fromEntries(Object.entries(BUDGET).filter(([name]) => !names.includes(name as keyof Limits)));

describe("review of limits in tokens", () => {
    const cases: [what: string, old: Limits, now: Limits, codes: string[]][] = [
        ["a lower maximum", BUDGET, { ...BUDGET, maxTokens: 32 }, ["request-rejected"]],
        ["a first maximum", without("maxTokens"), BUDGET, ["request-rejected"]],
        ["a higher maximum", BUDGET, { ...BUDGET, maxTokens: 128 }, ["limit-raised"]],
        ["no maximum", BUDGET, without("maxTokens"), ["limit-removed"]],
        ["a smaller budget", BUDGET, { ...BUDGET, tokens: 999 }, ["limit-lowered"]],
        ["the same budget in a longer window", BUDGET, { ...BUDGET, perTokenSeconds: 61 }, ["limit-lowered"]],
        ["a first budget", without("tokens", "perTokenSeconds"), BUDGET, ["limit-lowered"]],
        ["a larger budget", BUDGET, { ...BUDGET, tokens: 1001 }, ["limit-raised"]],
        ["no budget", BUDGET, without("tokens", "perTokenSeconds"), ["limit-removed"]],
        ["no change", BUDGET, { ...BUDGET }, []],
    ];
    for (const [what, old, now, codes] of cases)
        it(`${codes.join(", ") || "nothing"}: ${what}`, () =>
            assert.deepEqual(
                verdicts(old, now).map(({ code }) => code),
                codes,
            ));

    it("says both values in words", () => {
        const [{ says }] = verdicts(BUDGET, { ...BUDGET, tokens: 500 });
        assert.equal(says, "Caller lab has less: 1000 tokens in 60 s becomes 500 tokens in 60 s");
    });
});
