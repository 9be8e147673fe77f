// Proves that a review compares the tokens that an Access policy admits with those that the same run creates and deletes.
import { strict as assert } from "node:assert";
import { UNKNOWN_TEXT } from "../../../../../../policy/resources/values";
import { leftBehind, review, said, step } from "../steps";

const token = (id: string) => ({ serviceToken: { tokenId: id } });
const list = (...includes: unknown[]) => ({ name: "p", decision: "non_identity", includes });
const inputs = { name: "t" };

describe("review of the tokens that an Access policy admits", () => {
    const cases: [what: string, old: object, now: object, tokens: ReturnType<typeof step>[], expected: string[]][] = [
        [
            "a token of another application",
            list(token("a")),
            list(token("a"), token("z")),
            [],
            ["risk authentication-changed"],
        ],
        [
            "a token that stays but is no longer admitted",
            list(token("a"), token("b")),
            list(token("a")),
            [],
            ["breaks-callers credential-revoked"],
        ],
        [
            "a token that is deleted",
            list(token("a"), token("id-of-lab.1-token")),
            list(token("a")),
            [step("ServiceToken", "lab.1-token", inputs, undefined)],
            ["breaks-callers credential-revoked"],
        ],
        [
            "a token that is created",
            list(token("a")),
            list(token("a"), token(UNKNOWN_TEXT)),
            [step("ServiceToken", "lab.1-token", undefined, inputs)],
            ["harmless credential-added"],
        ],
        [
            "a token that is replaced",
            list(token("id-of-lab.1-token")),
            list(token(UNKNOWN_TEXT)),
            [step("ServiceToken", "lab.1-token", inputs, inputs, "replace")],
            ["breaks-callers credential-changed"],
        ],
        [
            "a token that is removed from the state only, and no longer admitted",
            list(token("a"), token("id-of-lab.1-token")),
            list(token("a")),
            [leftBehind("ServiceToken", "lab.1-token", inputs)],
            ["breaks-callers credential-revoked", "risk left-behind"],
        ],
        ["everybody", list(token("a")), list({ everyone: {} }), [], ["breaks-callers authentication-removed"]],
        ["the same in another order", list(token("a"), token("b")), list(token("b"), token("a")), [], []],
    ];
    for (const [what, old, now, tokens, expected] of cases)
        it(`${what}: ${expected.join(", ") || "no finding"}`, () => {
            const findings = review([step("AccessPolicy", "p", old, now), ...tokens]);
            assert.deepEqual(
                findings.map(({ severity, code }) => `${severity} ${code}`),
                expected,
                JSON.stringify(findings),
            );
        });

    const sessions: [old: string, now: string, expected: string][] = [
        ["30m", "1h30m", "risk protection-weakened"],
        ["24h", "1h30m", "harmless changed-inside"],
    ];
    for (const [old, now, expected] of sessions)
        it(`a cookie for ${now}, not ${old}: ${expected}`, () => {
            const lasts = (sessionDuration: string) => ({ ...list(token("a")), sessionDuration });
            const [{ severity, code }] = review([step("AccessPolicy", "p", lasts(old), lasts(now))]);
            assert.equal(`${severity} ${code}`, expected);
        });

    const made: [what: string, inputs: object, expected: string[]][] = [
        ["a token of another application", list(token("a")), ["risk authentication-changed"]],
        [
            "a token of another application in addition",
            list(token(UNKNOWN_TEXT), token("a")),
            ["risk authentication-changed"],
        ],
        ["a token that is made with it", list(token(UNKNOWN_TEXT)), ["harmless added"]],
        ["those that are not known yet", { ...list(), includes: UNKNOWN_TEXT }, ["risk unknown-until-apply"]],
        [
            "in a way that is not known yet",
            { ...list(token("a")), decision: UNKNOWN_TEXT },
            ["risk unknown-until-apply"],
        ],
        ["everybody", list({ everyone: {} }), ["breaks-callers authentication-removed"]],
        ["with bypass", { ...list(token("a")), decision: "bypass" }, ["breaks-callers authentication-removed"]],
    ];
    for (const [what, policy, expected] of made)
        it(`reports for a new policy, ${what}: ${expected.join(", ")}`, () => {
            const findings = review([step("AccessPolicy", "p", undefined, policy)]);
            assert.deepEqual(
                findings.map(({ severity, code }) => `${severity} ${code}`),
                expected,
            );
        });
});

describe("review of an application of Access that is created", () => {
    const of = (...ids: string[]) => ({ name: "a", policies: ids.map((id, i) => ({ id, precedence: i + 1 })) });
    const policy = step("AccessPolicy", "p", undefined, list(token(UNKNOWN_TEXT)));
    const created = (...ids: string[]) => said([policy, step("AccessApplication", "a", undefined, of(...ids))]);

    it("reports nothing else about a policy that the same run creates", () =>
        assert.deepEqual(created(UNKNOWN_TEXT), [
            "harmless added: Access application a is created",
            "harmless added: Access policy p is created",
        ]));

    for (const ids of [["z"], [UNKNOWN_TEXT, "z"]])
        it(`names a policy of another application, ${ids.length === 1 ? "alone" : "in addition to its own"}`, () =>
            assert.equal(
                created(...ids)[0],
                "risk authentication-changed: Access application a names a policy that this run does not create: z",
            ));
});

describe("review of an application of Access that is deleted", () => {
    const gone = step("AccessApplication", "a", { name: "llm" }, undefined);

    it("reports that authentication is removed", () =>
        assert.match(
            said([gone]).join("\n"),
            /^breaks-callers authentication-removed: Access application a is deleted.*$/,
        ));

    it("reports no opening where the tunnel behind it is deleted too", () => {
        const found = said([gone, step("Tunnel", "t", { name: "llm" }, undefined)]).join("\n");
        assert.match(
            found,
            /^breaks-callers access-removed: Access application a is deleted, with the tunnel behind it$/m,
        );
        assert.doesNotMatch(found, /authentication-removed/);
    });
});
