// Proves what `npm run ops -- convert` changes in the stack file, in Pulumi and in the record of the conversion. Here, Pulumi is
// a fake and Alpa a small HTTP server; the engine test runs the real Pulumi and the emulated Alpa.
import { strict as assert } from "node:assert";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import fs from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { mock } from "node:test";
import { takeEditLock } from "../../../../../ops/stack/edit-lock";
import { CONVERT_FILE, convertBench, fileAt, VERIFIER_KEY } from "../service";
import { exits, SECRETS } from "../../kit";
import { PLACES } from "../world";

describe("npm run ops -- convert run", () => {
    it("takes the stack through every phase, changes only the phase in its file, and keeps a record without secrets", async () => {
        const { ops, state, text, record, calls } = await convertBench();
        const { out, note } = await exits(0, ops("convert", "run", "--yes"));
        assert.doesNotMatch(out, /commit/, "the folder is not in git");
        assert.deepEqual(state.ups, ["prepare", "drain", "stop", "start", "verify", "switch", "done"]);
        const unseen = calls.filter(({ args }) => args[0] === "up").map(({ args }) => args.includes("--skip-preview"));
        assert.deepEqual(unseen, [false, ...Array<boolean>(6).fill(true)], "the first step is previewed");
        assert.match(out, /Done: intra has option intra-b\. Callers got 503 for at most 0:0\d\./);
        assert.equal(text(), fileAt("done"));
        const entries = record();
        const [begin] = entries;
        assert.ok(
            begin.event === "begin" && begin.versions.pulumi === "v3.274.1" && begin.who.endsWith(`@${hostname()}`),
        );
        const ends = entries.filter((entry) => entry.event === "step-end");
        assert.deepEqual(
            ends.map(({ step, outcome }: any) => `${step} ${outcome}`),
            state.ups.map((step) => `${step} done`),
        );
        const all = JSON.stringify([entries, out, note, calls.map(({ args }) => args), text()]);
        for (const secret of [SECRETS.key, VERIFIER_KEY, "PRIVATE KEY"]) assert.ok(!all.includes(secret), secret);
    });

    it("shows the steps and changes nothing, until --yes", async () => {
        const { ops, state, text, calls, folder } = await convertBench();
        const { out } = await exits(0, ops("convert", "run"));
        assert.match(
            out,
            /│ prepare[^]*│ done[^]*\nDry run: nothing was changed\. Run again with --yes to carry out these steps\.\n$/,
        );
        const asJson = await ops("convert", "run", "--json");
        assert.equal(JSON.parse(asJson.out).to, "intra-b");
        assert.match(asJson.note, /Dry run: nothing was changed/);
        assert.deepEqual(state.ups, []);
        assert.equal(text(), CONVERT_FILE);
        assert.ok(!existsSync(join(folder, ".alpa-auth/convert")));
        assert.ok(calls.every(({ args: [verb] }) => !["up", "cancel", "destroy"].includes(verb)));
    });

    it("draws the steps at most 120 columns wide, with a heading for each column", async () => {
        const { ops } = await convertBench();
        const lines = (await ops("convert", "plan")).out.split("\n").filter((line) => /^[┌│├└]/.test(line));
        assert.ok(lines.every((line) => line.length <= 120));
        const headings = lines[1].split("│").slice(1, -1);
        assert.deepEqual(
            headings.map((one) => one.trim()),
            ["step", "what happens", "callers", "expected", "measured", "rollback from there"],
        );
    });

    it("rolls back to intra-a when the component's answers differ from bare metal's, and verifies that callers are served", async () => {
        const { ops, state, text, record } = await convertBench();
        state.says.component = " Texas";
        const { note } = await exits(1, ops("convert", "run", "--yes"));
        assert.deepEqual(state.ups.slice(5), ["stop", "drain", "prepare", "intra-a"]);
        assert.match(note, /the text is " Texas" instead of " France"/);
        assert.match(note, /It was rolled back to intra-a, which serves/);
        assert.equal(text(), CONVERT_FILE);
        const end = record()
            .filter((entry) => entry.event === "step-end")
            .at(-1)!;
        assert.match((end as any).said, /^alice\/a1 got an answer from http/);
    });

    it("rolls back when pulumi up fails, with Pulumi's own message, and says what the operator must do when that fails too", async () => {
        const { ops, state } = await convertBench();
        state.failing = { start: 1 };
        const { note } = await exits(1, ops("convert", "run", "--yes"));
        assert.match(note, /Rolling back to intra-a: start: pulumi up ended with 255: start fails in this test\./);
        assert.deepEqual(state.ups.slice(4), ["stop", "drain", "prepare", "intra-a"]);
        const worse = await convertBench();
        worse.state.failing = { start: 1, drain: 0, stop: 0 };
        worse.state.onUp = (to) => {
            if (to === "start") worse.state.failing.drain = 2;
        };
        const said = await exits(1, worse.ops("convert", "run", "--yes"));
        assert.match(
            said.note,
            /a human is needed\. back to drain \(Alpa on bare metal is started by its own command\) has failed twice/,
        );
        assert.match(said.note, /Start Alpa on the bare-metal hosts by its own command/);
        worse.state.onUp = () => undefined;
        await exits(0, worse.ops("convert", "abort", "--yes"));
        assert.equal(worse.state.reached, "intra-a");
    });

    it("returns although the state file became invalid, for example by a merge, and keeps a copy of it", async () => {
        const { ops, state, folder, text } = await convertBench();
        const file = join(folder, ".alpa-auth/convert/intra.json");
        state.failing = { start: 1 };
        state.onUp = (to) => {
            if (to === "start") writeFileSync(file, "<<<<<<< HEAD\n");
        };
        const { note } = await exits(1, ops("convert", "run", "--yes"));
        assert.deepEqual(state.ups.slice(4), ["stop", "drain", "prepare", "intra-a"]);
        assert.equal(text(), CONVERT_FILE);
        assert.match(note, /intra\.json: changed while the conversion was running\./);
        const copy = join(folder, ".alpa-auth/local/intra.json.edited");
        assert.equal(readFileSync(copy, "utf8"), "<<<<<<< HEAD\n");
    });

    it("returns although the stack file was deleted, for example by git, and restores it", async () => {
        const { ops, state, folder, text } = await convertBench();
        state.failing = { start: 1 };
        state.onUp = (to) => {
            if (to === "start") rmSync(join(folder, "Pulumi.intra.yaml"));
        };
        const { note } = await exits(1, ops("convert", "run", "--yes"));
        assert.deepEqual(state.ups.slice(4), ["stop", "drain", "prepare", "intra-a"]);
        assert.equal(text(), CONVERT_FILE);
        assert.match(
            note,
            /Pulumi\.intra\.yaml: was deleted while the conversion was running\. The rollback restored it\./,
        );
    });

    it("leaves callers with the component when done fails, and names the caller that got an answer", async () => {
        const { ops, state, record } = await convertBench();
        state.failing = { done: 2 };
        const { note } = await exits(1, ops("convert", "run", "--yes"));
        assert.match(
            note,
            /a human is needed\. Callers are served by the component \(alice\/a1 got an answer from http\S+ after \d+ ms\), but done .* has failed twice: .*done fails in this test/,
        );
        assert.equal(state.reached, "switch");
        const [serves] = record().filter(({ event }) => event === "serves");
        assert.match((serves as any).said, /^alice\/a1 got an answer/);
        await exits(0, ops("convert", "run", "--yes"));
        assert.equal(state.reached, "done");
    });

    it("rolls back when done fails and the component does not answer callers", async () => {
        const { ops, state } = await convertBench();
        state.failing = { done: 2 };
        state.onUp = (to) => {
            if (to === "done") state.callerStatus = 502;
        };
        const { note } = await exits(1, ops("convert", "run", "--yes"));
        assert.match(
            note,
            /did not reach intra-b \(done: .*done fails in this test; and callers are not served by the component: alice\/a1 at http\S+: request failed \(answered 502 /,
        );
        assert.match(note, /It was rolled back to intra-a, which serves/);
        assert.deepEqual(state.ups.slice(8), ["switch", "start", "stop", "drain", "prepare", "intra-a"]);
    });

    it("uses the verifier where no caller's key is known here, and treats a missing answer as no service", async () => {
        const { ops, state, record } = await convertBench();
        [state.callers, state.failing] = [{}, { done: 2 }];
        assert.match(
            (await ops("convert", "run", "--yes")).note,
            /Callers are served by the component \(this machine has no caller's key/,
        );
        const said = record().flatMap((entry) => ("said" in entry && entry.said !== undefined ? [entry.said] : []));
        assert.equal(
            said.filter((one) => /^this machine has no caller's key.* alpa-verifier got an answer from/.test(one))
                .length,
            2,
        );
        state.failing = { done: 2 };
        state.onUp = (to) => {
            if (to === "done") state.verifierStatus = 502;
        };
        const { note } = await ops("convert", "run", "--yes");
        assert.match(note, /callers are not served by the component: alpa-verifier at http\S+: request failed/);
        assert.equal(state.reached, "intra-a");
    });

    it("converts intra-b back on request, and says when there is nothing to do", async () => {
        const { ops, state } = await convertBench();
        assert.match(
            (await ops("convert", "run", "--yes", "--to", "intra-a")).out,
            /has option intra-a, and no conversion/,
        );
        await ops("convert", "run", "--yes");
        assert.match(
            (await ops("convert", "run", "--yes")).out,
            /has option intra-b.* To convert it back: npm run ops -- convert run --yes --to/,
        );
        assert.match((await ops("convert", "abort", "--yes")).out, /no conversion is under way/);
        const { outcome, place } = JSON.parse((await ops("convert", "run", "--yes", "--json")).out);
        assert.deepEqual([outcome, place], ["none", "done"]);
        state.ups = [];
        const { out } = await exits(0, ops("convert", "run", "--yes", "--to", "intra-a"));
        assert.deepEqual(state.ups, ["switch", "start", "stop", "drain", "prepare", "intra-a"]);
        assert.match(out, /Rolled back: intra has option intra-a and serves/);
    });

    it("does not roll back a converted stack from a clone whose stack file is older than the conversion", async () => {
        const { ops, state, folder, text } = await convertBench();
        state.reached = "done";
        for (const verb of ["run", "abort"]) {
            const { out, note } = await exits(0, ops("convert", verb, "--yes"));
            assert.match(out, /intra has option intra-b, and no conversion is under way/);
            assert.match(note, /Pulumi\.intra\.yaml has phase intra-a, but the stack has reached done\. .*git pull/);
        }
        assert.match((await ops("convert", "status")).out, /option intra-b; no conversion is under way/);
        assert.deepEqual([state.ups, text()], [[], CONVERT_FILE]);
        assert.ok(!existsSync(join(folder, ".alpa-auth/convert")));
    });

    it("continues from a stack that was prepared by hand, or rolls back on request", async () => {
        const text = fileAt("prepare");
        const it = await convertBench(text);
        assert.match((await it.ops("convert", "status")).out, /option intra-b, prepared, .*no conversion is under way/);
        const { steps, to } = JSON.parse((await it.ops("convert", "plan", "--json")).out);
        assert.deepEqual([to, steps[0].step], ["intra-b", "prepare"]);
        await exits(0, it.ops("convert", "run", "--yes"));
        assert.deepEqual(it.state.ups, PLACES.slice(1));
        const back = await convertBench(text);
        await exits(0, back.ops("convert", "abort", "--yes"));
        assert.deepEqual(back.state.ups, ["intra-a"]);
    });

    it("rolls back despite formal problems, with a warning about each; only another running process prevents it", async () => {
        const text = fileAt("done").replace("budgetMinutes: 60", "budgetMinutes: 5");
        const it = await convertBench(text, ({ args }) => {
            if (args[0] === "preview") return { code: 255, stderr: "error: no changes were expected but some were" };
            return undefined;
        });
        const { note } = await exits(0, it.ops("convert", "run", "--yes", "--to", "intra-a"));
        assert.equal(it.state.reached, "intra-a");
        assert.match(note, /^note: convert\.budgetMinutes: must be at least/m);
        const pending = await convertBench(text, ({ args }) =>
            args[1] === "export" ? { stdout: '{"deployment":{"pending_operations":[{}]}}' } : undefined,
        );
        pending.state.inCluster = { name: "bob@far r1", until: "2099-01-01T00:00:00Z" };
        assert.match(
            (await pending.ops("convert", "run", "--yes", "--to", "intra-a")).note,
            /another process already runs the conversion/,
        );
        pending.state.inCluster = undefined;
        const again = await exits(0, pending.ops("convert", "run", "--yes", "--to", "intra-a"));
        assert.match(again.note, /^note: intra: has \d+ pending operations? of/m);
    });

    it("uses another caller if one is over its limit, and the verifier if all are: a 429 comes from the gateway", async () => {
        const it = await convertBench();
        it.state.callers["bob/b1"] = "KEY-of-bob-b1-0123456789";
        it.state.onUp = (to) => {
            if (to === "drain") it.state.limited = [SECRETS.key];
            if (to === "switch") it.state.limited = Object.values(it.state.callers);
        };
        await exits(0, it.ops("convert", "run", "--yes"));
        const said = (step: string) =>
            it.record().flatMap((entry) => (entry.event === "step-end" && entry.step === step ? [entry.said] : []))[0];
        assert.match(said("drain")!, /^bob\/b1 got 503 at/);
        assert.match(
            said("switch")!,
            /^callers are over their limits \(429: alice\/a1, bob\/b1\); alpa-verifier got an answer/,
        );
        // The verifier's 502 shows that the component is down. So the conversion fails, although the caller got 429.
        const dead = await convertBench();
        dead.state.onUp = (to) => {
            if (to === "switch") [dead.state.limited, dead.state.verifierStatus] = [[SECRETS.key], 502];
        };
        await exits(1, dead.ops("convert", "run", "--yes"));
        assert.equal(dead.state.reached, "intra-a");
    });

    it("uses another credential if an operator has blocked one by deleting its Secret, and the verifier if all are", async () => {
        const it = await convertBench();
        it.state.callers = { ...it.state.callers, "alice/a2": "KEY-of-alice-a2-0123456789" };
        it.state.onUp = (to) => {
            if (to === "drain") it.state.blocked = ["alice.a1"];
            if (to === "switch") it.state.blocked = ["alice.a1", "alice.a2"];
        };
        await exits(0, it.ops("convert", "run", "--yes"));
        const said = it
            .record()
            .flatMap((entry) => (entry.event === "step-end" ? [`${entry.step}: ${entry.said}`] : []));
        assert.match(said.join("\n"), /^drain: alice\/a2 got 503 at/m);
        assert.match(
            said.join("\n"),
            /^switch: this machine has no caller's key that works; alpa-verifier got an answer/m,
        );
    });

    it("writes the lock before each phase, and after the phase that releases it, so that no phase is ever without a lock", async () => {
        const { ops, saved, folder } = await convertBench();
        const written: string[] = [];
        const { renameSync: rename } = fs;
        mock.method(fs, "renameSync", (...[from, to]: Parameters<typeof rename>) => {
            if (basename(String(to)).startsWith("intra.json") || basename(String(to)) === "Pulumi.intra.yaml")
                written.push(basename(String(to)));
            return rename(from, to);
        });
        await exits(0, ops("convert", "run", "--yes")).finally(() => mock.restoreAll());
        const step = ["intra.json", "Pulumi.intra.yaml"];
        assert.deepEqual(written, [...Array<string[]>(6).fill(step).flat(), ...[...step].reverse()]);
        const { name, until } = saved().holder!;
        assert.match(name, /^\S+@\S+ intra-\d{8}T\d{6}Z$/);
        assert.ok(Date.parse(until) <= Date.now(), "released");
        assert.ok(existsSync(join(folder, ".alpa-auth/convert/intra.json")));
        await exits(0, ops("convert", "run", "--yes", "--to", "intra-a"));
        assert.equal(saved().holder, undefined, "bare metal has no record of a conversion");
    });

    it("uses the measured times of earlier conversions, and keeps them for other clones", async () => {
        const { ops, saved } = await convertBench();
        const before = JSON.parse((await ops("convert", "plan", "--json")).out);
        assert.ok(before.steps.every((step: any) => !step.measured));
        await ops("convert", "run", "--yes");
        await ops("convert", "run", "--yes", "--to", "intra-a");
        assert.deepEqual(Object.keys(saved().measured!), ["drain", "stop", "start", "verify", "switch"]);
        const { out } = await ops("convert", "plan", "--json");
        const after = JSON.parse(out);
        assert.ok(after.steps.every((step: any) => step.measured));
        assert.ok(after.downSeconds < 60 && before.downSeconds > 1500, out);
    });

    it("starts again although an earlier record has a later time, for example of a machine whose clock was ahead", async () => {
        const { ops, state, folder } = await convertBench();
        await ops("convert", "run", "--yes");
        await ops("convert", "run", "--yes", "--to", "intra-a");
        const records = join(folder, ".alpa-auth/convert");
        const last = readdirSync(records)
            .filter((name) => name.endsWith(".jsonl"))
            .sort()
            .at(-1)!;
        renameSync(join(records, last), join(records, "intra-20990101T000000Z.jsonl"));
        state.ups = [];
        await exits(0, ops("convert", "run", "--yes"));
        assert.deepEqual([state.ups.length, state.reached], [7, "done"]);
    });

    it("plans no 503 for a rollback from prepare, where bare metal serves", async () => {
        const plan = async (phase: string) => {
            const { ops } = await convertBench(fileAt(phase));
            return JSON.parse((await ops("convert", "plan", "--to", "intra-a", "--json")).out);
        };
        const [prepared, done] = [await plan("prepare"), await plan("done")];
        assert.deepEqual(
            prepared.steps.map(({ step }: any) => step),
            ["back to intra-a"],
        );
        assert.equal(prepared.downSeconds, 0);
        assert.equal(done.downSeconds, 26 * 60);
    });

    it("expects answers as long as the program's timeout, which is less than the edge's behind Cloudflare", async () => {
        const behind = (more: string) => CONVERT_FILE.replace("config:\n", `$&  alpa-auth:exposure: tunnel\n${more}`);
        const alone = CONVERT_FILE.replace('20001" ]\n', "$&    answerTimeoutSeconds: 60\n");
        const cases: [text: string, seconds: number][] = [
            [CONVERT_FILE, 600],
            [alone, 60],
            [behind(""), 120],
            [behind("  alpa-auth:proxyTimeoutSeconds: 200\n"), 195],
        ];
        for (const [text, seconds] of cases) {
            const { ops } = await convertBench(text);
            const { steps } = JSON.parse((await ops("convert", "plan", "--json")).out);
            assert.equal(steps.find(({ step }: any) => step === "stop").expectedSeconds, seconds + 120);
        }
    });

    it("prints the result as JSON alone on standard output with --json", async () => {
        const { ops } = await convertBench();
        const { stack, to, outcome, place, record } = JSON.parse((await ops("convert", "run", "--yes", "--json")).out);
        assert.deepEqual([stack, to, outcome, place], ["intra", "intra-b", "converted", "done"]);
        assert.ok(existsSync(record));
    });

    it("begins nothing while another run holds the stack's lock", async () => {
        const { ops, state, text, calls, saved } = await convertBench(CONVERT_FILE, ({ args }) =>
            args[0] === "up" ? { code: 255, stderr: "error: the stack is currently locked by 1 lock(s)" } : undefined,
        );
        const { note } = await exits(1, ops("convert", "run", "--yes"));
        assert.match(note, /another run holds the stack's lock \(the stack is currently locked by 1 lock\(s\)\)/);
        assert.deepEqual([text(), saved()], [CONVERT_FILE, {}]);
        assert.equal(calls.filter(({ args }) => args[0] === "up").length, 1);
        assert.deepEqual(state.ups, []);
        assert.match((await ops("convert", "status")).out, /no conversion is under way/);
    });

    it("keeps a change of the stack file that was made while another run held the stack's lock", async () => {
        let locked = 1;
        const it = await convertBench(CONVERT_FILE, ({ args }) => {
            if (args[0] !== "up" || locked-- !== 1) return undefined;
            it.write(`${it.text()}# by hand\n`);
            return { code: 255, stderr: "error: the stack is currently locked by 1 lock(s)" };
        });
        const { note } = await exits(1, it.ops("convert", "run", "--yes"));
        assert.match(note, /Pulumi\.intra\.yaml has changed meanwhile, so the edit was not undone/);
        const kept = [".alpa-auth/local/Pulumi.intra.yaml.edited", "Pulumi.intra.yaml"];
        const texts = kept.map((name) => join(it.folder, name)).filter(existsSync);
        assert.match(texts.map((file) => readFileSync(file, "utf8")).join(""), /# by hand\n/);
    });

    it("begins nothing while another command edits the stack's files", async () => {
        const it = await convertBench();
        const release = takeEditLock({ folder: it.folder, note: () => undefined }, "intra");
        const { code, note } = await it.ops("convert", "run", "--yes");
        release();
        assert.equal(code, 1);
        assert.match(note, /intra: another command is changing the stack file \(pid \d+ on/);
        assert.equal(it.text(), CONVERT_FILE);
        assert.deepEqual(it.state.ups, []);
    });

    it("tries only once to remove the lock of a killed run, and does not wait for its release", async () => {
        const by = `created by me@${hostname()} (pid ${2 ** 22 - 1}) at 2026-11-26T12:00:00Z`;
        const { ops, calls } = await convertBench(CONVERT_FILE, ({ args }) => {
            if (args[0] === "cancel") return { code: 255, stderr: "error: permission denied" };
            if (args[0] !== "up" || calls.length > 100) return undefined;
            return { code: 255, stderr: `error: the stack is currently locked by 1 lock(s)\n  lock.json: ${by}` };
        });
        assert.match((await exits(1, ops("convert", "run", "--yes"))).note, /another run holds the stack's lock/);
        assert.equal(calls.filter(({ args }) => args[0] === "cancel").length, 1);
    });

    it("removes the lock of a killed run, and continues", async () => {
        let locked = 1;
        const gone = 2 ** 22 - 1;
        const { ops, state, calls } = await convertBench(CONVERT_FILE, ({ args }) => {
            if (args[0] === "cancel") return {};
            if (args[0] !== "up" || locked-- !== 1) return undefined;
            const by = `created by me@${hostname()} (pid ${gone}) at 2026-11-26T12:00:00Z`;
            return {
                code: 255,
                stderr: `error: the stack is currently locked by 1 lock(s). Either wait\n  lock.json: ${by}`,
            };
        });
        await exits(0, ops("convert", "run", "--yes"));
        assert.equal(state.reached, "done");
        assert.deepEqual(
            calls.filter(({ args }) => args[0] === "cancel").map(({ args }) => args),
            [["cancel", "--yes", "--stack", "intra"]],
        );
    });
});
