// Proves what `npm run ops -- convert` changes in the stack file, in Pulumi and in its record, and what it refuses. Pulumi is a
// fake here and the service a small HTTP server; the engine test runs both.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import fs from "node:fs";
import { hostname } from "node:os";
import { join, relative } from "node:path";
import { mock } from "node:test";
import { takeEditLock } from "../../../../ops/stack/edit-lock";
import { CONVERT_FILE, convertBench, VERIFIER_KEY } from "./service";
import { SECRETS } from "../kit";
import { PLACES } from "./world";

describe("npm run ops -- convert run", () => {
    it("takes the stack through every phase, changes only the phase in its file, and keeps a record without secrets", async () => {
        const { ops, state, text, record, calls } = await convertBench();
        const { code, out, note } = await ops("convert", "run", "--yes");
        assert.equal(code, 0, note);
        assert.doesNotMatch(out, /commit/, "the folder is not in git");
        assert.deepEqual(state.ups, ["prepare", "drain", "stop", "start", "verify", "switch", "done"]);
        const unseen = calls.filter(({ args }) => args[0] === "up").map(({ args }) => args.includes("--skip-preview"));
        assert.deepEqual(unseen, [false, ...Array<boolean>(6).fill(true)], "the first step is previewed");
        assert.match(out, /Done: intra has option intra-b\. Callers got 503 for 0:0\d\./);
        const left = text()
            .replace("intra-b # for now", "intra-a # for now")
            .replace(/^ {4}(phase|holder|measured): .*\n/gm, "");
        assert.equal(left, CONVERT_FILE);
        assert.match(text(), /phase: done/);
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
        const { code, out, note } = await ops("convert", "run");
        assert.equal(code, 0, note);
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

    it("returns to intra-a when the component's answers differ from bare metal's, and verifies that callers are served", async () => {
        const { ops, state, text, record } = await convertBench();
        state.says.component = " Texas";
        const { code, note } = await ops("convert", "run", "--yes");
        assert.equal(code, 1);
        assert.deepEqual(state.ups.slice(5), ["stop", "drain", "prepare", "intra-a"]);
        assert.match(note, /must be " France" \(got " Texas"\)/);
        assert.match(note, /It has returned to intra-a, which serves/);
        assert.equal(text(), CONVERT_FILE);
        const end = record()
            .filter((entry) => entry.event === "step-end")
            .at(-1)!;
        assert.match((end as any).said, /^alice\/a1 got an answer from http/);
    });

    it("returns when pulumi up fails, with Pulumi's own message, and says what the operator must do when that fails too", async () => {
        const { ops, state } = await convertBench();
        state.failing = { start: 1 };
        const { code, note } = await ops("convert", "run", "--yes");
        assert.equal(code, 1);
        assert.match(note, /Returning to intra-a: start: pulumi up ended with 255: start is not to be\./);
        assert.deepEqual(state.ups.slice(4), ["stop", "drain", "prepare", "intra-a"]);
        const worse = await convertBench();
        worse.state.failing = { start: 1, drain: 0, stop: 0 };
        worse.state.onUp = (to) => {
            if (to === "start") worse.state.failing.drain = 2;
        };
        const said = await worse.ops("convert", "run", "--yes");
        assert.equal(said.code, 1);
        assert.match(
            said.note,
            /a human is needed\. back to drain \(Alpa on bare metal is started by its own command\) has failed twice/,
        );
        assert.match(said.note, /Start Alpa on the bare-metal hosts by its own command/);
        worse.state.onUp = () => undefined;
        const again = await worse.ops("convert", "abort", "--yes");
        assert.equal(again.code, 0, again.note);
        assert.equal(worse.state.reached, "intra-a");
    });

    it("leaves callers with the component when done fails, and names the caller that got an answer", async () => {
        const { ops, state, record } = await convertBench();
        state.failing = { done: 2 };
        const { code, note } = await ops("convert", "run", "--yes");
        assert.equal(code, 1);
        assert.match(
            note,
            /a human is needed\. Callers are served by the component \(alice\/a1 got an answer from http\S+ after \d+ ms\), but done .* has failed twice: .*done is not to be/,
        );
        assert.equal(state.reached, "switch");
        const [serves] = record().filter(({ event }) => event === "serves");
        assert.match((serves as any).said, /^alice\/a1 got an answer/);
        const again = await ops("convert", "run", "--yes");
        assert.equal(again.code, 0, again.note);
        assert.equal(state.reached, "done");
    });

    it("returns when done fails and the component does not answer callers", async () => {
        const { ops, state } = await convertBench();
        state.failing = { done: 2 };
        state.onUp = (to) => {
            if (to === "done") state.callerStatus = 502;
        };
        const { code, note } = await ops("convert", "run", "--yes");
        assert.equal(code, 1);
        assert.match(
            note,
            /did not reach intra-b \(done: .*done is not to be; and callers are not served by the component: alice\/a1 at http\S+: request failed \(502: /,
        );
        assert.match(note, /It has returned to intra-a, which serves/);
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

    it("goes back from intra-b on request, and says so where nothing is to be done", async () => {
        const { ops, state } = await convertBench();
        assert.match(
            (await ops("convert", "run", "--yes", "--to", "intra-a")).out,
            /has option intra-a, and no conversion/,
        );
        await ops("convert", "run", "--yes");
        assert.match(
            (await ops("convert", "run", "--yes")).out,
            /has option intra-b.* To return: npm run ops -- convert run --yes --to/,
        );
        assert.match((await ops("convert", "abort", "--yes")).out, /no conversion is under way/);
        const { outcome, place } = JSON.parse((await ops("convert", "run", "--yes", "--json")).out);
        assert.deepEqual([outcome, place], ["none", "done"]);
        state.ups = [];
        const { code, note, out } = await ops("convert", "run", "--yes", "--to", "intra-a");
        assert.equal(code, 0, note);
        assert.deepEqual(state.ups, ["switch", "start", "stop", "drain", "prepare", "intra-a"]);
        assert.match(out, /Returned: intra has option intra-a and serves/);
    });

    it("continues from a stack that was prepared by hand, or goes back on request", async () => {
        const text = CONVERT_FILE.replace("option: intra-a", "option: intra-b").replace(
            "  alpa-auth:convert:\n",
            "$&    phase: prepare\n",
        );
        const it = await convertBench(text);
        assert.match((await it.ops("convert", "status")).out, /option intra-b, prepared, .*no conversion is under way/);
        const { steps, to } = JSON.parse((await it.ops("convert", "plan", "--json")).out);
        assert.deepEqual([to, steps[0].step], ["intra-b", "prepare"]);
        const { code, note } = await it.ops("convert", "run", "--yes");
        assert.equal(code, 0, note);
        assert.deepEqual(it.state.ups, PLACES.slice(1));
        const back = await convertBench(text);
        assert.equal((await back.ops("convert", "abort", "--yes")).code, 0);
        assert.deepEqual(back.state.ups, ["intra-a"]);
    });

    it("goes back despite formal problems, with a warning about each; only another running process prevents it", async () => {
        const text = CONVERT_FILE.replace("option: intra-a", "option: intra-b")
            .replace("budgetMinutes: 60", "budgetMinutes: 5")
            .replace("  alpa-auth:convert:\n", "$&    phase: done\n");
        const it = await convertBench(text, ({ args }) => {
            if (args[0] === "preview") return { code: 255, stderr: "error: no changes were expected but some were" };
            return undefined;
        });
        const { code, note } = await it.ops("convert", "run", "--yes", "--to", "intra-a");
        assert.equal(code, 0, note);
        assert.equal(it.state.reached, "intra-a");
        assert.match(note, /^note: convert\.budgetMinutes: must be at least/m);
        const pending = await convertBench(text, ({ args }) =>
            args[1] === "export" ? { stdout: '{"deployment":{"pending_operations":[{}]}}' } : undefined,
        );
        pending.state.inCluster = { name: "bob@far r1", until: "2099-01-01T00:00:00Z" };
        assert.match((await pending.ops("convert", "run", "--yes", "--to", "intra-a")).note, /another process runs it/);
        pending.state.inCluster = undefined;
        const again = await pending.ops("convert", "run", "--yes", "--to", "intra-a");
        assert.equal(again.code, 0, again.note);
        assert.match(again.note, /^note: intra: has \d+ pending operations? of/m);
    });

    it("uses another caller where one is over its limit, and the verifier where all are: 429 is the gateway's own", async () => {
        const it = await convertBench();
        it.state.callers["bob/b1"] = "KEY-of-bob-b1-0123456789";
        it.state.onUp = (to) => {
            if (to === "drain") it.state.limited = [SECRETS.key];
            if (to === "switch") it.state.limited = Object.values(it.state.callers);
        };
        const { code, note } = await it.ops("convert", "run", "--yes");
        assert.equal(code, 0, note);
        const said = (step: string) =>
            it.record().flatMap((entry) => (entry.event === "step-end" && entry.step === step ? [entry.said] : []))[0];
        assert.match(said("drain")!, /^bob\/b1 got 503 at/);
        assert.match(
            said("switch")!,
            /^callers are over their limits \(429: alice\/a1, bob\/b1\); alpa-verifier got an answer/,
        );
        // A caller without an answer does not count as one over its limit.
        const dead = await convertBench();
        dead.state.onUp = (to) => {
            if (to === "switch") [dead.state.limited, dead.state.verifierStatus] = [[SECRETS.key], 502];
        };
        assert.equal((await dead.ops("convert", "run", "--yes")).code, 1);
        assert.equal(dead.state.reached, "intra-a");
    });

    it("uses the measured times of earlier conversions, and keeps them in the stack file", async () => {
        const { ops, text } = await convertBench();
        const before = JSON.parse((await ops("convert", "plan", "--json")).out);
        assert.ok(before.steps.every((step: any) => !step.measured));
        await ops("convert", "run", "--yes");
        await ops("convert", "run", "--yes", "--to", "intra-a");
        assert.match(text(), /measured: \{ drain: \d, stop: \d, start: \d, verify: \d, switch: \d \}/);
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
        renameSync(join(records, readdirSync(records).sort().at(-1)!), join(records, "intra-20990101T000000Z.jsonl"));
        state.ups = [];
        const { code, note } = await ops("convert", "run", "--yes");
        assert.equal(code, 0, note);
        assert.deepEqual([state.ups.length, state.reached], [7, "done"]);
    });

    it("plans no 503 for a return from prepare, where bare metal serves", async () => {
        const holder = 'holder: { name: alice@ops r, until: "2026-11-26T12:00:00Z" }';
        const at = (phase: string) =>
            CONVERT_FILE.replace("intra-a #", "intra-b #").replace(
                "  alpa-auth:convert:\n",
                `$&    phase: ${phase}\n    ${holder}\n`,
            );
        const plan = async (phase: string) => {
            const { ops } = await convertBench(at(phase));
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

    it("expects answers as long as the program's timeout: behind Cloudflare less than the edge's", async () => {
        const behind = (more: string) => CONVERT_FILE.replace("config:\n", `$&  alpa-auth:exposure: tunnel\n${more}`);
        const alone = CONVERT_FILE.replace('20001"]\n', "$&    answerTimeoutSeconds: 60\n");
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
        const { ops, state, text, calls } = await convertBench(CONVERT_FILE, ({ args }) =>
            args[0] === "up" ? { code: 255, stderr: "error: the stack is currently locked by 1 lock(s)" } : undefined,
        );
        const { code, note } = await ops("convert", "run", "--yes");
        assert.equal(code, 1);
        assert.match(note, /another run holds the stack's lock \(the stack is currently locked by 1 lock\(s\)\)/);
        assert.equal(text(), CONVERT_FILE);
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
        const { code, note } = await it.ops("convert", "run", "--yes");
        assert.equal(code, 1);
        assert.match(note, /Pulumi\.intra\.yaml has changed meanwhile, so it keeps the edit/);
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
        assert.match(note, /intra: another command is changing it \(pid \d+ on/);
        assert.equal(it.text(), CONVERT_FILE);
        assert.deepEqual(it.state.ups, []);
    });

    it("takes a lock away once, and then waits for no end of it", async () => {
        const by = `created by me@${hostname()} (pid ${2 ** 22 - 1}) at 2026-11-26T12:00:00Z`;
        const { ops, calls } = await convertBench(CONVERT_FILE, ({ args }) => {
            if (args[0] === "cancel") return { code: 255, stderr: "error: permission denied" };
            if (args[0] !== "up" || calls.length > 100) return undefined;
            return { code: 255, stderr: `error: the stack is currently locked by 1 lock(s)\n  lock.json: ${by}` };
        });
        const { code, note } = await ops("convert", "run", "--yes");
        assert.equal(code, 1);
        assert.match(note, /another run holds the stack's lock/);
        assert.equal(calls.filter(({ args }) => args[0] === "cancel").length, 1);
    });

    it("removes a lock that a killed run has left", async () => {
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
        const { code, note } = await ops("convert", "run", "--yes");
        assert.equal(code, 0, note);
        assert.equal(state.reached, "done");
        assert.deepEqual(
            calls.filter(({ args }) => args[0] === "cancel").map(({ args }) => args),
            [["cancel", "--yes", "--stack", "intra"]],
        );
    });
});

describe("npm run ops -- convert, interrupted", () => {
    /** A conversion whose process has ended after the `pulumi up` to this phase, with the state that it leaves. */
    async function interruptedAt(place: string) {
        const it = await convertBench();
        it.state.onUp = (to) => {
            if (to !== place) return;
            const [name] = readdirSync(join(it.folder, ".alpa-auth/convert"));
            it.state.onUp = () => undefined;
            kept = readFileSync(join(it.folder, ".alpa-auth/convert", name), "utf8");
            lastFile = it.text();
            throw new Error("killed");
        };
        let kept = "";
        let lastFile = "";
        await it.ops("convert", "run", "--yes");
        const [name] = readdirSync(join(it.folder, ".alpa-auth/convert"));
        // As after a crash: the last line is truncated, and the lock is that of an ended process.
        writeFileSync(join(it.folder, ".alpa-auth/convert", name), kept + '{"time":"2026');
        const lock = { pid: 2 ** 22 - 1, host: hostname(), who: "alice@ops", since: "2026-11-26T12:00:00.000Z" };
        writeFileSync(join(it.folder, ".alpa-auth/local/convert-intra.lock"), JSON.stringify(lock));
        it.write(lastFile);
        it.state.reached = PLACES[PLACES.indexOf(place as any) - 1];
        it.state.ups = [];
        return it;
    }

    for (const place of ["prepare", "drain", "stop", "start", "verify", "switch", "done"])
        it(`in ${place}: status shows the phase, and run continues to the end`, async () => {
            const { ops, state } = await interruptedAt(place);
            const facts = JSON.parse((await ops("convert", "status", "--json")).out);
            assert.deepEqual(
                [facts.state, facts.direction, facts.step, facts.reached, facts.asked, facts.next[0]],
                ["interrupted", "forward", place, state.reached, place, place],
            );
            assert.match((await ops("convert", "status")).out, new RegExp(`Step ${place} was interrupted`));
            const { code, note } = await ops("convert", "run", "--yes");
            assert.equal(code, 0, note);
            assert.equal(state.reached, "done");
            assert.equal(state.ups[0], place);
        });

    function firstOf(folder: string): { who: string; run: string } {
        const [name] = readdirSync(join(folder, ".alpa-auth/convert"));
        return JSON.parse(readFileSync(join(folder, ".alpa-auth/convert", name), "utf8").split("\n")[0]);
    }

    it("abort goes back from the current phase, and without --yes only shows it", async () => {
        const { ops, state, text } = await interruptedAt("start");
        const before = text();
        const shown = await ops("convert", "abort");
        assert.equal(shown.code, 0, shown.note);
        assert.match(shown.out, /Step start was interrupted/);
        assert.match(shown.out, /Dry run: nothing was changed\. Run again with --yes to return to intra-a/);
        assert.deepEqual([state.ups, text()], [[], before]);
        const { code, note } = await ops("convert", "abort", "--yes");
        assert.equal(code, 0, note);
        assert.deepEqual(state.ups, ["stop", "drain", "prepare", "intra-a"]);
        assert.equal(text(), CONVERT_FILE);
    });

    it("abort asks the one who is at work, which returns, and does not begin a second one", async () => {
        const it = await convertBench(CONVERT_FILE, undefined, 1);
        const asked: ReturnType<typeof it.ops>[] = [];
        // The proof of the step before gives it a second.
        it.state.onUp = (to) => {
            if (to === "drain" && asked.length === 0) asked.push(it.ops("convert", "abort", "--yes"));
        };
        const { code, note } = await it.ops("convert", "run", "--yes");
        assert.equal(code, 1);
        assert.match(note, /Returning to intra-a: .*convert abort was run/);
        const abort = await asked[0];
        assert.equal(abort.code, 0, abort.note);
        assert.match(abort.out, /Told the process of \S+, pid \d+ on .*, to return to intra-a/);
        assert.deepEqual(it.state.ups, ["prepare", "drain", "prepare", "intra-a"]);
    });

    it("abort fails, and names process and lock, if the process does not take the order", async () => {
        const { ops, folder, state } = await convertBench();
        const [file, order] = ["lock", "abort"].map((end) => join(folder, `.alpa-auth/local/convert-intra.${end}`));
        mkdirSync(join(folder, ".alpa-auth/local"), { recursive: true });
        // A process of this machine that does not listen, as a suspended one, and one of another machine.
        for (const host of [hostname(), "far"]) {
            const lock = { pid: process.pid, host, who: "bob@ops", since: "2026-11-26T12:00:00.000Z" };
            writeFileSync(file, JSON.stringify(lock));
            rmSync(order, { force: true });
            await ops("convert", "abort");
            assert.ok(!existsSync(order));
            const { code, out, note } = await ops("convert", "abort", "--yes");
            assert.equal(code, 1);
            assert.doesNotMatch(out, /Asked/);
            assert.match(note, new RegExp(`bob@ops, pid ${process.pid} on ${host}, has not taken the order to return`));
            assert.ok(note.includes(`remove ${file} and run: npm run ops -- convert abort --yes --stack intra`), note);
        }
        assert.deepEqual(state.ups, []);
        const { note } = await ops("convert", "run", "--yes");
        assert.match(
            note,
            /intra: has a conversion in progress already \(by bob@ops since 2026-11-26T12:00:00\.000Z, pid/,
        );
    });

    it("returns as soon as abort is run elsewhere", async () => {
        const { ops, folder, state } = await convertBench(CONVERT_FILE, undefined, 1);
        // The verification of the step before gives it a second.
        state.onUp = (to) => {
            if (to === "drain") writeFileSync(join(folder, ".alpa-auth/local/convert-intra.abort"), "");
        };
        const { code, note } = await ops("convert", "run", "--yes");
        assert.equal(code, 1);
        assert.match(note, /Returning to intra-a: .*convert abort was run/);
        assert.equal(state.reached, "intra-a");
        assert.ok(!state.ups.includes("start"));
    });

    it("returns on Ctrl-C, and on a second one stops at the current step, to be continued", async () => {
        // Not to the process: mocha listens too.
        const press = () => (process.listeners("SIGINT").at(-1) as () => void)();
        const once = await convertBench();
        once.state.onUp = (to) => to === "stop" && press();
        const { code, note } = await once.ops("convert", "run", "--yes");
        assert.deepEqual([code, once.state.reached], [1, "intra-a"], note);
        assert.match(note, /Returning to intra-a\. Press Ctrl-C again to stop here/);
        const twice = await convertBench();
        twice.state.onUp = (to) => {
            if (to !== "stop") return;
            press();
            const later = mock.method(performance, "now", () => performance.timeOrigin + 1000);
            press();
            later.mock.restore();
        };
        const stopped = await twice.ops("convert", "run", "--yes");
        assert.equal(stopped.code, 1);
        assert.match(
            stopped.note,
            /convert: stopped at stop \(it was interrupted\)\. Continue: npm run ops -- convert run --yes --stack/,
        );
        twice.state.onUp = () => undefined;
        // Continues the rollback.
        assert.equal((await twice.ops("convert", "run", "--yes")).code, 0);
        assert.equal(twice.state.reached, "intra-a");
    });

    it("returns on a Ctrl-C that a shell sends on, so that it arrives twice", async () => {
        const it = await convertBench();
        it.state.onUp = (to) => {
            if (to !== "stop") return;
            const listener = process.listeners("SIGINT").at(-1) as () => void;
            [listener, listener].forEach((once) => once());
        };
        const { code, note } = await it.ops("convert", "run", "--yes");
        assert.deepEqual([code, it.state.reached], [1, "intra-a"], note);
    });

    it("returns on Ctrl-C from a check that is never answered", async () => {
        const it = await convertBench();
        it.state.silent = () => (process.listeners("SIGINT").at(-1) as () => void)();
        const { code, note } = await it.ops("convert", "run", "--yes");
        assert.deepEqual([code, it.state.reached], [1, "intra-a"], note);
        assert.match(note, /prepare: failed after \d\.\d s \(it was interrupted\)/);
    });

    it("returns on Ctrl-C from a check whose outputs Pulumi never returns", async () => {
        let asked = 0;
        const never = new Promise<never>(() => undefined);
        const it = await convertBench(CONVERT_FILE, ({ args }) => {
            if (args[1] !== "output" || it.state.ups.length === 0 || asked++ > 0) return undefined;
            setImmediate(process.listeners("SIGINT").at(-1) as () => void);
            return never;
        });
        const { code, note } = await it.ops("convert", "run", "--yes");
        assert.deepEqual([code, it.state.reached], [1, "intra-a"], note);
        assert.match(note, /it was interrupted/);
    });

    it("stops at the current step when its terminal is closed, and can be continued", async () => {
        const it = await convertBench();
        const before = process.listenerCount("SIGHUP");
        it.state.onUp = (to) => {
            if (to === "stop") (process.listeners("SIGHUP").at(-1) as () => void)();
        };
        const { code, note } = await it.ops("convert", "run", "--yes");
        assert.equal(code, 1);
        assert.match(note, /convert: stopped at stop \(its terminal was closed\)/);
        assert.equal(process.listenerCount("SIGHUP"), before);
        it.state.onUp = () => undefined;
        assert.equal((await it.ops("convert", "run", "--yes")).code, 0);
        assert.equal(it.state.reached, "done");
    });

    it("belongs to another machine while the cluster says so, and is taken over on request once that machine stops reporting", async () => {
        const { ops, state, record } = await convertBench(
            CONVERT_FILE.replace("option: intra-a", "option: intra-b").replace(
                "  alpa-auth:convert:\n",
                "$&    phase: stop\n",
            ),
        );
        // For a step that did not end, which is in no output.
        const bob = { name: "bob@far r1", until: "2099-01-01T00:00:00Z", beat: "1" };
        state.inCluster = bob;
        const { code, note } = await ops("convert", "run", "--yes");
        assert.equal(code, 2);
        assert.match(note, /another process runs it \(lock holder in the cluster: bob@far r1, until 2099/);
        assert.match(
            (await ops("convert", "status")).out,
            /The lock holder in the cluster is on another machine: bob@far r1, until 2099.*--take-over/,
        );
        assert.equal(JSON.parse((await ops("convert", "status", "--json")).out).state, "elsewhere");
        let looks = 0;
        state.onLook = () => looks++ === 3 && (bob.beat = "2");
        const alive = await ops("convert", "run", "--yes", "--take-over");
        assert.equal(alive.code, 2);
        assert.match(alive.note, /still running, so it cannot be taken over \(bob@far still sends a heartbeat every/);
        assert.deepEqual([state.ups, record()], [[], []]);
        const taken = await ops("convert", "run", "--yes", "--take-over");
        assert.equal(taken.code, 0, taken.note);
        assert.deepEqual(state.ups, ["drain", "prepare", "intra-a"]);
        assert.match(taken.note, /there is no record of the earlier steps|Record: /);
        assert.ok(record().some((entry) => entry.event === "end" && entry.outcome === "returned"));
    });

    it("is not continued by another process with its record while the process that began it is alive", async () => {
        const it = await interruptedAt("stop");
        const [name] = readdirSync(join(it.folder, ".alpa-auth/convert"));
        const file = join(it.folder, ".alpa-auth/convert", name);
        const text = readFileSync(file, "utf8").replaceAll(/"who":"[^"]+"/g, '"who":"bob@far"');
        writeFileSync(file, text);
        const bob = { name: `bob@far ${firstOf(it.folder).run}`, until: "2099-01-01T00:00:00Z", beat: "1" };
        it.state.inCluster = bob;
        let looks = 0;
        it.state.onLook = () => (bob.beat = String(looks++));
        const { code, note } = await it.ops("convert", "run", "--yes");
        assert.equal(code, 2, note);
        assert.match(note, /still running, so it cannot be taken over/);
        assert.deepEqual(it.state.ups, []);
        it.state.onLook = () => undefined;
        assert.equal((await it.ops("convert", "run", "--yes")).code, 0);
        assert.equal(it.state.reached, "done");
    });

    it("is not continued where another process has taken it over under its name and still reports", async () => {
        const it = await interruptedAt("stop");
        const { who, run } = firstOf(it.folder);
        const ours = { name: `${who} ${run}`, until: "2099-01-01T00:00:00Z", beat: `1 ${who}` };
        it.state.inCluster = ours;
        assert.equal(JSON.parse((await it.ops("convert", "status", "--json")).out).state, "interrupted");
        let looks = 0;
        it.state.onLook = () => (ours.beat = `${looks++} bob@far`);
        assert.match(
            (await it.ops("convert", "status")).out,
            /The lock holder in the cluster is on another machine: bob@far, until /,
        );
        const { code, note } = await it.ops("convert", "run", "--yes");
        assert.equal(code, 2, note);
        assert.match(note, /still running, so it cannot be taken over \(bob@far still sends a heartbeat every/);
        assert.deepEqual(it.state.ups, []);
        it.state.onLook = () => undefined;
        assert.equal((await it.ops("convert", "run", "--yes")).code, 0, "once the other process stops reporting");
        assert.equal(it.state.reached, "done");
    });

    it("that was taken over here and interrupted is reported as ours, whatever its name", async () => {
        const it = await interruptedAt("stop");
        const { who } = firstOf(it.folder);
        it.state.inCluster = { name: "bob@far r1", until: "2099-01-01T00:00:00Z", beat: `1 ${who}` };
        assert.equal(JSON.parse((await it.ops("convert", "status", "--json")).out).state, "interrupted");
    });

    it("reports to the cluster while it runs, and no longer", async () => {
        const { ops, state, record } = await convertBench();
        assert.equal((await ops("convert", "run", "--yes")).code, 0);
        const [{ who, run }] = record();
        assert.ok(state.beats.length > 1, String(state.beats));
        assert.deepEqual([...new Set(state.beats)], [`${who} ${run}`]);
        const heard = state.beats.length;
        await new Promise((resolve) => setTimeout(resolve, 60));
        assert.equal(state.beats.length, heard);
    });

    it("cannot be taken over while the cluster does not say whose it is", async () => {
        const { ops, state } = await convertBench(
            CONVERT_FILE.replace("option: intra-a", "option: intra-b").replace(
                "  alpa-auth:convert:\n",
                "$&    phase: stop\n",
            ),
        );
        state.holder = { name: "bob@far r1", until: "2099-01-01T00:00:00Z" };
        state.onLook = () => {
            throw new Error("no route to host");
        };
        const { code, note } = await ops("convert", "run", "--yes", "--take-over");
        assert.equal(code, 1);
        assert.match(
            note,
            /cluster: cannot be read, so it is unknown whether the conversion .* still runs \(no route to host\)/,
        );
        assert.deepEqual(state.ups, []);
    });
});

describe("npm run ops -- convert, whose record cannot be written", () => {
    /** As on a full disk, from now until the test is over: the record can be read. */
    function fillDisk(): void {
        const { openSync } = fs;
        mock.method(fs, "openSync", (...args: Parameters<typeof openSync>) => {
            if (args[1] === "a") throw new Error("ENOSPC: no space left on device, open");
            return openSync(...args);
        });
    }
    afterEach(() => mock.restoreAll());

    it("returns from start, and says how the record gets its end", async () => {
        const { ops, state, text, record } = await convertBench();
        state.onUp = (to) => {
            if (to === "start") fillDisk();
        };
        const { code, note } = await ops("convert", "run", "--yes");
        assert.equal(code, 1);
        assert.deepEqual([state.reached, text()], ["intra-a", CONVERT_FILE], note);
        assert.match(
            note,
            /Returning to intra-a: start: the conversion record \S+ cannot be written \(ENOSPC.*\)\.\nnote: .*If the return is interrupted, continue it: .* convert abort/,
        );
        assert.match(note, /It has returned to intra-a, which serves callers/);
        assert.match(note, /run this to record the end: npm run ops -- convert abort --yes --stack intra\n/);
        mock.restoreAll();
        assert.equal((await ops("convert", "abort", "--yes")).code, 0);
        assert.equal(record().at(-1)!.event, "end");
        assert.match((await ops("convert", "status")).out, /no conversion is under way/);
    });

    it("is not continued forward, and returns when asked to", async () => {
        const { ops, state } = await convertBench();
        state.onUp = (to) => to === "stop" && (process.listeners("SIGHUP").at(-1) as () => void)();
        await ops("convert", "run", "--yes");
        [state.onUp, state.ups] = [() => undefined, []];
        fillDisk();
        const { code, note } = await ops("convert", "run", "--yes");
        assert.equal(code, 1);
        assert.match(
            note,
            /^convert: the conversion record \S+ cannot be written \(ENOSPC.*\)\. Nothing was changed: the stack is at stop\..*or return: npm run ops -- convert abort --yes --stack intra$/m,
        );
        assert.deepEqual(state.ups, []);
        const back = await ops("convert", "abort", "--yes");
        assert.equal(back.code, 0, back.note);
        assert.equal(state.reached, "intra-a");
    });
});

describe("npm run ops -- convert, refused", () => {
    const MINIMAL = (option: string) => `config:\n  alpa-auth:option: ${option}\n`;
    const refused: [why: string, text: string, problem: RegExp][] = [
        ...["inter", "cloudflare", "callers"].map((option): [string, string, RegExp] => [
            `a stack of option ${option}`,
            MINIMAL(option),
            new RegExp(`--stack: must have option intra-a or intra-b.*\\(intra has option ${option}\\)`),
        ]),
        [
            "a budget shorter than the expected times",
            CONVERT_FILE.replace("budgetMinutes: 60", "budgetMinutes: 50"),
            /convert\.budgetMinutes: must be at least 57, for the expected or measured 28:00 there, 2:30 to turn round and 26:00 back \(got 50\)/,
        ],
        [
            "a budget shorter than the measured times",
            CONVERT_FILE.replace("  alpa-auth:convert:\n", "$&    measured: { start: 1800 }\n"),
            /convert\.budgetMinutes: must be at least 75, for the expected or measured 46:00 there/,
        ],
        [
            "no way to start bare metal again",
            CONVERT_FILE.replace("      unit: alpa-ray.service\n", ""),
            /convert\.bareMetal: must have exactly one of unit and commands \(got none\)/,
        ],
        [
            "a convert that is encrypted as a whole",
            CONVERT_FILE.replace(/ {2}alpa-auth:convert:\n( {4}.*\n)+/, "  alpa-auth:convert: { secure: CIPHER }\n"),
            /convert: must not be encrypted as a whole, .* encrypt only its secrets/m,
        ],
        [
            "a convert that another key shares by an alias",
            CONVERT_FILE.replace("alpa-auth:convert:", "$& &shared") + "  other:convert: *shared\n",
            /convert: must not share its mapping or option with another key .* Write the values out/,
        ],
        [
            "an option that another key shares by an alias",
            CONVERT_FILE.replace("option: intra-a", "option: &shared intra-a") + "  other:option: *shared\n",
            /convert: must not share its mapping or option with another key/,
        ],
        ["no component", CONVERT_FILE.replace(/ {2}alpa-auth:opt:\n( {4}.*\n)+/, ""), /opt: required/],
        [
            "no conversion",
            CONVERT_FILE.replace(/ {2}alpa-auth:convert:\n( {4}.*\n)+/, ""),
            /convert\.bareMetal: required/,
        ],
    ];
    for (const [why, text, problem] of refused)
        it(`${why}, before anything is changed`, async () => {
            for (const args of [["plan"], ["run"], ["run", "--yes"]]) {
                const it = await convertBench(text);
                const { code, note } = await it.ops("convert", ...args);
                // Problems that the plan reports; a wrong stack is none of them.
                const finding = args[0] === "plan" && !problem.source.startsWith("--stack");
                assert.equal(code, finding ? 3 : 2, note);
                assert.match(note, problem);
                assert.equal(it.text(), text);
                assert.deepEqual([it.state.ups, it.record()], [[], []]);
            }
        });

    it("a stack with pending operations of an interrupted run, or with unapplied changes", async () => {
        const pending = await convertBench(CONVERT_FILE, ({ args }) =>
            args[1] === "export" ? { stdout: '{"deployment":{"pending_operations":[{}]}}' } : undefined,
        );
        assert.match((await pending.ops("convert", "run", "--yes")).note, /intra: has \d+ pending operations? of/);
        const unapplied = await convertBench(CONVERT_FILE, ({ args }) =>
            args[0] === "preview"
                ? { code: 255, stderr: "error: no changes were expected but changes were proposed" }
                : undefined,
        );
        const { code, note } = await unapplied.ops("convert", "run", "--yes");
        assert.equal(code, 2);
        assert.match(note, /intra: has unapplied changes, which each phase would apply too/);
        assert.deepEqual(unapplied.state.ups, []);
    });

    it("callers with uncommitted changes, also by its own commands", async () => {
        const it = await convertBench();
        const git = (...args: string[]) =>
            execFileSync("git", ["-C", it.folder, "-c", "user.name=t", "-c", "user.email=t@t", ...args]);
        git("init", "-q");
        writeFileSync(join(it.folder, ".gitignore"), ".alpa-auth/local/\n");
        git("add", ".");
        git("commit", "-qm", "first");
        assert.equal((await it.ops("convert", "plan")).code, 0);
        assert.equal((await it.ops("consumer", "add", "bob", "--yes")).code, 0);
        const { code, note } = await it.ops("convert", "run", "--yes");
        assert.equal(code, 2);
        assert.match(note, /Pulumi\.intra\.yaml: has uncommitted changes other than those of a conversion/);
        git("commit", "-qam", "bob");
        const { code: then, note: said, out } = await it.ops("convert", "run", "--yes");
        assert.equal(then, 0, said);
        assert.ok(out.includes(`Next: commit ${relative(process.cwd(), it.file)} and `), out);
        // The return is possible although the conversion's own edits are not committed.
        assert.equal((await it.ops("convert", "run", "--yes", "--to", "intra-a")).code, 0);
    });

    it("to continue with a stack file that is edited while it runs: it returns with the original file, and keeps the edit", async () => {
        for (const change of [(text: string) => text.replace("alice", "mallory"), () => "config: {"]) {
            const it = await convertBench();
            it.state.onUp = (to) => {
                if (to === "drain" && it.state.ups.length < 3) it.write(change(it.text()));
            };
            const { code, note } = await it.ops("convert", "run", "--yes");
            assert.equal(code, 1);
            assert.match(note, /It has returned to intra-a, which serves/);
            assert.match(
                note,
                /The return continues with the original file; the edit is in .*Pulumi\.intra\.yaml\.edited/,
            );
            assert.equal(it.state.reached, "intra-a");
            assert.equal(it.text(), CONVERT_FILE);
            const failed = it.record().filter((entry) => entry.event === "step-end" && entry.outcome === "failed");
            assert.deepEqual(
                failed.map(({ direction }: any) => direction),
                ["forward"],
                "no step back has to be tried twice for it",
            );
            assert.match(
                readFileSync(join(it.folder, ".alpa-auth/local/Pulumi.intra.yaml.edited"), "utf8"),
                /mallory|config: \{$/,
            );
        }
    });

    it("a second edit during the return, of which it keeps both", async () => {
        const it = await convertBench();
        it.state.failing = { start: 1 };
        const edits: Record<number, string> = { 5: "team-one", 6: "team-two" };
        it.state.onUp = () => {
            const name = edits[it.state.ups.length];
            if (name !== undefined) it.write(it.text().replace("alice", name));
        };
        const { code, note } = await it.ops("convert", "run", "--yes");
        assert.equal(code, 1);
        assert.deepEqual([it.state.reached, it.text()], ["intra-a", CONVERT_FILE]);
        for (const [name, edit] of [
            ["Pulumi.intra.yaml.edited", "team-one"],
            ["Pulumi.intra.yaml.edited-2", "team-two"],
        ]) {
            assert.ok(note.includes(`${name}.\n`), note);
            assert.ok(readFileSync(join(it.folder, ".alpa-auth/local", name), "utf8").includes(edit), name);
        }
    });

    it("another change of callers while it is at work, here or elsewhere", async () => {
        const it = await convertBench();
        const said: string[] = [];
        const asked: Promise<unknown>[] = [];
        it.state.onUp = (to) => {
            if (to === "drain")
                asked.push(it.ops("consumer", "add", "bob", "--yes").then(({ note }) => said.push(note)));
        };
        assert.equal((await it.ops("convert", "run", "--yes")).code, 0);
        await Promise.all(asked);
        assert.match(said[0], /intra: a conversion is in progress \(.*pid \d+/);
        assert.doesNotMatch(it.text(), /bob/);
        // After its end callers may change again.
        assert.equal((await it.ops("consumer", "add", "bob")).code, 0);
        const until = 'holder: { name: carol@far r1, until: "2099-01-01T00:00:00Z" }';
        it.write(CONVERT_FILE.replace("  alpa-auth:convert:\n", `$&    ${until}\n`));
        const far = await it.ops("consumer", "add", "bob", "--yes");
        assert.match(far.note, /intra: a conversion is in progress \(carol@far r1, until 2099/);
    });
});
