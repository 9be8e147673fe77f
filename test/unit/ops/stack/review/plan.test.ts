// Proves that a plan of `pulumi preview --save-plan` is read as a change, together with its base state.
import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { UNKNOWN_TEXT } from "../../../../../policy/resources/values";
import { bench } from "../../kit";

const TYPE = "alpa-auth:index:Caller";
const URN = `urn:pulumi:intra::alpa-auth::${TYPE}::alice`;
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:abc" };
const credentials = (...ids: string[]) => Object.fromEntries(ids.map((id) => [id, { method: "key" }]));
const secretUrn = "urn:pulumi:intra::alpa-auth::kubernetes:core/v1:Secret::alice.a-secret";

const ZONE = "cloudflare:index/zone:Zone";
const zoneUrn = `urn:pulumi:intra::alpa-auth::${ZONE}::zone`;

const STACK = "pulumi:pulumi:Stack";
const stackUrn = `urn:pulumi:intra::alpa-auth::${STACK}::alpa-auth-intra`;
/** Plan of a stack whose outputs `credentials` and `url` change. */
const outputs = (credentials: unknown, url: unknown) => ({
    [stackUrn]: { steps: ["same"], goal: { ...goal({}, STACK), outputDiff: { updates: { credentials, url } } } },
});

const STATE = {
    manifest: { time: "2026-11-25T10:00:00Z", version: "v3.274.1" },
    resources: [
        {
            urn: URN,
            type: TYPE,
            custom: false,
            inputs: { limits: {}, credentials: credentials("a", "b") },
        },
        {
            urn: secretUrn,
            type: "kubernetes:core/v1:Secret",
            custom: true,
            id: "s",
            inputs: { metadata: { name: "alice.a" }, stringData: SECRET },
        },
        { urn: zoneUrn, type: ZONE, custom: true, id: "z", protect: true, inputs: { name: "example.com" } },
        { urn: stackUrn, type: STACK, custom: false, outputs: { credentials: SECRET, url: "https://a.example.com" } },
    ],
};

const goal = (inputDiff: object, type = TYPE) => ({ type, name: "x", custom: type !== TYPE, inputDiff });
const plan = (resourcePlans: object, manifest: object = { time: "2026-11-25T11:00:00Z", version: "v3.274.1" }) =>
    JSON.stringify({ manifest, resourcePlans });
const revoke = { [URN]: { steps: ["update"], goal: goal({ updates: { credentials: credentials("a") } }) } };

async function review(text: string) {
    const says = ({ args }: { args: string[] }) =>
        args[1] === "export" ? { stdout: JSON.stringify({ deployment: STATE }) } : undefined;
    const { ops, folder } = bench({ says });
    const file = join(folder, "plan.json");
    writeFileSync(file, text);
    const said = await ops("stack", "review", "--plan", file, "--format", "json", "--fail-on", "none");
    return {
        ...said,
        codes: said.code === 0 ? JSON.parse(said.out).findings.map(({ code }: { code: string }) => code) : [],
    };
}

describe("ops stack review --plan", () => {
    const read: [what: string, resources: object, codes: string[]][] = [
        ["nothing", { [URN]: { steps: ["same"], goal: goal({}) } }, []],
        [
            "no default provider of the engine",
            {
                "urn:pulumi:intra::alpa-auth::pulumi:providers:random::default_4_21_2": {
                    steps: ["update"],
                    goal: goal({ updates: { x: "1" } }, "pulumi:providers:random"),
                },
            },
            [],
        ],
        ["an update", revoke, ["credential-revoked"]],
        ["a deletion", { [URN]: { steps: ["delete"] } }, ["caller-removed"]],
        [
            "a creation",
            {
                [URN.replace("alice", "bob")]: {
                    steps: ["create"],
                    goal: goal({ adds: { limits: {}, credentials: credentials("a") } }),
                },
            },
            ["caller-added"],
        ],
        [
            "a secret that changes",
            {
                [secretUrn]: {
                    steps: ["update"],
                    goal: goal(
                        { updates: { stringData: { ...SECRET, ciphertext: "v1:def" } } },
                        "kubernetes:core/v1:Secret",
                    ),
                },
            },
            ["unexplained"],
        ],
        [
            "a rename with an alias",
            {
                [URN.replace("alice", "new")]: {
                    steps: ["update"],
                    goal: { ...goal({ updates: { credentials: credentials("b") } }), aliases: [URN] },
                },
            },
            ["credential-revoked"],
        ],
        [
            "a secret output that becomes plain text",
            outputs({ "alice/a": { key: "a-key" } }, "https://b.example.com"),
            ["protection-weakened"],
        ],
        [
            "a secret output that stays secret",
            outputs({ ...SECRET, ciphertext: "v1:def" }, "https://b.example.com"),
            [],
        ],
        [
            "a secret output whose parts are secret",
            outputs({ "alice/a": { key: SECRET } }, "https://b.example.com"),
            [],
        ],
        ["a secret output that is unknown before the run", outputs(UNKNOWN_TEXT, UNKNOWN_TEXT), []],
        [
            "a zone that does not change",
            { [zoneUrn]: { steps: ["same"], goal: { ...goal({}, ZONE), protect: true } } },
            [],
        ],
        [
            "a zone that is no longer protected",
            { [zoneUrn]: { steps: ["same"], goal: { ...goal({}, ZONE), protect: false } } },
            ["policy-violated"],
        ],
    ];
    for (const [what, resources, codes] of read)
        it(`reads ${what}`, async () => {
            const said = await review(plan(resources));
            assert.equal(said.code, 0, said.note);
            assert.deepEqual(said.codes, codes, said.out);
            assert.ok(!/v1:(abc|def)|a-key/.test(said.out), said.out);
        });

    const refused: [what: string, text: string, problem: RegExp][] = [
        [
            "a plan that is older than the state",
            plan(revoke, { time: "2026-11-25T09:00:00Z" }),
            /--plan: must be newer than the state \(made 2026-11-25T09:00:00Z, state of 2026-11-25T10:00:00Z\)/,
        ],
        [
            "a plan of another version",
            plan(revoke, { time: "2026-11-25T11:00:00Z", version: "v4.0.0" }),
            /must be of the same major version of Pulumi as the state \(got v4\.0\.0/,
        ],
        [
            "a plan of another project",
            plan(revoke).replaceAll("::alpa-auth::", "::shop::"),
            /must be of project alpa-auth \(got shop\)/,
        ],
        [
            "a plan of another stack",
            plan(revoke).replaceAll("pulumi:intra", "pulumi:prod"),
            /must be of stack intra \(got prod\)/,
        ],
        [
            "a plan without the time of its creation",
            plan(revoke, { time: "" }),
            /must have the time at which it was made/,
        ],
        ["a preview", '{"steps":[]}', /It is a preview: use --preview/],
        ["a truncated plan", plan(revoke).slice(0, 40), /must be complete JSON/],
        [
            "a resource without a plan",
            '{"resourcePlans":{"urn:pulumi:intra::alpa-auth::a:b:C::x":null}}',
            /must have steps and a goal/,
        ],
        [
            "steps that are not a list",
            plan(revoke).replace(/"steps":\[[^\]]*\]/, '"steps":5'),
            /must have steps and a goal/,
        ],
        ["an invalid difference", plan({ [URN]: { steps: ["update"], goal: goal({ deletes: 5 }) } }), /and a goal/],
        [
            "an operation of another version",
            plan({ [URN]: { steps: ["teleport"], goal: goal({}) } }),
            /must have only operations that the pinned version of Pulumi knows \(got "teleport"\)/,
        ],
    ];
    for (const [what, text, problem] of refused)
        it(`rejects ${what}`, async () => {
            const { code, note } = await review(text);
            assert.equal(code, 2, note);
            assert.match(note, problem);
        });
});
