// Proves what `ops stack rollback` runs, with which program and config, and what it refuses before anything is changed. Git
// is real, with a repository of its own; Pulumi answers from memory. That a stack gets back is test/chaos/rollback.test.ts.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { bench, type BenchOptions, type Call } from "../kit";

const SALT = "encryptionsalt: v1:abc\n";
const NOW = `${SALT}config:\n    alpa-auth:option: intra-a\n    alpa-auth:cluster:\n        kubeconfig: { secure: v1:of-now }\n`;

let root: string;
let first: string;
let second: string;

const git = (...args: string[]) =>
    execFileSync("git", ["-C", root, "-c", "user.name=a", "-c", "user.email=a@example.com", ...args])
        .toString()
        .trim();

function commit(files: Record<string, string>): string {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
    git("add", "-A");
    git("commit", "-qm", "x");
    return git("rev-parse", "HEAD");
}

before(() => {
    root = mkdtempSync(join(tmpdir(), "alpa-auth-rollback-test-"));
    git("init", "-q");
    const lock = JSON.stringify({
        name: "x",
        version: "1.0.0",
        lockfileVersion: 3,
        packages: { "": { name: "x", version: "1.0.0" } },
    });
    first = commit({
        "index.ts": "first",
        "package.json": '{"name":"x","version":"1.0.0"}',
        "package-lock.json": lock,
    });
    second = commit({ "index.ts": "second" });
});
after(() => rmSync(root, { recursive: true, force: true }));

const update = (head: string | undefined, config: object = {}, rest: object = {}) => ({
    version: 0,
    kind: "update",
    result: "succeeded",
    startTime: "2026-11-20T10:00:00.000Z",
    environment: head === undefined ? {} : { "git.head": head },
    config: { "alpa-auth:option": { value: "intra-a" }, "alpa-auth:cluster": { secret: true }, ...config },
    ...rest,
});
const namespace = { "alpa-auth:namespace": { value: "before" } };

const SALT_TYPE = "random:index/randomUuid:RandomUuid";
const made = (type: string, name: string, inputs: object = {}) => {
    const urn = `urn:pulumi:intra::alpa-auth::${type}::${name}`;
    return { op: "create", urn, newState: { urn, type, custom: true, inputs } };
};

interface Options extends BenchOptions {
    history?: object[];
    steps?: object[];
}

/** What the program and its config were at each call that names them. */
async function rollback(args: string[], { history = [], steps = [], ...options }: Options = {}) {
    const seen: { verb: string; program: string; config: any }[] = [];
    const says = (call: Call) => {
        const at = (flag: string) => call.args[call.args.indexOf(flag) + 1];
        if (call.args.includes("--cwd"))
            seen.push({
                verb: call.args[0],
                program: readFileSync(join(at("--cwd"), "index.ts"), "utf8"),
                config: parse(readFileSync(at("--config-file"), "utf8")),
            });
        const own = options.says?.(call);
        if (own) return own;
        if (call.args[1] === "history") return { stdout: JSON.stringify([...history].reverse()) };
        if (call.args[0] === "preview") return { stdout: JSON.stringify({ steps, changeSummary: {} }) };
        return undefined;
    };
    const one = bench({ text: NOW, program: root, ...options, says });
    return { ...one, seen, ...(await one.ops("stack", "rollback", ...args)) };
}

describe("ops stack rollback", () => {
    it("previews the program and the config of then, shows the review, and changes nothing", async () => {
        const history = [update(first, namespace), update(second)];
        const { code, out, note, seen, text, calls } = await rollback(["--to", "1"], { history });
        assert.equal(code, 0, note);
        assert.match(out, /^Review of stack intra: nothing changes/);
        assert.match(note, /Nothing was changed\. To go back: add --yes/);
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
        assert.equal(text(), NOW);
        assert.ok(calls.every(({ args }) => args[0] !== "up" && !args.includes("--show-secrets")));
    });

    it("carries it out with --yes, and leaves no work tree behind", async () => {
        const history = [update(first, namespace), update(second)];
        const { code, note, seen } = await rollback(["--to", "1", "--yes"], { history });
        assert.equal(code, 0, note);
        assert.deepEqual(
            seen.map(({ verb, program }) => [verb, program]),
            [
                ["preview", "first"],
                ["up", "first"],
            ],
        );
        assert.match(note, /the next pulumi up of it undoes this\. Take it back: git revert/);
        assert.match(note, /Not tried from outside: version 1 has no caller smoke/);
        assert.equal(git("worktree", "list").split("\n").length, 1);
    });

    it("runs it in a clean work tree, with the clone's packages where the lock file is the same", async () => {
        mkdirSync(join(root, "node_modules/one"), { recursive: true });
        writeFileSync(join(root, "node_modules/.package-lock.json"), "{}");
        writeFileSync(join(root, "node_modules/one/index.js"), "module.exports = 1;");
        writeFileSync(join(root, ".git/info/exclude"), "node_modules/\n");
        const states: string[] = [];
        const says = ({ args }: Call) => {
            if (!args.includes("--cwd")) return undefined;
            const program = args[args.indexOf("--cwd") + 1];
            states.push(execFileSync("git", ["-C", program, "status", "--porcelain"]).toString());
            states.push(createRequire(join(program, "index.ts")).resolve("one"));
            return undefined;
        };
        try {
            const { code, note } = await rollback(["--to", "1"], { history: [update(first)], says });
            assert.equal(code, 0, note);
            assert.doesNotMatch(note, /npm ci/);
            assert.deepEqual(states, ["", realpathSync(join(root, "node_modules/one/index.js"))]);
        } finally {
            rmSync(join(root, "node_modules"), { recursive: true });
        }
    });

    it("writes the config of then into the stack file where the program is the same", async () => {
        const history = [update(second, namespace), update(second)];
        const { code, note, text } = await rollback(["--to", "1", "--yes"], { history });
        assert.equal(code, 0, note);
        assert.equal(parse(text()).config["alpa-auth:namespace"], "before");
        assert.match(text(), /secure: v1:of-now/);
    });

    it("refuses to make revoked credentials anew, until that is accepted, and says who needs new ones", async () => {
        const history = [update(first), update(second)];
        const steps = [
            made(SALT_TYPE, "lab.2026a-key"),
            made("cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken", "nlp.b-token", {
                name: "x",
            }),
        ];
        const refused = await rollback(["--to", "1", "--yes"], { history, steps });
        assert.equal(refused.code, 2);
        assert.match(refused.note, /the material of lab\/2026a, nlp\/b was deleted .* add --new-credentials/);
        assert.ok(refused.seen.every(({ verb }) => verb === "preview"));
        const accepted = await rollback(["--to", "1", "--yes", "--new-credentials"], { history, steps });
        assert.equal(accepted.code, 0, accepted.note);
        assert.match(accepted.note, /These callers need new credentials: lab\/2026a, nlp\/b/);
    });

    it("never makes a deleted zone anew", async () => {
        const steps = [made("cloudflare:index/zone:Zone", "zone", { name: "example.com" })];
        const { code, note } = await rollback(["--to", "1", "--yes", "--new-credentials"], {
            history: [update(first), update(second)],
            steps,
        });
        assert.equal(code, 2);
        assert.match(note, /zone example\.com: it was deleted, and its records with it/);
    });

    it("says in the earlier program's words why it does not take the config or the state", async () => {
        const stdout = JSON.stringify({ diagnostics: [{ severity: "error", message: "error: tls: is not known\n" }] });
        const says = ({ args }: Call) => (args[0] === "preview" ? { code: 255, stdout } : undefined);
        const { code, note } = await rollback(["--to", "1", "--yes"], {
            history: [update(first), update(second)],
            says,
        });
        assert.equal(code, 1);
        assert.match(
            note,
            /version 1: its program must take its config and the state of today\. .*tls: is not known[^]*Nothing was changed/,
        );
        assert.equal(git("worktree", "list").split("\n").length, 1);
    });

    it("stops at a lock, and says that nothing was changed", async () => {
        const says = ({ args }: Call) =>
            args[0] === "up" ? { code: 255, stderr: "error: the stack is currently locked by 1 lock(s)" } : undefined;
        const { code, note } = await rollback(["--to", "1", "--yes"], {
            history: [update(first), update(second)],
            says,
        });
        assert.equal(code, 1);
        assert.match(note, /must not be locked by another run .* Nothing was changed/);
    });

    const refused: [what: string, history: object[], problem: RegExp, text?: string][] = [
        [
            "a version that is not there",
            [],
            /version: must be one of the history of intra \(got 1, the last are none\)/,
        ],
        ["a version without a commit", [update(undefined)], /must have a commit \(its program ran outside of git\)/],
        [
            "a version whose commit is gone",
            [update("f".repeat(40))],
            /the commit of version 1 must be in this clone \(ffffffffff is gone\)/,
        ],
        [
            "a version that failed",
            [{ ...update("f".repeat(40)), result: "failed" }],
            /must be an update that succeeded \(it is: update, failed\)/,
        ],
        [
            "a version that ran with changes in no commit",
            [{ ...update(undefined), environment: { "git.head": "f".repeat(40), "git.dirty": "true" } }],
            /must be of a clean work tree/,
        ],
    ];
    for (const [what, history, problem] of refused)
        it(`refuses ${what}`, async () => {
            const { code, note, seen } = await rollback(["--to", "1", "--yes"], { history });
            assert.equal(code, 2, note);
            assert.match(note, problem);
            assert.deepEqual(seen, []);
        });

    it("refuses a config whose secrets are in no file", async () => {
        const history = [
            update(first, { "alpa-auth:consumers": { secret: true }, "alpa-auth:token": { secret: true } }),
        ];
        const { code, note } = await rollback(["--to", "1"], { history });
        assert.equal(code, 2);
        assert.match(note, /token: must be known \(it was secret in version 1, and is in no stack file here\)/);
        assert.match(note, /consumers: must be known \(a key in it was secret/);
    });

    it("refuses a work tree with changes in no commit, and pending operations, both at once", async () => {
        writeFileSync(join(root, "index.ts"), "changed");
        try {
            const says = ({ args }: Call) =>
                args[1] === "export" ? { stdout: '{"deployment":{"pending_operations":[{}]}}' } : undefined;
            const { code, note } = await rollback(["--to", "1"], { history: [update(first)], says });
            assert.equal(code, 2);
            assert.match(note, /work tree: must have no uncommitted changes \(git says: M index\.ts\)/);
            assert.match(note, /must have no pending operations/);
        } finally {
            git("checkout", "-q", "index.ts");
        }
        assert.ok(existsSync(root));
    });
});
