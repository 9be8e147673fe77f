// Proves which limits in tokens a stack may have.
import { strict as assert } from "node:assert";
import type { Limits } from "../../../../components/consumers/limits";
import { parse } from "../../../../config";
import { tokenLimitProblems } from "../../../../config/keys/consumers/schema";
import { pathText } from "../../../../config/problems";
import { interValues } from "../../kit/inter";
import { raw } from "../../kit/intra-a";
import { itRefuses, problemsOf } from "../refused";

const BUDGET: Limits = { maxTokens: 64, concurrent: 4, tokens: 1000, perTokenSeconds: 60 };
const without = (...names: (keyof Limits)[]) =>
    Object.fromEntries(Object.entries(BUDGET).filter(([name]) => !names.includes(name as keyof Limits)));

type Caller = { name: string; limits?: Limits; class?: string };
const problems = (ofStack: Limits | undefined, caller: Omit<Caller, "name">, server: "alpa" | "openai" = "openai") =>
    [...tokenLimitProblems({ limits: ofStack, consumers: [{ name: "lab", ...caller }] }, server)].map(
        ({ path, message }) => `${pathText(path)}: ${message}`,
    );

describe("tokenLimitProblems", () => {
    const accepted: [what: string, ofStack: Limits | undefined, own: Limits | undefined][] = [
        ["no limits", undefined, undefined],
        ["a maximum alone", undefined, { maxTokens: 64 }],
        ["a budget with both bounds", undefined, BUDGET],
        ["a budget of the stack", BUDGET, { maxTokens: 32 }],
        ["a budget with bounds of the stack", { maxTokens: 64, concurrent: 4 }, { tokens: 1000, perTokenSeconds: 60 }],
    ];
    for (const [what, ofStack, own] of accepted)
        it(`accepts ${what}`, () => assert.deepEqual(problems(ofStack, { limits: own }), []));

    for (const missing of [["maxTokens"], ["concurrent"], ["maxTokens", "concurrent"]] as (keyof Limits)[][])
        it(`rejects a budget without ${missing.join(" and ")}, of a caller or of the stack`, () => {
            const [problem, ...more] = problems(undefined, { limits: without(...missing) });
            assert.match(
                problem,
                new RegExp(`^consumers\\[0\\]\\.limits\\.tokens: .* Set ${missing.join(" and ")} too\\.$`),
            );
            assert.deepEqual(more, []);
            assert.match(problems(without(...missing), {})[0], /^limits\.tokens: /);
        });

    it("rejects a budget of a caller in a class, also if the budget is the stack's", () => {
        assert.match(problems(undefined, { limits: BUDGET, class: "batch" })[0], /^consumers\[0\]\.class: .*"batch"/);
        assert.match(problems(BUDGET, { class: "batch" })[0], /^consumers\[0\]\.class: /);
        assert.deepEqual(problems(undefined, { limits: { maxTokens: 64 }, class: "batch" }), []);
    });

    it("rejects every limit in tokens in front of Alpa", () => {
        const found = problems({ maxTokens: 64 }, { limits: BUDGET }, "alpa");
        assert.deepEqual(
            found.map((text) => text.split(":")[0]),
            [
                "limits.maxTokens",
                ...["maxTokens", "tokens", "perTokenSeconds"].map((key) => `consumers[0].limits.${key}`),
            ],
        );
    });
});

describe("a config with limits in tokens", () => {
    const openai = { endpoints: ["10.0.0.11:8000"], models: ["m1"] };
    const config = (limits: Limits, gateway: object = {}) => {
        const consumers = [{ name: "lab", limits, credentials: [{ id: "a", method: "key" }] }];
        return interValues({ alpa: undefined, openai, consumers }, gateway);
    };
    const APART = { sharedCounters: undefined };

    it("is accepted with openai; a maximum needs no shared counters, since nothing is counted", () => {
        for (const values of [config(BUDGET), config({ maxTokens: 64 }, APART)])
            assert.deepEqual(
                problemsOf(() => parse(raw(values))),
                [],
            );
    });

    itRefuses(
        [["a budget of several pods that each would count", config(BUDGET, APART), /^gateway\.sharedCounters: /]],
        (values) => problemsOf(() => parse(raw(values))),
    );
});
