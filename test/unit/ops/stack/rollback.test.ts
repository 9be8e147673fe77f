// Proves which program and plan `stack rollback` runs, and that it leaves nothing behind. Git is real, with a repository of
// its own; a fake Pulumi answers from memory. test/chaos/rollback.test.ts proves that a stack is rolled back.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    realpathSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import type { Context } from "../../../../ops/context";
import { git as run } from "../../../../ops/stack/history/commits";
import { withWorkTree } from "../../../../ops/stack/rollback/work-tree";
import type { Call } from "../kit";
import { waitFor } from "../../../../sandbox/processes";
import { identify } from "../../../../sandbox/processes/identity";
import { git, made, NOW, repository, rollback, update, useRepository } from "./rollback-kit";
import { exits } from "../kit";
import { serve } from "../../kit/http";

const namespace = { "alpa-auth:namespace": { value: "before" } };

describe("ops stack rollback", () => {
    useRepository();

    it("previews the version's program and config, shows the review, and changes nothing", async () => {
        const history = [update(repository.first, namespace), update(repository.second)];
        const { out, note, seen, text, calls } = await exits(0, rollback(["--to", "1"], { history }));
        assert.match(out, /^Review of stack intra: nothing changes/);
        assert.match(out, /Dry run: nothing was changed\. Run again with --yes to roll back/);
        assert.match(out, /The commit of this version has no policy\/lists\.yaml: .* Review them\./);
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
        assert.ok(calls.every(({ args }) => args[0] !== "up"));
        assert.ok(!`${out}${note}`.includes("IN-PLAIN"));
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
        const resources = [same, again, changed];
        const says = ({ args }: Call) =>
            args[1] === "export" ? { stdout: JSON.stringify({ deployment: { resources } }) } : undefined;
        const steps = [made(changed.type, "lab.c-key", {}, "delete")];
        const { out } = await exits(0, rollback(["--to", "1", "--json"], { history, steps, says }));
        assert.deepEqual(
            JSON.parse(out).findings.flatMap(({ code, says: said }: any) =>
                code === "credential-created-again" ? [said] : [],
            ),
            ["Credential lab/b keeps the secret that version 2 created: the secret of version 1 is not restored"],
        );
    });

    it("--json prints one document, which says whether it was applied", async () => {
        for (const [args, done] of [
            [[], false],
            [["--yes"], true],
        ] as const) {
            const history = [update(repository.first, namespace), update(repository.second)];
            const { out } = await exits(0, rollback(["--to", "1", "--json", ...args], { history }));
            const { stack, changed, newCredentials } = JSON.parse(out);
            assert.deepEqual([stack, changed, newCredentials], ["intra", done, []]);
        }
    });

    it("applies the version with --yes, limited to its plan also for new resources, and leaves no work tree behind", async () => {
        const history = [update(repository.first, namespace), update(repository.second)];
        const steps = [made("kubernetes:core/v1:Namespace", "alpa", { metadata: { name: "a" } })];
        const { note, seen } = await exits(0, rollback(["--to", "1", "--yes"], { history, steps }));
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
        assert.match(note, /the next pulumi up from this clone undoes the rollback\. Revert the program: git revert/);
        assert.equal(git("worktree", "list").split("\n").length, 1);
    });

    it("says before and after the change that the version has no caller for calls from outside", async () => {
        const says = /No test from outside after the rollback: version 1 has no caller smoke/;
        for (const args of [[], ["--yes"]]) {
            const history = [update(repository.first, namespace), update(repository.second)];
            assert.match((await exits(0, rollback(["--to", "1", ...args], { history }))).out, says);
            const { out } = await exits(0, rollback(["--to", "1", "--json", ...args], { history }));
            assert.match(JSON.parse(out).notTried.join("\n"), says);
        }
    });

    it("exits with 1 if the applied version admits everyone: exit code 3 would mean that nothing has changed", async () => {
        const url = `${await serve((_, answer) => answer.writeHead(200).end("{}"))}/alpa`;
        const objectValue = [{ name: "smoke", credentials: [{ id: "k", method: "key" }] }];
        const consumers = { "alpa-auth:consumers": { value: JSON.stringify(objectValue), objectValue } };
        const history = [update(repository.first, consumers), update(repository.second)];
        const outputs = { url, credentials: { "smoke/k": "KEY-of-smoke-0123456789" } };
        const { note, seen } = await exits(1, rollback(["--to", "1", "--yes"], { history, outputs }));
        assert.match(note, /smoke: \d+ of \d+ checks failed at http:/);
        assert.equal(seen.at(-1)!.verb, "up");
    });

    it("runs the version in a clean work tree, with the clone's packages if the lock file is the same", async () => {
        mkdirSync(join(repository.root, "node_modules/one"), { recursive: true });
        writeFileSync(join(repository.root, "node_modules/.package-lock.json"), "{}");
        writeFileSync(join(repository.root, "node_modules/one/index.js"), "module.exports = 1;");
        writeFileSync(join(repository.root, ".git/info/exclude"), "node_modules/\n");
        const states: string[] = [];
        const says = ({ args }: Call) => {
            if (!args.includes("--config-file")) return undefined;
            const program = args[args.indexOf("--cwd") + 1];
            states.push(execFileSync("git", ["-C", program, "status", "--porcelain"]).toString());
            states.push(createRequire(join(program, "index.ts")).resolve("one"));
            return undefined;
        };
        try {
            const { note } = await exits(0, rollback(["--to", "1"], { history: [update(repository.first)], says }));
            assert.doesNotMatch(note, /npm ci/);
            assert.deepEqual(states, ["", realpathSync(join(repository.root, "node_modules/one/index.js"))]);
        } finally {
            rmSync(join(repository.root, "node_modules"), { recursive: true });
        }
    });

    it("writes the version's config into the stack file where the program is the same", async () => {
        const history = [update(repository.second, namespace), update(repository.second)];
        const { text } = await exits(0, rollback(["--to", "1", "--yes"], { history }));
        assert.equal(parse(text()).config["alpa-auth:namespace"], "before");
        assert.match(text(), /secure: v1:of-now/);
    });
    it("leaves a stack file that was edited while it ran, and says where the version's config is", async () => {
        const history = [update(repository.second, namespace), update(repository.second)];
        const edited = `${NOW}    alpa-auth:maxOverlapDays: 30 # by hand\n`;
        const folder = mkdtempSync(join(tmpdir(), "alpa-auth-edited-"));
        try {
            const says = ({ args }: Call) => {
                if (args[0] === "up") writeFileSync(join(folder, "Pulumi.intra.yaml"), edited);
                return undefined;
            };
            const { note, text } = await exits(0, rollback(["--to", "1", "--yes"], { history, folder, says }));
            assert.equal(text(), edited);
            const said = /Pulumi\.intra\.yaml: changed while the rollback was running, .* by the one in (\S+)\.\n/;
            assert.match(readFileSync(said.exec(note)![1], "utf8"), /alpa-auth:namespace: before/);
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    describe("leaves nothing behind", () => {
        let scratch: string;
        const before = { ...process.env };
        beforeEach(() => {
            scratch = mkdtempSync(join(tmpdir(), "alpa-auth-scratch-"));
            process.env.TMPDIR = scratch;
        });
        afterEach(() => {
            process.env.TMPDIR = before.TMPDIR;
            process.env.PATH = before.PATH;
            if (before.TMPDIR === undefined) delete process.env.TMPDIR;
            rmSync(scratch, { recursive: true });
        });
        const nothingIsLeft = () => {
            assert.deepEqual(
                readdirSync(scratch).filter((name) => name.startsWith("alpa-auth-rollback")),
                [],
            );
            assert.equal(git("worktree", "list").split("\n").length, 1);
        };
        /** Simulates Ctrl-C. A real signal would end the test runner. */
        const press = () => (process.listeners("SIGINT").at(-1) as (name: string) => void)("SIGINT");
        /** Puts a fake `npm` before the real one. */
        const npm = (script: string) => {
            mkdirSync(join(scratch, "bin"));
            writeFileSync(join(scratch, "bin/npm"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
            process.env.PATH = `${join(scratch, "bin")}:${before.PATH}`;
        };

        for (const at of ["preview", "up"])
            it(`when it is interrupted while pulumi ${at} runs, and reports it`, async () => {
                const listeners = process.listenerCount("SIGINT");
                const says = ({ args, signal }: Call) => {
                    if (args[0] !== at) return undefined;
                    press();
                    assert.equal(signal?.aborted, true);
                    return { code: 255, stderr: "error: preview cancelled" };
                };
                const history = [update(repository.first), update(repository.second)];
                const { note, seen, text } = await exits(1, rollback(["--to", "1", "--yes"], { history, says }));
                assert.match(note, at === "up" ? /pulumi up: failed \(interrupted\)/ : /was ended by SIGINT/);
                assert.equal(seen.at(-1)!.verb, at);
                assert.equal(text(), NOW);
                assert.equal(process.listenerCount("SIGINT"), listeners);
                nothingIsLeft();
            });

        it("when it is interrupted while packages are installed: the installation ends at once", async () => {
            npm('sleep 60 & echo $! > "$0.pid"; wait');
            const history = [update(repository.first)];
            const running = rollback(["--to", "1"], { history });
            while (!existsSync(join(scratch, "bin/npm.pid")) || readFileSync(join(scratch, "bin/npm.pid")).length === 0)
                await new Promise((resolve) => setTimeout(resolve, 10));
            const sleeper = Number(readFileSync(join(scratch, "bin/npm.pid"), "utf8"));
            press();
            const { code, note } = await running;
            assert.equal(code, 1, note);
            assert.match(note, /was ended by SIGINT/);
            // A killed process exists until the scheduler has run it once more.
            const gone = () => identify(sleeper) === undefined;
            await waitFor("the end of npm's child processes", gone, { seconds: 25 });
            nothingIsLeft();
        });

        it("when packages cannot be installed, and shows npm's output", async () => {
            npm("echo 'npm error code E404'; exit 7");
            const { note } = await exits(1, rollback(["--to", "1"], { history: [update(repository.first)] }));
            assert.match(note, /npm ci: failed .* \(exit code 7\)\. Its output: npm error code E404/);
            nothingIsLeft();
        });

        it("when packages take too long", async () => {
            npm("echo 'npm http fetch'; sleep 60");
            const context = { program: repository.root, note: () => undefined } as unknown as Context;
            const work = withWorkTree(context, repository.first, { installSeconds: 2 }, async () =>
                assert.fail("it ran"),
            );
            await assert.rejects(work, /npm ci: stopped after 2 s.*npm http fetch/);
            nothingIsLeft();
        });

        it("when git takes too long", async () => {
            const late = run(["-c", "alias.slow=!sleep 60", "slow"], repository.root, { timeoutSeconds: 0.2 });
            await assert.rejects(late, /git slow: stopped after 0\.2 s/);
        });
    });
});
