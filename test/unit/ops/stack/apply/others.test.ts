// Proves that a command on callers never applies changes of others that break callers, and that a revocation is not rejected
// because of them: it is applied alone. Pulumi is a fake; test/engine/ops/commands.test.ts runs the real one.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { planRevoke } from "../../../../../ops/consumer/plan";
import type { ReadStack } from "../../../../../ops/stack/settings";
import { cloudflareStack } from "../../../kit/cloudflare";
import { fakeApi } from "../../../kit/fake-api";
import {
    bench,
    exits,
    failsHalfWay,
    STACK_FILE,
    useKubeconfig,
    type BenchOptions,
    type Call,
    type Says,
} from "../../kit";
import { added, caller, removed, step } from "./kit";

const preview = (steps: object[]) => ({ stdout: JSON.stringify({ steps, changeSummary: {} }) });
const few = { requests: 1, perSeconds: 60 };
const lowered = step(
    "update",
    caller("alice", ["a1", "a2", "old"], { ...few, requests: 9 }),
    caller("alice", ["a1", "a2", "old"], few),
);
const HS256 = { method: "jwt", algorithm: "HS256", expires: "2027-06-30" };
const ended = step("update", caller("alice", ["a1", "a2", "old"]), caller("alice", ["a1", "a2"]));

/** A stack with these changes, without and with the edit of the command. */
function stack(without: object[], withEdit: object[], options: BenchOptions = {}) {
    const texts: string[] = [];
    const says: Says = (call: Call) => {
        const text = readFileSync(it.file, "utf8");
        if (call.args[0] === "up") texts.push(text);
        const own = options.says?.(call);
        if (own) return own;
        if (call.args[0] !== "preview") return undefined;
        return preview(text === (options.text ?? STACK_FILE) ? without : withEdit);
    };
    const it = bench({ outputs: {}, ...options, says });
    const ups = () => it.calls.map(({ args }) => args).filter(([verb]) => verb === "up");
    return { ...it, ups, texts };
}

describe("ops, a change while others have unapplied changes", () => {
    const ADD = ["consumer", "add", "bob", "--yes"];

    it("rejects an addition that would also remove a caller, and undoes the edit", async () => {
        const it = stack([removed("carol")], [removed("carol"), added("bob")]);
        const { note } = await exits(3, it.ops(...ADD));
        assert.match(
            note,
            /intra: the run would also apply 1 change of others that break callers \(caller-removed: Caller carol/,
        );
        assert.match(note, /Nothing was changed\.$/m);
        assert.equal(it.text(), STACK_FILE);
        assert.deepEqual(it.ups(), []);
    });

    it("applies an addition with changes of others that break no caller, and shows them", async () => {
        const it = stack([added("eve")], [added("eve"), added("bob")]);
        const { note } = await exits(0, it.ops(...ADD));
        assert.match(note, /Caller eve gets access/);
        assert.equal(it.ups().length, 1);
    });

    it("applies an expiry whose day has come with an addition", async () => {
        const it = stack([ended], [ended, added("bob")]);
        await exits(0, it.ops(...ADD));
    });

    for (const [what, before, code] of [
        ["applies lower limits that follow from the edit", [], 0],
        ["rejects lower limits that do not follow from the edit", [lowered], 3],
    ] as const)
        it(what, async () => {
            const it = stack([...before], [lowered]);
            const set = ["consumer", "set-limits", "alice", "--requests", "1", "--per-seconds", "60", "--yes"];
            const { note } = await exits(code, it.ops(...set));
            assert.match(note, /limit-lowered/);
            assert.equal(it.text() === STACK_FILE, code === 3);
        });
});

describe("ops, a revocation while others have unapplied changes", () => {
    const REVOKE = ["consumer", "revoke", "alice", "a1", "--yes"];
    const ALONE = [
        "**:StackIdentity::*",
        "**:ConversionRecord::*",
        "**::alice",
        "**::pulumi:providers:kubernetes::cluster",
        "**::alice-consumer",
        "**::alice.*",
        "**:Revocations::*",
    ].flatMap((one) => ["--target", one]);
    const targets = (args: string[]) => args.slice(2, -4);

    useKubeconfig();
    // A cluster without the gateway: nothing accepts the credentials. revoke.test.ts has the proof at its pods.
    beforeEach(async () => {
        const { kubeconfig } = await fakeApi((path) => (/(consumers|secrets)$/.test(path) ? { items: [] } : undefined));
        writeFileSync(process.env.KUBECONFIG!, kubeconfig);
    });

    it("is applied as a whole when nothing else would change", async () => {
        const it = stack([], []);
        await exits(0, it.ops(...REVOKE));
        assert.deepEqual(it.ups().map(targets), [[]]);
    });

    it("is applied alone, and says what else would be applied", async () => {
        const it = stack([removed("carol")], []);
        const { out, note } = await exits(0, it.ops(...REVOKE));
        assert.match(note, /Caller carol loses access[^]*These changes are not of this command/);
        assert.match(out, /Only the revocation is applied/);
        assert.match(out, /Next: npm run ops -- stack review/);
        assert.deepEqual(it.ups().map(targets), [ALONE]);
        assert.doesNotMatch(it.text(), /id: a1/);
    });

    it("keeps credentials of the caller that others have removed, and names those that it cannot keep", async () => {
        const urn = "urn:pulumi:intra::alpa-auth::x$random:index/randomUuid:RandomUuid::alice.ci-jwt-secret";
        const salt = { urn, type: "random:index/randomUuid:RandomUuid", id: "s" };
        const inputs = { credentials: { a1: { method: "key" }, ci: HS256, own: { method: "key" } } };
        const state = { deployment: { resources: [{ ...caller("alice", []), inputs }, salt] } };
        const it = stack([step("update", caller("alice", ["a1", "ci"]), caller("alice", ["a1"]))], [], {
            says: ({ args }) => (args[1] === "export" ? { stdout: JSON.stringify(state) } : undefined),
        });
        const { note } = await exits(0, it.ops(...REVOKE));
        assert.match(it.texts[0], /id: ci, method: jwt, algorithm: HS256, expires: "2027-06-30"/);
        assert.doesNotMatch(it.texts[0], /id: a1|id: own/);
        assert.match(note, /^alice\/own: stops working too/m);
        assert.doesNotMatch(it.text(), /id: ci/);
    });

    it("is applied alone when the present config cannot be previewed", async () => {
        const it = stack([], [], { says: ({ args }) => (args[0] === "preview" ? { code: 255 } : undefined) });
        const { note } = await exits(0, it.ops(...REVOKE));
        assert.match(note, /the changes of others are unknown/);
        assert.deepEqual(it.ups().map(targets), [ALONE]);
    });

    it("of a whole caller first takes its credentials away, and then writes that the caller is removed", async () => {
        const it = stack([added("eve")], []);
        await exits(0, it.ops("consumer", "remove", "alice", "--yes"));
        assert.match(it.texts[0], /name: alice\n {10}credentials: \[\]/);
        assert.doesNotMatch(it.text(), /alice/);
    });

    it("of a service token disables the token, and then writes that it is removed", () => {
        const text = `config:
    alpa-auth:consumers:
        - name: alice
          credentials:
              - { id: a1, method: service-token }
`;
        const consumers = [{ name: "alice", credentials: [{ id: "a1", method: "service-token" }] }];
        const { alone, after } = planRevoke(
            { text, flag: "", settings: cloudflareStack({ consumers }) } as ReadStack,
            "alice",
            "a1",
        );
        const run = alone!({});
        assert.match(run.text, /\{ id: a1, method: service-token, enabled: false \}/);
        assert.deepEqual(run.targets, ["**:StackIdentity::*", "**::alice", "**::alice.a1-token"]);
        assert.doesNotMatch(after!, /a1/);
    });

    it("names the same run again when it fails half way, and not one that applies the changes of others", async () => {
        const it = stack([removed("carol")], [], { says: failsHalfWay() });
        const { note } = await exits(1, it.ops(...REVOKE));
        const run = ["pulumi up -s intra", ...ALONE.map((word) => (word === "--target" ? word : `'${word}'`))].join(
            " ",
        );
        assert.ok(note.includes(`Correct the error and run: ${run}\n`), note);
    });

    it("is not rejected for uncommitted edits by hand, which the next command still reports", async () => {
        const it = stack([], []);
        const git = (...args: string[]) =>
            execFileSync("git", ["-C", it.folder, "-c", "user.name=x", "-c", "user.email=x@example.com", ...args]);
        git("init", "-q");
        git("add", ".");
        git("commit", "-qm", "x");
        appendFileSync(it.file, "# by hand\n");
        const { note } = await exits(0, it.ops(...REVOKE));
        assert.match(note, /warning: Pulumi\.intra\.yaml: has uncommitted changes that alpa-auth did not make/);
        const next = await exits(2, it.ops("consumer", "add", "bob", "--yes"));
        assert.match(next.note, /has uncommitted changes that alpa-auth did not make/);
    });
});
