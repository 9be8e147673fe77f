// Proves how a conversion continues or rolls back after an interruption, a kill or an abort, and with a lock of another
// machine or a record that cannot be written. Pulumi is a fake here and the service a small HTTP server.
import { strict as assert } from "node:assert";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import fs from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { mock } from "node:test";
import { CONVERT_FILE, convertBench, fileAt, interrupt } from "../service";
import { exits } from "../../kit";
import { PLACES } from "../world";

describe("npm run ops -- convert, interrupted", () => {
    /**
     * A conversion whose process was killed during the `pulumi up` to this phase, with the files that the process left.
     */
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
        // The state after a crash: the last line is truncated, and the lock names a process that has ended.
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
            await exits(0, ops("convert", "run", "--yes"));
            assert.equal(state.reached, "done");
            assert.equal(state.ups[0], place);
        });

    function firstOf(folder: string): { who: string; run: string } {
        const [name] = readdirSync(join(folder, ".alpa-auth/convert"));
        return JSON.parse(readFileSync(join(folder, ".alpa-auth/convert", name), "utf8").split("\n")[0]);
    }

    it("counts the recorded time of 503s also where the clock is an hour behind that of the machine that wrote the record", async () => {
        const it = await interruptedAt("stop");
        const [name] = readdirSync(join(it.folder, ".alpa-auth/convert"));
        const file = join(it.folder, ".alpa-auth/convert", name);
        const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
        const lines = readFileSync(file, "utf8").trim().split("\n").slice(0, -1);
        const ahead = lines.map((line) => {
            const entry = JSON.parse(line);
            return JSON.stringify({ ...entry, time: at(entry.step === "stop" ? 118 : 60) });
        });
        writeFileSync(file, `${ahead.join("\n")}\n`);
        const { note } = await exits(1, it.ops("convert", "run", "--yes"));
        assert.match(note, /Rolling back to intra-a: 58:0\d of 1:00:00 have passed/);
        assert.deepEqual(it.state.ups, ["drain", "prepare", "intra-a"]);
    });

    it("and returned by another clone: status does not say that callers get 503", async () => {
        const { ops, state } = await interruptedAt("start");
        state.reached = "intra-a";
        const facts = JSON.parse((await ops("convert", "status", "--json")).out);
        assert.deepEqual([facts.reached, facts.callers, facts.downSeconds], ["intra-a", "served", 0]);
    });

    it("abort rolls back from the current phase, and without --yes only shows it", async () => {
        const { ops, state, text } = await interruptedAt("start");
        const before = text();
        const shown = await exits(0, ops("convert", "abort"));
        assert.match(shown.out, /Step start was interrupted/);
        assert.match(shown.out, /Dry run: nothing was changed\. Run again with --yes to roll back to intra-a/);
        assert.deepEqual([state.ups, text()], [[], before]);
        await exits(0, ops("convert", "abort", "--yes"));
        assert.deepEqual(state.ups, ["stop", "drain", "prepare", "intra-a"]);
        assert.equal(text(), CONVERT_FILE);
    });

    it("abort asks the process that runs the conversion to roll back, and does not begin another rollback", async () => {
        const it = await convertBench(CONVERT_FILE, undefined, 1);
        const asked: ReturnType<typeof it.ops>[] = [];
        // The check before this step lasts a second, in which `abort` can request the rollback.
        it.state.onUp = (to) => {
            if (to === "drain" && asked.length === 0) asked.push(it.ops("convert", "abort", "--yes"));
        };
        const { note } = await exits(1, it.ops("convert", "run", "--yes"));
        assert.match(note, /Rolling back to intra-a: .*convert abort was run/);
        const abort = await asked[0];
        assert.equal(abort.code, 0, abort.note);
        assert.match(abort.out, /Told the process of \S+, pid \d+ on .*, to roll back to intra-a/);
        assert.deepEqual(it.state.ups, ["prepare", "drain", "prepare", "intra-a"]);
    });

    it("abort fails, and names process and lock, if the process does not take the order", async () => {
        const { ops, folder, state } = await convertBench();
        const [file, order] = ["lock", "abort"].map((end) => join(folder, `.alpa-auth/local/convert-intra.${end}`));
        mkdirSync(join(folder, ".alpa-auth/local"), { recursive: true });
        // The lock's holder is a process that does not react: a suspended one on this machine, or one on another machine.
        for (const host of [hostname(), "far"]) {
            const lock = { pid: process.pid, host, who: "bob@ops", since: "2026-11-26T12:00:00.000Z" };
            writeFileSync(file, JSON.stringify(lock));
            rmSync(order, { force: true });
            await ops("convert", "abort");
            assert.ok(!existsSync(order));
            const { out, note } = await exits(1, ops("convert", "abort", "--yes"));
            assert.doesNotMatch(out, /Asked/);
            assert.match(
                note,
                new RegExp(`bob@ops, pid ${process.pid} on ${host}, did not accept the request to roll back`),
            );
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
        // The check of the step before takes a second. During this time, the process finds the request to roll back.
        state.onUp = (to) => {
            if (to === "drain") writeFileSync(join(folder, ".alpa-auth/local/convert-intra.abort"), "");
        };
        const { note } = await exits(1, ops("convert", "run", "--yes"));
        assert.match(note, /Rolling back to intra-a: .*convert abort was run/);
        assert.equal(state.reached, "intra-a");
        assert.ok(!state.ups.includes("start"));
    });

    it("returns on Ctrl-C, and on a second one stops at the current step, to be continued", async () => {
        const once = await convertBench();
        once.state.onUp = (to) => to === "stop" && interrupt();
        const { code, note } = await once.ops("convert", "run", "--yes");
        assert.deepEqual([code, once.state.reached], [1, "intra-a"], note);
        assert.match(note, /Rolling back to intra-a\. Press Ctrl-C again to stop here/);
        const twice = await convertBench();
        twice.state.onUp = (to) => {
            if (to !== "stop") return;
            interrupt();
            const later = mock.method(performance, "now", () => performance.timeOrigin + 1000);
            interrupt();
            later.mock.restore();
        };
        const stopped = await exits(1, twice.ops("convert", "run", "--yes"));
        assert.match(
            stopped.note,
            /convert: stopped at stop \(it was interrupted\)\. Continue: npm run ops -- convert run --yes --stack/,
        );
        twice.state.onUp = () => undefined;
        // The second run continues the rollback.
        await exits(0, twice.ops("convert", "run", "--yes"));
        assert.equal(twice.state.reached, "intra-a");
    });

    it("returns on a Ctrl-C that a shell sends on, so that it arrives twice", async () => {
        const it = await convertBench();
        it.state.onUp = (to) => {
            if (to !== "stop") return;
            interrupt();
            interrupt();
        };
        const { code, note } = await it.ops("convert", "run", "--yes");
        assert.deepEqual([code, it.state.reached], [1, "intra-a"], note);
    });

    it("returns on Ctrl-C from a check that is never answered", async () => {
        const it = await convertBench();
        it.state.silent = () => interrupt();
        const { code, note } = await it.ops("convert", "run", "--yes");
        assert.deepEqual([code, it.state.reached], [1, "intra-a"], note);
        assert.match(note, /prepare: failed after \d\.\d s \(it was interrupted\)/);
    });

    it("returns on Ctrl-C from a check whose outputs Pulumi never returns", async () => {
        let asked = 0;
        const never = new Promise<never>(() => undefined);
        const it = await convertBench(CONVERT_FILE, ({ args }) => {
            if (args[1] !== "output" || it.state.ups.length === 0 || asked++ > 0) return undefined;
            setImmediate(interrupt);
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
            if (to === "stop") interrupt("SIGHUP");
        };
        const { note } = await exits(1, it.ops("convert", "run", "--yes"));
        assert.match(note, /convert: stopped at stop \(its terminal was closed\)/);
        assert.equal(process.listenerCount("SIGHUP"), before);
        it.state.onUp = () => undefined;
        await exits(0, it.ops("convert", "run", "--yes"));
        assert.equal(it.state.reached, "done");
    });

    it("belongs to another machine while the cluster says so, and is taken over on request after that machine stopped reporting", async () => {
        const { ops, state, record } = await convertBench(fileAt("stop"));
        // The stack's outputs name a holder only after a step has ended, so only the holder in the cluster names bob.
        const bob = { name: "bob@far r1", until: "2099-01-01T00:00:00Z", beat: "1" };
        state.inCluster = bob;
        const { note } = await exits(2, ops("convert", "run", "--yes"));
        assert.match(
            note,
            /another process already runs the conversion \(lock holder in the cluster: bob@far r1, until 2099/,
        );
        assert.match(
            (await ops("convert", "status")).out,
            /The lock holder in the cluster is another machine or clone: bob@far r1, until 2099.*--take-over/,
        );
        assert.equal(JSON.parse((await ops("convert", "status", "--json")).out).state, "elsewhere");
        let looks = 0;
        state.onLook = () => (bob.beat = `${++looks}`);
        const alive = await exits(2, ops("convert", "run", "--yes", "--take-over"));
        assert.match(alive.note, /still running, so it cannot be taken over \(bob@far still sends a heartbeat every/);
        assert.deepEqual([state.ups, record()], [[], []]);
        state.onLook = () => undefined;
        const taken = await exits(0, ops("convert", "run", "--yes", "--take-over"));
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
        const { note } = await exits(2, it.ops("convert", "run", "--yes"));
        assert.match(note, /still running, so it cannot be taken over/);
        assert.deepEqual(it.state.ups, []);
        it.state.onLook = () => undefined;
        await exits(0, it.ops("convert", "run", "--yes"));
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
            /The lock holder in the cluster is another machine or clone: bob@far, until /,
        );
        const { note } = await exits(2, it.ops("convert", "run", "--yes"));
        assert.match(note, /still running, so it cannot be taken over \(bob@far still sends a heartbeat every/);
        assert.deepEqual(it.state.ups, []);
        it.state.onLook = () => undefined;
        await exits(0, it.ops("convert", "run", "--yes"), "once the other process stops reporting");
        assert.equal(it.state.reached, "done");
    });

    it("that was taken over here and then interrupted is reported as this machine's, whatever name its record has", async () => {
        const it = await interruptedAt("stop");
        const { who } = firstOf(it.folder);
        it.state.inCluster = { name: "bob@far r1", until: "2099-01-01T00:00:00Z", beat: `1 ${who}` };
        assert.equal(JSON.parse((await it.ops("convert", "status", "--json")).out).state, "interrupted");
    });

    it("that another clone of this user runs is not reported as stopped, nor as a rollback", async () => {
        const { who } = firstOf((await interruptedAt("stop")).folder);
        const inCluster = { name: `${who} r1`, until: "2099-01-01T00:00:00Z", beat: `1 ${who}` };
        for (const place of ["prepare", "stop"] as const) {
            const { ops, state } = await convertBench(fileAt(place));
            state.inCluster = inCluster;
            const { out } = await exits(0, ops("convert", "status"));
            assert.match(out, /this clone has no record of the conversion\. Reached: /);
            assert.match(
                out,
                /The lock holder in the cluster is another machine or clone: .* r1, until 2099.*--take-over/,
            );
            assert.equal(JSON.parse((await ops("convert", "status", "--json")).out).state, "elsewhere");
            // A process of another clone of this user may run too, so it is not continued without --take-over.
            assert.match((await exits(2, ops("convert", "run", "--yes"))).note, /another process already runs/);
        }
    });

    it("reports to the cluster only while it runs", async () => {
        const { ops, state, record } = await convertBench();
        await exits(0, ops("convert", "run", "--yes"));
        const [{ who, run }] = record();
        assert.ok(state.beats.length > 1, String(state.beats));
        assert.deepEqual([...new Set(state.beats)], [`${who} ${run}`]);
        const heard = state.beats.length;
        await new Promise((resolve) => setTimeout(resolve, 60));
        assert.equal(state.beats.length, heard);
    });

    it("cannot be taken over while the cluster cannot be read", async () => {
        const { ops, state } = await convertBench(fileAt("stop"));
        state.holder = { name: "bob@far r1", until: "2099-01-01T00:00:00Z" };
        state.onLook = () => {
            throw new Error("no route to host");
        };
        const { note } = await exits(1, ops("convert", "run", "--yes", "--take-over"));
        assert.match(
            note,
            /cluster: cannot be read, so it is unknown whether the conversion .* still runs \(no route to host\)/,
        );
        assert.deepEqual(state.ups, []);
    });
});

describe("npm run ops -- convert, whose record cannot be written", () => {
    /** Simulates a full disk until the test is over: the record can be read, but not written. */
    function fillDisk(): void {
        const { openSync } = fs;
        mock.method(fs, "openSync", (...args: Parameters<typeof openSync>) => {
            if (args[1] === "a") throw new Error("ENOSPC: no space left on device, open");
            return openSync(...args);
        });
    }
    afterEach(() => mock.restoreAll());

    it("returns from start, and says how to record the end afterwards", async () => {
        const { ops, state, text, record } = await convertBench();
        state.onUp = (to) => {
            if (to === "start") fillDisk();
        };
        const { note } = await exits(1, ops("convert", "run", "--yes"));
        assert.deepEqual([state.reached, text()], ["intra-a", CONVERT_FILE], note);
        assert.match(
            note,
            /Rolling back to intra-a: start: the conversion record \S+ cannot be written \(ENOSPC.*\)\.\nnote: .*If the rollback is interrupted, continue it: .* convert abort/,
        );
        assert.match(note, /It was rolled back to intra-a, which serves callers/);
        assert.match(note, /then record the end: npm run ops -- convert abort --yes --stack intra\n/);
        mock.restoreAll();
        await exits(0, ops("convert", "abort", "--yes"));
        assert.equal(record().at(-1)!.event, "end");
        assert.match((await ops("convert", "status")).out, /no conversion is under way/);
    });

    it("is not continued forward, and returns when asked to", async () => {
        const { ops, state } = await convertBench();
        state.onUp = (to) => to === "stop" && interrupt("SIGHUP");
        await ops("convert", "run", "--yes");
        [state.onUp, state.ups] = [() => undefined, []];
        fillDisk();
        const { note } = await exits(1, ops("convert", "run", "--yes"));
        assert.match(
            note,
            /^convert: the conversion record \S+ cannot be written \(ENOSPC.*\)\. Nothing was changed: the stack is in phase stop\..*or roll back: npm run ops -- convert abort --yes --stack intra$/m,
        );
        assert.deepEqual(state.ups, []);
        await exits(0, ops("convert", "abort", "--yes"));
        assert.equal(state.reached, "intra-a");
    });
});
