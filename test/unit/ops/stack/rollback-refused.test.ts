// Proves what `stack rollback` refuses before anything changes, and its messages. Git is real. A fake Pulumi answers
// from memory; where it rejects a plan, it uses the messages of Pulumi's package pkg/resource/deploy.
import { strict as assert } from "node:assert";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "../kit";
import { git, made, repository, rollback, update, usePackages, useRepository, type Options } from "./rollback-kit";
import { exits } from "../kit";

const SALT_TYPE = "random:index/randomUuid:RandomUuid";
const TOKEN = "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken";
const TOKEN_INPUTS = { name: "alpa-auth/intra/nlp/b", duration: "8760h", enabled: true };
const ZONE = "cloudflare:index/zone:Zone";
const both = () => [update(repository.first), update(repository.second)];

describe("ops stack rollback refuses", () => {
    useRepository();
    usePackages();

    it("to re-create revoked credentials without acceptance, and names the callers that need new ones", async () => {
        const history = [update(repository.first), update(repository.second)];
        const salts = ["lab.2026a-key", "alpa-verifier.key-key"].map((name) => made(SALT_TYPE, name));
        const steps = [...salts, made(TOKEN, "nlp.b-token", TOKEN_INPUTS)];
        const refused = await exits(2, rollback(["--to", "1", "--yes"], { history, steps }));
        assert.match(refused.note, /the secrets of lab\/2026a, nlp\/b were deleted .* add --new-credentials/);
        assert.ok(refused.seen.every(({ verb }) => verb === "preview"));
        const accepted = await exits(0, rollback(["--to", "1", "--yes", "--new-credentials"], { history, steps }));
        assert.match(accepted.note, /These callers need new credentials: lab\/2026a, nlp\/b/);
    });

    const never: [what: string, steps: object[], problem: RegExp][] = [
        [
            "a zone that was deleted",
            [made(ZONE, "zone", { name: "example.com" })],
            /zone example\.com: it was deleted with its records/,
        ],
        [
            "to delete a zone",
            [made(ZONE, "zone", { name: "example.com" }, "delete")],
            /zone example\.com: the rollback would delete it with every record/,
        ],
        [
            "a service token whose secret was rotated since",
            [
                {
                    ...made(TOKEN, "nlp.b-token", TOKEN_INPUTS, "update"),
                    oldState: made(TOKEN, "nlp.b-token", { ...TOKEN_INPUTS, clientSecretVersion: 2 }).newState,
                },
            ],
            /nlp\/b: its secret was rotated after that version \(secret version 2 now, 1 then\), and an earlier secret cannot be restored/,
        ],
        [
            "another seed while callers stay",
            [
                made(SALT_TYPE, "seed", {}, "replace"),
                made("kubernetes:core/v1:Secret", "lab.2026a", { metadata: { name: "x" } }, "update"),
            ],
            /seed: the seed of all generated keys is replaced, so no earlier key is restored/,
        ],
    ];
    for (const [what, steps, problem] of never)
        it(`${what}, whatever is accepted`, async () => {
            const { note, seen } = await exits(
                2,
                rollback(["--to", "1", "--yes", "--new-credentials"], {
                    history: both(),
                    steps,
                }),
            );
            assert.match(note, problem);
            assert.ok(seen.every(({ verb }) => verb === "preview"));
        });

    it("a program that breaks a rule of the current policy pack, until an exception with a reason is committed", async () => {
        const steps = [
            made("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "admin", { metadata: { name: "admin" } }),
        ];
        const refused = await exits(2, rollback(["--to", "1", "--yes"], { history: both(), steps }));
        assert.match(refused.out, /policy-violated/);
        assert.match(
            refused.note,
            /--to: the rollback must break no current rule of the policy pack\. admin: Rule known-types of the policy pack: .* policy\/exceptions\.yaml/,
        );
        assert.ok(refused.seen.every(({ verb }) => verb === "preview"));
        const exception = `{ rule: known-types, resource: admin, reason: back to version 1 for a day, until: "2026-11-26" }`;
        mkdirSync(join(repository.root, "policy"));
        writeFileSync(join(repository.root, "policy/exceptions.yaml"), `exceptions: [${exception}]\n`);
        try {
            await exits(0, rollback(["--to", "1", "--yes"], { history: both(), steps }));
        } finally {
            rmSync(join(repository.root, "policy"), { recursive: true });
        }
    });

    const stages: [what: string, phase: string | undefined, then: object, problem: RegExp | undefined][] = [
        [
            "intra-a while the component serves",
            "open",
            {},
            /must have the conversion phase of the stack \(version: intra-a, stack: intra-b, phase open\).* convert run --yes --to intra-a\. Then/,
        ],
        ["intra-a from the first phase", "prepared", {}, /stack: intra-b, phase prepared\).* convert run --yes --to/],
        ["another phase", "open", { phase: "moved" }, /version: intra-b, phase moved, stack: intra-b, phase open\)/],
        [
            "the component while bare metal serves",
            undefined,
            { phase: "open" },
            /version: intra-b, phase open, stack: intra-a\).* convert run --yes\. Then roll back/,
        ],
        ["the same phase", "open", { phase: "open" }, undefined],
    ];
    for (const [what, phase, convert, problem] of stages)
        it(problem ? what : `nothing on a way back to ${what}`, async () => {
            const intraB = "phase" in convert;
            const config = intraB
                ? { "alpa-auth:option": { value: "intra-b" }, "alpa-auth:convert": { objectValue: convert } }
                : {};
            const outputs = { url: "http://127.0.0.1:9", ...(phase && { conversion: { phase } }) };
            const history = [update(repository.first, config), update(repository.second)];
            const { code, note, seen } = await rollback(["--to", "1"], { history, outputs });
            if (problem === undefined) return assert.equal(code, 0, note);
            assert.equal(code, 2, note);
            assert.match(note, problem);
            assert.deepEqual(seen, []);
        });

    it("a stack under conversion", async () => {
        const attempt = { number: 1, to: "intra-b", by: "ada@ops", pid: 42, at: "2026-11-25T13:00:00Z" };
        const type = "pulumi-nodejs:dynamic/alpa-auth:ConversionRecord";
        const resources = [{ type, outputs: { step: { stage: "closed", attempt } } }];
        const says = ({ args }: Call) =>
            args[1] === "export" ? { stdout: JSON.stringify({ deployment: { resources } }) } : undefined;
        const { note } = await exits(2, rollback(["--to", "1"], { says, history: both() }));
        assert.match(note, /intra: a conversion is in progress \(phase closed, ada@ops, pid 42, since 2026-11-25T13/);
    });

    it("a stack whose state changed after its review", async () => {
        let exports = 0;
        const says = ({ args }: Call) => {
            if (args[1] !== "export") return undefined;
            const resources = [
                {
                    urn: "urn:pulumi:intra::alpa-auth::x:y:Z::a",
                    type: "x:y:Z",
                    modified: `2026-11-25T10:00:0${exports++}Z`,
                },
            ];
            return { stdout: JSON.stringify({ deployment: { resources } }) };
        };
        const { note, seen } = await exits(1, rollback(["--to", "1", "--yes"], { history: both(), says }));
        assert.match(note, /the stack has changed since the review .* Nothing was changed\. Run: .* stack history/);
        assert.ok(seen.every(({ verb }) => verb === "preview"));
    });

    const violation = "error: delete is not allowed by the plan: no steps were expected for this resource";
    const broken: [what: string, says: string, then: RegExp][] = [
        ["before it begins", `Previewing update (intra):\n${violation}`, /Nothing was changed\. Run: .* stack history/],
        [
            "after it has begun",
            `Previewing update (intra):\nUpdating (intra):\nerror: resource urn:x violates plan: parent changed`,
            /\(resource urn:x violates plan: parent changed\).* or a value that was unknown in the review is known now\. A part of the rollback may be applied\. Run the rollback again, or apply/,
        ],
    ];
    for (const [what, stdout, then] of broken)
        it(`to do anything else than its review showed, if the stack was changed ${what}`, async () => {
            const says = ({ args }: Call) => (args[0] === "up" ? { code: 255, stdout } : undefined);
            const { note } = await exits(1, rollback(["--to", "1", "--yes"], { history: both(), says }));
            assert.match(note, /intra: the stack has changed since the review/);
            assert.match(note, then);
        });

    it("a target with an older schema, with the error of its program, which rejects the config or the state", async () => {
        const stdout = JSON.stringify({ diagnostics: [{ severity: "error", message: "error: tls: is not known\n" }] });
        const says = ({ args }: Call) => (args[0] === "preview" ? { code: 255, stdout } : undefined);
        const { note } = await exits(
            1,
            rollback(["--to", "1", "--yes"], {
                history: [update(repository.first), update(repository.second)],
                says,
            }),
        );
        assert.match(
            note,
            /version 1: its program rejects its own config or the current state\. .*tls: is not known[^]*Nothing was changed/,
        );
        assert.equal(git("worktree", "list").split("\n").length, 1);
    });

    it("to run during another run, and says that nothing was changed", async () => {
        const says = ({ args }: Call) =>
            args[0] === "up" ? { code: 255, stderr: "error: the stack is currently locked by 1 lock(s)" } : undefined;
        const { note } = await exits(
            1,
            rollback(["--to", "1", "--yes"], {
                history: [update(repository.first), update(repository.second)],
                says,
            }),
        );
        assert.match(note, /locked by another run .* Nothing was changed/);
    });

    const refused: [what: string, history: Options["history"], problem: RegExp][] = [
        [
            "a version that does not exist",
            [],
            /version: must be in the history of intra \(got 1; latest successful updates: none\)/,
        ],
        ["a version without a commit", [update(undefined)], /has no commit \(its program ran outside of git\)/],
        [
            "a version whose commit no longer exists",
            [update("f".repeat(40))],
            /the commit of version 1 is not in this clone \(ffffffffff\)/,
        ],
        [
            "a version that failed",
            [{ ...update("f".repeat(40)), result: "failed" }],
            /must be an update that succeeded \(it is: update, failed\)/,
        ],
        [
            "a version that ran with uncommitted changes",
            [{ ...update(undefined), environment: { "git.head": "f".repeat(40), "git.dirty": "true" } }],
            /ran with uncommitted changes/,
        ],
    ];
    for (const [what, history, problem] of refused)
        it(what, async () => {
            const { note, seen } = await exits(2, rollback(["--to", "1", "--yes"], { history }));
            assert.match(note, problem);
            assert.deepEqual(seen, []);
        });

    it("a work tree with uncommitted changes and pending operations, reported at once", async () => {
        writeFileSync(join(repository.root, "index.ts"), "changed");
        try {
            const says = ({ args }: Call) =>
                args[1] === "export" ? { stdout: '{"deployment":{"pending_operations":[{}]}}' } : undefined;
            const { note } = await exits(2, rollback(["--to", "1"], { history: [update(repository.first)], says }));
            assert.match(note, /work tree: has uncommitted changes \(git status: M index\.ts\)/);
            assert.match(note, /has \d+ pending operations? of/);
        } finally {
            git("checkout", "-q", "index.ts");
        }
        assert.ok(existsSync(repository.root));
    });
});
