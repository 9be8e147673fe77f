// Proves how `stack review` handles its input: formats, exit codes, what it rejects, and that no output contains a secret.
// The previews here are handwritten; recorded.test.ts reads those of the engine.
import { strict as assert } from "node:assert";
import { bench, callerSpec } from "../../kit";
import { added as come, caller, removed as gone, step } from "../apply/kit";

const URN = "urn:pulumi:intra::alpa-auth::kubernetes:apisix.apache.org/v1alpha1:Consumer::";
const CONSUMER = "kubernetes:apisix.apache.org/v1alpha1:Consumer";

function consumer(name: string, credentials: string[], more: object = {}) {
    const inputs = {
        kind: "Consumer",
        metadata: { name, namespace: "alpa-auth" },
        spec: callerSpec(name, credentials),
    };
    return { urn: `${URN}${name}-consumer`, type: CONSUMER, custom: true, id: `alpa-auth/${name}`, inputs, ...more };
}

/** A type that neither the review nor the policy pack knows. */
const UNKNOWN_TYPE = "pulumi-nodejs:dynamic/alpa-auth:Other";

const digest = (...steps: object[]) => JSON.stringify({ steps, changeSummary: {} });

/** Runs a review of a preview. */
const review = (stdout: string, args: string[] = []) =>
    bench({ says: ({ args }) => (args[0] === "preview" ? { stdout } : undefined) }).ops("stack", "review", ...args);

describe("ops stack review", () => {
    const unknown = step("create", undefined, { ...consumer("x", []), type: UNKNOWN_TYPE });
    const alice = caller("alice", ["a"]);
    const novel = step("update", alice, { ...alice, inputs: { ...alice.inputs, novel: 1 } });
    const statuses: [what: string, text: string, failOn: string | undefined, code: number][] = [
        ["a removed caller", digest(gone("alice")), undefined, 3],
        ["a removed caller, with --fail-on none", digest(gone("alice")), "none", 0],
        ["an added caller", digest(come("bob")), undefined, 0],
        ["an added caller, with --fail-on risk", digest(come("bob")), "risk", 0],
        ["an unknown kind, which the policy pack rejects", digest(unknown), undefined, 3],
        ["an unknown kind, with --fail-on none", digest(unknown), "none", 0],
        ["an unknown property", digest(novel), undefined, 0],
        ["an unknown property, with --fail-on risk", digest(novel), "risk", 3],
        ["nothing", digest(), undefined, 0],
    ];
    for (const [what, text, limit, code] of statuses)
        it(`exits with ${code} for ${what}`, async () => {
            const said = await review(text, limit === undefined ? [] : ["--fail-on", limit]);
            assert.equal(said.code, code, said.out + said.note);
        });

    it("reports the changes of a known and of an unknown input of one component", async () => {
        const without = caller("alice", []);
        const now = { ...without, inputs: { ...without.inputs, novel: 1 } };
        const { out } = await review(digest(step("update", alice, now)), ["--format", "json"]);
        assert.deepEqual(
            JSON.parse(out).findings.map(({ code, evidence }: any) => [code, evidence[0].property]),
            [
                ["credential-revoked", "credentials.a"],
                ["other-change", "novel"],
            ],
        );
    });

    it("fails where the preview counts a change that it does not show", async () => {
        const preview = { steps: [come("bob")], changeSummary: { create: 1, update: 2, same: 3 } };
        const { code, out, note } = await review(JSON.stringify(preview), ["--fail-on", "none"]);
        assert.deepEqual([code, out], [1, ""]);
        assert.match(note, /pulumi preview: must show every change that Pulumi counts \(update: 2 counted, 0 shown\)/);
    });

    it("reports values that are known only at apply, and never as harmless", async () => {
        const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
        const route = (closed: unknown) => ({
            ...alice,
            urn: "urn:pulumi:intra::alpa-auth::alpa-auth:index:ServerRoute::alpa-route",
            type: "alpa-auth:index:ServerRoute",
            inputs: { closed },
        });
        const { out } = await review(
            digest(step("update", route({ retryAfterSeconds: 60 }), route({ retryAfterSeconds: unknownValue }))),
        );
        assert.match(out, /RISK\n {2}unknown-until-apply .*\n.*closed: .* -> .*\(known when applied\)/);
        const credentials = digest(
            step("update", alice, { ...alice, inputs: { credentials: unknownValue, limits: {} } }),
        );
        assert.match((await review(credentials)).out, /Findings: 1 (breaks-callers|risk)\./);
    });

    it("treats a resource that is created and one that is deleted in one run as a rename without an alias", async () => {
        const newState = { ...consumer("alice", ["a"]), urn: `${URN}caller-alice` };
        const { out } = await review(
            digest({ op: "create", urn: newState.urn, newState }, step("delete", consumer("alice", ["a"]))),
            ["--format", "json"],
        );
        const { changes, findings } = JSON.parse(out);
        assert.deepEqual(changes, { replace: 1 });
        assert.equal(findings[0].code, "re-created");
    });

    it("finds nothing in a rename with an alias, which Pulumi shows as `same`", async () => {
        const oldState = consumer("alice", ["a"]);
        const newState = { ...oldState, urn: `${URN}caller-alice` };
        const { out } = await review(digest({ op: "same", urn: newState.urn, oldState, newState }));
        assert.match(out, /nothing changes\. Callers notice nothing/);
    });

    it("reports that a resource that is only removed from the state stays", async () => {
        const urn = "urn:pulumi:intra::alpa-auth::cloudflare:index/zone:Zone::zone";
        const oldState = {
            urn,
            type: "cloudflare:index/zone:Zone",
            custom: true,
            id: "z",
            inputs: { name: "example.com" },
        };
        const kept = digest({ op: "delete", urn, oldState: { ...oldState, retainOnDelete: true } });
        assert.match((await review(kept)).out, /RISK\n {2}left-behind/);
        assert.match(
            (await review(digest({ op: "delete", urn, oldState }))).out,
            /zone-deleted {2}Zone zone is deleted with all its records/,
        );
    });

    it("shows no secret in any format, whether it is marked as secret or not", async () => {
        const secrets = [
            "s3cret-by-name",
            "eyJhbGciOi.eyJrZXkiOi.c2lnbmF0dXJl",
            "hunter2",
            "-----BEGIN PRIVATE KEY-----",
        ];
        const state = (n: number) => {
            const urn = "urn:pulumi:intra::alpa-auth::command:remote:Command::host";
            const inputs = {
                stdin: `${secrets[0]}${n}`,
                create: `${secrets[1]} ${n}`,
                environment: { A: `${secrets[2]}${n}` },
                update: `https://user:${secrets[2]}${n}@host/ ${secrets[3]}`,
                connection: { password: `${secrets[0]}${n}`, host: "10.0.0.1", port: n },
            };
            return { urn, type: "command:remote:Command", custom: true, id: "c", inputs };
        };
        const text = digest({ op: "update", urn: state(1).urn, oldState: state(1), newState: state(2) });
        for (const format of ["text", "json", "markdown"]) {
            const { out } = await review(text, ["--format", format]);
            assert.match(out, /\[secret\]/);
            for (const secret of secrets) assert.ok(!out.includes(secret), `${format}: ${out}`);
        }
    });

    it("reports that an earlier run was interrupted", async () => {
        const says = ({ args }: { args: string[] }) => {
            if (args[0] === "preview") return { stdout: digest() };
            if (args[1] === "export") return { stdout: '{"deployment":{"pending_operations":[{}]}}' };
            return undefined;
        };
        const { out } = await bench({ says }).ops("stack", "review");
        assert.match(out, /state-unfinished/);
        assert.match(out, /pulumi refresh --clear-pending-creates/);
    });
});

describe("ops stack review rejects", () => {
    const refused: [what: string, text: string, problem: RegExp][] = [
        ["a truncated document", digest(gone("alice")).slice(0, 80), /pulumi preview: printed another document/],
        ["JSON that is not a preview", '{"a":1}', /printed another document \(: must have steps\)/],
        [
            "an operation of another version",
            digest({ ...gone("a"), op: "teleport" }),
            /steps\.0\.op: must be an operation that the pinned version of Pulumi knows/,
        ],
        ["a step without states", digest({ op: "create", urn: `${URN}a` }), /must have oldState, newState or both/],
        ["a run that did not end", JSON.stringify({ steps: [], maybeCorrupt: true }), /must be of a completed run/],
        [
            "invalid states, all at once",
            digest({ op: "create", urn: `${URN}a`, newState: {} }, { op: "delete", urn: `${URN}b`, oldState: "gone" }),
            /steps\.0\.newState\.type: [^]*steps\.1\.oldState: /,
        ],
        ["invalid reasons", digest({ ...gone("a"), diffReasons: [1] }), /steps\.0\.diffReasons\.0: /],
    ];
    for (const [what, text, problem] of refused)
        it(what, async () => {
            const { code, note, out } = await review(text);
            assert.equal(code, 1, note + out);
            assert.match(note, problem);
        });

    it("a document that is not JSON, without showing any of it: it may be a secret", async () => {
        for (const text of ["hunter2", '{"a": hunter2-and-much-more-of-it-than-anybody-wants-to-read}', "hun\nter2"])
            assert.doesNotMatch((await review(text)).note, /hun\n|unter/, text);
    });

    it("a preview that failed with a secret in its error, and shows neither that nor terminal control characters", async () => {
        const pem = "-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----";
        const message = `error: no way to https://me:hunter2@host/\nwith Bearer hunter2hunter2hunter2: ${pem}\u001b[2J end\n`;
        const stdout = JSON.stringify({ diagnostics: [{ severity: "error", message }] });
        const fails = (result: object) => bench({ says: ({ args }) => (args[0] === "preview" ? result : undefined) });
        const run = await fails({ code: 255, stdout }).ops("stack", "review");
        const aloud = await fails({ code: 255, stderr: message }).ops("stack", "review");
        for (const { note } of [run, aloud]) {
            assert.match(note, /https:\/\/\[secret\]@host\/\nwith Bearer \[secret\]: \[secret\] \[2J end/);
            assert.doesNotMatch(note, /hunter2/);
            assert.ok(!note.includes("\u001b"));
        }
    });
});
