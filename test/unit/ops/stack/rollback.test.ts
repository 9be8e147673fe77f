// Proves which program, config and plan `stack rollback` runs, what it refuses before anything changes, and that it leaves
// nothing behind. Git is real, with a repository of its own; a fake Pulumi answers from memory. test/engine/stack/rollback.test.ts
// rolls a stack back.
import { strict as assert } from "node:assert";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { exits, type Call } from "../kit";
import {
    commit,
    git,
    hidden,
    made,
    NOW,
    repository,
    rollback,
    update,
    useRepository,
    type Options,
} from "./rollback-kit";

const namespace = { "alpa-auth:namespace": { value: "before" } };
const both = (config: object = namespace) => [update(repository.first, config), update(repository.second)];
const back = (args: string[] = [], options: Options = {}) =>
    rollback(["--to", "1", ...args], { history: both(), ...options });

describe("ops stack rollback", () => {
    useRepository();

    it("previews the version's program and config, shows the review, and changes nothing", async () => {
        const { out, note, seen, text, calls } = await exits(0, back());
        assert.match(out, /^Review of stack intra: nothing changes/);
        assert.match(out, /Dry run: nothing was changed\. Run again with --yes to roll back/);
        assert.deepEqual(
            seen.map(({ verb, program }) => [verb, program]),
            [["preview", "first"]],
        );
        assert.deepEqual(seen[0].config, {
            encryptionsalt: "v1:abc",
            config: {
                "alpa-auth:option": "intra-a",
                "alpa-auth:cluster": { kubeconfig: { secure: "v1:of-now" } },
                "alpa-auth:namespace": "before",
            },
        });
        assert.match(note, /Config keys with secrets, which keep their current value: cluster\./);
        assert.equal(text(), NOW);
        assert.ok(calls.every(({ args }) => args[0] !== "up" && !args.includes("--show-secrets")));
    });

    it("applies the version with --yes, limited to its plan also for new resources, and leaves no work tree behind", async () => {
        const steps = [made("kubernetes:core/v1:Namespace", "alpa", { metadata: { name: "a" } })];
        const { note, seen } = await exits(0, back(["--yes"], { steps }));
        assert.deepEqual(
            seen.map(({ verb, program }) => [verb, program]),
            [
                ["preview", "first"],
                ["up", "first"],
            ],
        );
        const [plan, ...more] = new Set(seen.map((call) => call.plan));
        assert.ok(plan !== undefined && more.length === 0, "up applies the plan of the preview that was shown");
        assert.ok(!existsSync(plan));
        assert.match(note, /its next pulumi up undoes the rollback\. Revert them: git revert/);
        assert.match(note, /Test the service: npm run ops -- check smoke/);
        assert.equal(git("worktree", "list").split("\n").length, 1);
    });

    it("names the credentials whose secret of that version is not restored, since they were created again", async () => {
        const history = [10, 20].map((minute) =>
            update(repository.first, {}, { startTime: `2026-11-20T10:${minute}:00.000Z` }),
        );
        const salt = (name: string, created: string) => ({
            ...made("random:index/randomUuid:RandomUuid", name).newState!,
            id: name,
            created,
        });
        const [same, again, changed] = [
            salt("lab.a-key", "2026-11-20T10:10:09Z"),
            salt("lab.b-key", "2026-11-20T10:20:09Z"),
            salt("lab.c-key", "2026-11-20T10:20:09Z"),
        ];
        const deployment = { resources: [same, again, changed] };
        const says = ({ args }: Call) =>
            args[1] === "export" ? { stdout: JSON.stringify({ deployment }) } : undefined;
        const steps = [made(changed.type, "lab.c-key", {}, "delete")];
        const { out } = await exits(0, back(["--json"], { history, steps, says }));
        assert.deepEqual(
            JSON.parse(out).findings.flatMap(({ code, says: said }: any) =>
                code === "credential-created-again" ? [said] : [],
            ),
            ["Credential lab/b was created after version 1: its secret of then is lost"],
        );
    });

    it("writes the version's config into the stack file where the program is the same", async () => {
        const history = [update(repository.second, namespace), update(repository.second)];
        const { text } = await exits(0, back(["--yes"], { history }));
        assert.equal(parse(text()).config["alpa-auth:namespace"], "before");
        assert.match(text(), /secure: v1:of-now/);
    });

    it("leaves nothing behind when packages cannot be installed, and shows npm's output", async () => {
        const { TMPDIR = tmpdir(), PATH } = process.env;
        const scratch = mkdtempSync(join(tmpdir(), "alpa-auth-scratch-"));
        writeFileSync(join(scratch, "npm"), "#!/bin/sh\necho 'npm error code E404'; exit 7\n", { mode: 0o755 });
        Object.assign(process.env, { TMPDIR: scratch, PATH: `${scratch}:${PATH}` });
        const head = commit({ "package-lock.json": "{}" });
        try {
            const { note } = await exits(1, back());
            assert.match(note, /npm ci: failed\. Its output: npm error code E404/);
            assert.ok(readdirSync(scratch).every((name) => !name.startsWith("alpa-auth-rollback")));
            assert.equal(git("worktree", "list").split("\n").length, 1);
        } finally {
            Object.assign(process.env, { TMPDIR, PATH });
            git("reset", "-q", "--hard", `${head}~`);
            rmSync(scratch, { recursive: true });
        }
    });

    describe("with the config", () => {
        const FILE = "callers.yaml";
        const token = { id: "a", method: "service-token" };
        const rotated = { ...token, secretVersion: 2, previousSecretExpires: "2026-12-09" };
        const list = (credential: object) => [{ name: "nlp", credentials: [credential] }];

        it("of the stack file in the version's commit, for values with secrets", async () => {
            const head = commit({ "Pulumi.intra.yaml": NOW.replace("of-now", "of-then") });
            commit({ "Pulumi.intra.yaml": NOW });
            const history = [update(head, namespace), update(head)];
            const { note, seen } = await exits(0, back([], { history, folder: repository.root }));
            assert.deepEqual(seen[0].config.config["alpa-auth:cluster"], { kubeconfig: { secure: "v1:of-then" } });
            assert.doesNotMatch(note, /keep their current value/);
            git("reset", "-q", "--hard", repository.second);
        });

        it("of a given file, and names every value that is in none", async () => {
            const tunnel = { "alpa-auth:tunnel": hidden, "alpa-auth:token": hidden };
            const { note } = await exits(2, back([], { history: both(tunnel) }));
            for (const key of ["tunnel", "token"])
                assert.match(
                    note,
                    new RegExp(`${key}: cannot be restored \\(it was secret in version 1, .* --config-file`),
                );
            const given = join(repository.root, ".git/given.yaml");
            writeFileSync(given, "config: { alpa-auth:option: inter }\n");
            const { seen } = await exits(0, back(["--config-file", given], { history: both(tunnel) }));
            assert.deepEqual(seen[0].config, { config: { "alpa-auth:option": "inter" } });
            const none = await exits(2, back(["--config-file", "/none"]));
            assert.match(none.note, /--config-file <file>: must be a file that can be read \(ENOENT\)/);
        });

        it("of the version, but the present secret of a service token that was rotated since", async () => {
            const text = `${NOW}    alpa-auth:consumers: ${JSON.stringify(list(rotated))}\n`;
            const history = both({ "alpa-auth:consumers": { objectValue: list(token) } });
            const { note, seen } = await exits(0, back([], { history, text }));
            assert.deepEqual(seen[0].config.config["alpa-auth:consumers"], list(rotated));
            assert.match(note, /Service tokens that keep their current secret, .*: nlp\/a\./);
        });

        it("of the callers file in the version's commit, with the present secrets too", async () => {
            const named = { "alpa-auth:consumersFile": { value: FILE } };
            const text = `${NOW}    alpa-auth:consumersFile: ${FILE}\n`;
            const then = commit({ [FILE]: `# the lab\n${stringify({ consumers: list(token) })}` });
            const now = commit({ [FILE]: stringify({ consumers: list(rotated) }) });
            const found: string[] = [];
            const says = ({ args }: Call) => {
                if (args.includes("--cwd"))
                    found.push(readFileSync(join(args[args.indexOf("--cwd") + 1], FILE), "utf8"));
                return undefined;
            };
            const history = [update(then, named), update(now, named)];
            const { note } = await exits(0, back([], { history, text, says }));
            assert.match(found[0], /^# the lab\n[^]*secretVersion: 2\n +previousSecretExpires: "2026-12-09"/);
            assert.match(note, /Service tokens that keep their current secret, .*: nlp\/a\./);
            const missing = [update(repository.first, named), update(now, named)];
            assert.match((await exits(2, back([], { history: missing, text }))).note, /callers\.yaml/);
            git("reset", "-q", "--hard", repository.second);
        });
    });
});

describe("ops stack rollback refuses", () => {
    useRepository();

    /** Runs it with --yes; it may only preview. */
    async function refused(code: number, args: string[], options: Options = {}) {
        const said = await exits(code, back(["--yes", ...args], options));
        assert.ok(said.seen.every(({ verb }) => verb === "preview"));
        return said.note;
    }

    it("to re-create revoked credentials without acceptance, and names the callers that need new ones", async () => {
        const TOKEN = "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken";
        const SALT = "random:index/randomUuid:RandomUuid";
        const salts = ["lab.2026a-key", "alpa-verifier.key-key"].map((name) => made(SALT, name));
        const token = made(TOKEN, "nlp.b-token", { name: "alpa-auth/intra/nlp/b", duration: "8760h", enabled: true });
        const steps = [...salts, token];
        assert.match(
            await refused(2, [], { steps }),
            /deleted secrets \(lab\/2026a, nlp\/b\)\. .* add --new-credentials/,
        );
        const accepted = await exits(0, back(["--yes", "--new-credentials"], { steps }));
        assert.match(accepted.note, /These callers need new credentials: lab\/2026a, nlp\/b/);
        const seed = [made("random:index/randomPassword:RandomPassword", "seed", {}, "replace")];
        assert.match(await refused(2, [], { steps: seed }), /deleted secrets \(all generated keys\)/);
    });

    it("a program that breaks a rule of the current policy pack, until an exception with a reason is committed", async () => {
        const type = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding";
        const steps = [made(type, "admin", { metadata: { name: "admin" } })];
        assert.match(
            await refused(2, [], { steps }),
            /--to: the rollback must break no current rule of the policy pack\. admin: Rule known-types of the policy pack: .* policy\/exceptions\.yaml/,
        );
        const exception = `{ rule: known-types, resource: admin, reason: back to version 1 for a day, until: "2026-11-26" }`;
        mkdirSync(join(repository.root, "policy"));
        writeFileSync(join(repository.root, "policy/exceptions.yaml"), `exceptions: [${exception}]\n`);
        try {
            await exits(0, back(["--yes"], { steps }));
        } finally {
            rmSync(join(repository.root, "policy"), { recursive: true });
        }
    });

    it("what its program rejects, for example a revoked key, with the program's error", async () => {
        const message = "error: consumers: lab/ed: this stack has revoked its key on 2026-11-20, as lab/ed.\n";
        const stdout = JSON.stringify({ diagnostics: [{ severity: "error", message }] });
        const says = ({ args }: Call) => (args[0] === "preview" ? { code: 255, stdout } : undefined);
        assert.match(
            await refused(1, [], { says }),
            /version 1: its program cannot be previewed with its config and the current state\. .*lab\/ed: this stack has revoked its key[^]*Nothing was changed\. .* --config-file/,
        );
        assert.equal(git("worktree", "list").split("\n").length, 1);
    });

    const versions: [what: string, history: object[], problem: RegExp][] = [
        ["a version that does not exist", [], /version: must be in the history of intra \(got 1; latest .*: none\)/],
        ["a version without a commit", [update(undefined)], /must be of a commit \(it ran outside of git/],
        ["a version of a missing commit", [update("f".repeat(40))], /a commit in this clone \(got ffffffffff\)/],
        [
            "a version that failed",
            [{ ...update("f".repeat(40)), result: "failed" }],
            /must be an update that succeeded \(it is: update, failed\)/,
        ],
        [
            "a version that ran with uncommitted changes",
            [{ ...update(undefined), environment: { "git.head": "f".repeat(40), "git.dirty": "true" } }],
            /must be of a commit \(it ran .* with uncommitted changes/,
        ],
    ];
    for (const [what, history, problem] of versions)
        it(what, async () => assert.match(await refused(2, [], { history }), problem));

    it("a work tree with uncommitted changes and pending operations, reported at once", async () => {
        writeFileSync(join(repository.root, "index.ts"), "changed");
        try {
            const says = ({ args }: Call) =>
                args[1] === "export" ? { stdout: '{"deployment":{"pending_operations":[{}]}}' } : undefined;
            const note = await refused(2, [], { says });
            assert.match(note, /work tree: has uncommitted changes \(git status: M index\.ts\)/);
            assert.match(note, /has \d+ pending operations? of/);
        } finally {
            git("checkout", "-q", "index.ts");
        }
    });

    it("a stack under conversion", async () => {
        const attempt = { number: 1, to: "intra-b", by: "ada@ops", pid: 42, at: "2026-11-25T13:00:00Z" };
        const type = "pulumi-nodejs:dynamic/alpa-auth:ConversionRecord";
        const resources = [{ type, outputs: { step: { stage: "closed", attempt } } }];
        const says = ({ args }: Call) =>
            args[1] === "export" ? { stdout: JSON.stringify({ deployment: { resources } }) } : undefined;
        const note = await refused(2, [], { says });
        assert.match(note, /intra: a conversion is in progress \(phase closed, ada@ops, pid 42, since 2026-11-25T13/);
    });
});
