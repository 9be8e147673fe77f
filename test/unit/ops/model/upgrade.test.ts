// Proves what `npm run ops -- model upgrade` changes in the stack file, in Pulumi and in its record, and what it refuses.
// Pulumi is a fake here and the service a small HTTP server; the engine test runs both. The order of steps and the clock are
// those of a conversion, whose tests prove them.
import { strict as assert } from "node:assert";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { UPGRADE_PHASES, type Stage } from "../../../../components/opt/conversion-phases";
import { readConversionState } from "../../../../config/conversion-state";
import { writeConversionState } from "../../../../ops/cutover/conversion-state";
import { exits, SECRETS } from "../kit";
import { VERIFIER_KEY } from "../convert/service";
import { IMAGE, UPGRADE_FILE, upgradeBench } from "./service";

const stages = (...phases: string[]) => phases.map((phase) => (phase === "done" ? phase : `upgrade-${phase}`));
const NEW_FILE = UPGRADE_FILE.replace("tag: 1.0.0", "tag: 1.1.0");

describe("npm run ops -- model upgrade run", () => {
    const run = ["model", "upgrade", "run", "--image", IMAGE];

    it("takes the stack through every phase, changes only the version in its file, and keeps a record without secrets", async () => {
        const { ops, state, text, record, calls, folder } = await upgradeBench();
        const measured = { start: 9 };
        writeConversionState(folder, "intra", { measured });
        const { out, note } = await exits(0, ops(...run, "--yes"));
        const { holder, ...kept } = readConversionState(folder, "intra");
        assert.ok(Date.parse(holder!.until) <= Date.now(), "released");
        assert.deepEqual(kept, { measured }, "times of a conversion");
        assert.deepEqual(state.ups, [...UPGRADE_PHASES.map((phase) => `upgrade-${phase}`), "done"]);
        assert.equal(state.runs, "1.1.0");
        assert.match(out, /Done: intra runs the new version\. Callers got 503 for at most 0:0\d\./);
        assert.equal(text(), NEW_FILE);
        const [begin] = record();
        assert.ok(begin.event === "begin" && begin.change!.sameAnswers);
        const all = JSON.stringify([record(), out, note, calls.map(({ args }) => args), text()]);
        for (const secret of [SECRETS.key, VERIFIER_KEY, "PRIVATE KEY"]) assert.ok(!all.includes(secret), secret);
    });

    it("shows the steps and changes nothing, until --yes", async () => {
        const { ops, state, text, folder } = await upgradeBench();
        const { out } = await exits(0, ops(...run));
        assert.match(out, /image: registry\.example\.com\/alpa-serving:1\.0\.0 → registry\S+:1\.1\.0\n/);
        assert.match(out, /│ prepare[^]*│ done[^]*\nDry run: nothing was changed/);
        const plan = await ops("model", "upgrade", "plan", "--image", IMAGE, "--json");
        assert.deepEqual([plan.code, JSON.parse(plan.out).steps.length], [0, 7]);
        assert.deepEqual(
            [state.ups, text(), existsSync(join(folder, ".alpa-auth/model-upgrade"))],
            [[], UPGRADE_FILE, false],
        );
    });

    const failures: [failing: Stage, back: string[]][] = [
        ["upgrade-prepare", ["done"]],
        ["upgrade-drain", ["prepare", "done"]],
        ["upgrade-stop", ["drain", "prepare", "done"]],
        ["upgrade-start", ["stop", "drain", "prepare", "done"]],
        ["upgrade-verify", ["start", "stop", "drain", "prepare", "done"]],
        ["upgrade-switch", ["verify", "stop", "drain", "prepare", "done"]],
    ];
    for (const [failing, back] of failures)
        it(`rolls back to the old version by itself when ${failing} fails`, async () => {
            const { ops, state, text } = await upgradeBench();
            state.failing = { [failing]: 1 };
            const { note } = await exits(1, ops(...run, "--yes"));
            assert.match(note, new RegExp(`did not reach new \\(${failing.slice(8)}: .*${failing} fails in this test`));
            assert.deepEqual(state.ups.slice(state.ups.indexOf(failing) + 1), stages(...back));
            assert.deepEqual([state.runs, text()], ["1.0.0", UPGRADE_FILE]);
        });

    it("rolls back when the new version's answers differ, and accepts other answers with the option for it", async () => {
        const { ops, state, record } = await upgradeBench();
        state.says["1.1.0"] = " Texas";
        const { code, note } = await ops(...run, "--yes");
        assert.deepEqual([code, state.runs], [1, "1.0.0"]);
        assert.match(note, /the text is " Texas" instead of " France"/);
        await exits(0, ops(...run, "--yes", "--answers", "any"));
        const said = record().flatMap((one) => (one.event === "step-end" && one.step === "verify" ? [one.said] : []));
        assert.match(said.at(-1)!, /each given twice in a row.*"Paris is the capital of Texas"/);
    });

    it("rolls back when the new version does not answer, whatever answers are accepted", async () => {
        const { ops, state } = await upgradeBench();
        state.says["1.1.0"] = "";
        const { code, note } = await ops(...run, "--yes", "--answers", "any");
        assert.deepEqual([code, state.runs], [1, "1.0.0"]);
        assert.match(note, /some answers are unusable: completions of "Paris is the capital of": has no usable answer/);
    });

    it("returns from done to the old version when callers are not served, with the old values in the file", async () => {
        const { ops, state, text } = await upgradeBench();
        state.failing = { done: 2 };
        state.onUp = (to) => {
            if (to === "done" && state.failing.done! > 0) state.callerStatus = 502;
            if (to === "upgrade-prepare") delete state.callerStatus;
        };
        const { note } = await exits(1, ops(...run, "--yes"));
        assert.match(note, /callers are not served by the new version: alice\/a1/);
        assert.deepEqual(state.ups.slice(8), stages("switch", "start", "stop", "drain", "prepare", "done"));
        assert.deepEqual([state.runs, text()], ["1.0.0", UPGRADE_FILE]);
    });

    it("leaves callers with the new version that serves them when phase done fails, and tries done again", async () => {
        const { ops, state, text } = await upgradeBench();
        state.failing = { done: 2 };
        const { note } = await ops(...run, "--yes");
        assert.match(note, /a human is needed\. Callers are served by the new version \(alice\/a1 got an answer/);
        const convert = await ops("convert", "run", "--yes", "--to", "intra-a");
        assert.match(convert.note, /an upgrade of the model is in progress/);
        await exits(0, ops("model", "upgrade", "run", "--yes"));
        assert.deepEqual([state.runs, text()], ["1.1.0", NEW_FILE]);
    });

    for (const phase of [...UPGRADE_PHASES, "done"] as const) {
        const stage = (phase === "done" ? phase : `upgrade-${phase}`) as Stage;
        it(`stopped in ${phase}: status shows the phase, run continues to the end, and abort rolls back`, async () => {
            for (const verb of ["run", "abort"] as const) {
                const { ops, state, text } = await upgradeBench();
                state.onUp = (to) => void (to === stage && process.emit("SIGTERM"));
                // The `up` of step `done` fails once. Otherwise no step would be left for `run` or `abort`.
                if (phase === "done") state.failing = { done: 1 };
                await exits(1, ops(...run, "--yes"));
                state.onUp = () => undefined;
                const status = JSON.parse((await ops("model", "upgrade", "status", "--json")).out);
                assert.deepEqual([status.state, status.asked], ["interrupted", phase], JSON.stringify(status));
                await exits(0, ops("model", "upgrade", verb, "--yes"));
                const expected = verb === "run" ? ["1.1.0", NEW_FILE] : ["1.0.0", UPGRADE_FILE];
                assert.deepEqual([state.runs, text()], expected);
            }
        });
    }

    it("without the upgrade's record, reads both versions from the stack file, and returns", async () => {
        const { ops, state, text } = await upgradeBench();
        state.onUp = (to) => void (to === "upgrade-start" && process.emit("SIGTERM"));
        await ops(...run, "--yes");
        state.onUp = () => undefined;
        const other = await upgradeBench(text());
        Object.assign(other.state, state);
        const status = JSON.parse((await other.ops("model", "upgrade", "status", "--json")).out);
        assert.deepEqual([status.direction, status.why], ["back", "there is no record of the earlier steps"]);
        await exits(0, other.ops("model", "upgrade", "abort", "--yes"));
        assert.deepEqual([other.state.runs, other.text()], ["1.0.0", UPGRADE_FILE]);
    });

    it("with neither the upgrade's record nor a stack file that names the upgrade, changes nothing, and says where the versions are", async () => {
        const { ops, state, text } = await upgradeBench();
        state.onUp = (to) => void (to === "upgrade-stop" && process.emit("SIGTERM"));
        await ops(...run, "--yes");
        state.onUp = () => undefined;
        const other = await upgradeBench(UPGRADE_FILE);
        Object.assign(other.state, state, { ups: [] });
        for (const verb of ["run", "abort"]) {
            const { note } = await exits(2, other.ops("model", "upgrade", verb, "--yes"));
            assert.match(note, /opt\.upgrade: must name the new version \(the last run reached stop, .*config refresh/);
        }
        assert.deepEqual([other.state.ups, other.text(), other.record()], [[], UPGRADE_FILE, []]);
        writeFileSync(other.file, text());
        await exits(0, other.ops("model", "upgrade", "abort", "--yes"));
        assert.deepEqual([other.state.runs, other.text()], ["1.0.0", UPGRADE_FILE]);
    });

    const edits: [what: string, from: string, to: string][] = [
        ["a key that it does not change", "    gpuMemory", "    command: other\n    gpuMemory"],
        ["the version that it deploys", "tag: 1.1.0", "tag: 6.6.6"],
        ["another key of the new version", "phase: prepare", "phase: prepare\n      command: other"],
    ];
    for (const [what, from, to] of edits)
        it(`does not apply an edit of ${what} during the run: it returns, and saves the edit elsewhere`, async () => {
            const { ops, state, file, folder, text } = await upgradeBench();
            state.onUp = (stage) => {
                if (stage !== "upgrade-prepare" || state.ups.length > 1) return;
                assert.ok(text().includes(from));
                writeFileSync(file, text().replace(from, to));
            };
            const { note } = await exits(1, ops(...run, "--yes"));
            assert.match(note, /Pulumi\.intra\.yaml: changed while the upgrade was running\. Undo the change\./);
            assert.deepEqual([state.runs, text()], ["1.0.0", UPGRADE_FILE]);
            assert.ok(readFileSync(join(folder, ".alpa-auth/local/Pulumi.intra.yaml.edited"), "utf8").includes(to));
        });

    it("changes weights and model in one run, and removes the size of the old model", async () => {
        const sized = UPGRADE_FILE.replace("    gpuMemory", "    parametersBillion: 66\n    gpuMemory");
        const { ops, text, record } = await upgradeBench(sized);
        const model = ["--model", "alpa/opt-30b", "--weights-path", "/data/opt-30b"];
        await exits(0, ops("model", "upgrade", "run", ...model, "--yes"));
        assert.match(text(), /model: alpa\/opt-30b/);
        assert.match(text(), /weights: \{ hostPath: \/data\/opt-30b \}/);
        assert.doesNotMatch(text(), /parametersBillion|upgrade/);
        const [begin] = record();
        assert.ok(begin.event === "begin" && !begin.change!.sameAnswers, "another model answers differently");
    });

    it("says so when no upgrade is in progress", async () => {
        const { ops, state } = await upgradeBench();
        assert.match((await ops("model", "upgrade", "status")).out, /no upgrade of the model is under way/);
        assert.match((await ops("model", "upgrade", "abort", "--yes")).out, /no upgrade of the model is under way/);
        assert.deepEqual(state.ups, []);
    });
});

describe("npm run ops -- model upgrade refuses", () => {
    const refused: [why: string, text: string, args: string[], ...said: RegExp[]][] = [
        [
            "the version that runs",
            UPGRADE_FILE,
            ["--image", IMAGE.replace("1.1.0", "1.0.0")],
            /--image: must name another version/,
        ],
        ["no version", UPGRADE_FILE, [], /--image: required/],
        [
            "an image without a tag",
            UPGRADE_FILE,
            ["--image", "registry.example.com:5000/alpa"],
            /--image: must have a tag or a digest/,
        ],
        ["the image latest", UPGRADE_FILE, ["--image", "alpa:latest"], /--image: must be a pinned tag, never latest/],
        [
            "another model without its weights",
            UPGRADE_FILE,
            ["--model", "alpa/opt-30b"],
            /--weights-path: required when --model changes the model/,
        ],
        [
            "a model that does not fit into the GPUs",
            UPGRADE_FILE,
            ["--model", "alpa/opt-1000b", "--weights-path", "/data/b"],
            /opt\.upgrade\.model: must fit into the GPUs/,
        ],
        [
            "another model with the command of the old one",
            UPGRADE_FILE.replace("    gpuMemory", "    command: start opt-66b\n    gpuMemory"),
            ["--model", "alpa/opt-30b", "--weights-path", "/data/b"],
            /--command: required when --model changes the model/,
        ],
        [
            "a stack of option intra-a, and all problems with the version",
            UPGRADE_FILE.replace("option: intra-b", "option: intra-a").replace("    phase: done\n", ""),
            ["--image", "alpa", "--model", "alpa/opt-30b"],
            /--stack: must have option intra-b/,
            /--image: must have a tag or a digest/,
            /--weights-path: required when --model changes the model/,
        ],
        [
            "a conversion in progress, and all problems with the version",
            UPGRADE_FILE.replace("phase: done", "phase: switch"),
            ["--image", "alpa", "--weights-path", "/b", "--weights-claim", "b"],
            /--image: must have a tag or a digest/,
            /--weights-path: must not be given with --weights-claim/,
            /convert\.phase: must be done, with no conversion in progress \(got switch\)/,
        ],
        [
            "a budget that is too short",
            UPGRADE_FILE.replace("budgetMinutes: 60", "budgetMinutes: 20"),
            ["--image", IMAGE],
            /convert\.budgetMinutes: must be at least/,
        ],
    ];
    for (const [why, text, args, ...said] of refused)
        it(`${why}, all in one error, before anything is changed`, async () => {
            const { ops, state, folder, text: now } = await upgradeBench(text);
            for (const more of [["run", "--yes"], ["run"]]) {
                const { note } = await exits(2, ops("model", "upgrade", ...more, ...args));
                for (const one of said) assert.match(note, one);
            }
            assert.ok([2, 3].includes((await ops("model", "upgrade", "plan", ...args)).code));
            assert.deepEqual([state.ups, now()], [[], text]);
            assert.equal(existsSync(join(folder, ".alpa-auth/model-upgrade")), false);
        });

    it("a convert command during a model upgrade, and the reverse", async () => {
        const { ops, folder } = await upgradeBench();
        mkdirSync(join(folder, ".alpa-auth/local"), { recursive: true });
        const both = ["convert", "model upgrade"];
        for (const [command, other] of [both, [...both].reverse()]) {
            const held = { pid: process.pid, host: hostname(), who: "bob@ops", since: "2026-11-26T12:00:00.000Z" };
            writeFileSync(join(folder, ".alpa-auth/local/convert-intra.lock"), JSON.stringify({ ...held, command }));
            const { note } = await exits(2, ops(...other.split(" "), "abort", "--yes"));
            assert.match(
                note,
                new RegExp(`the running command is ${command} .*Run: npm run ops -- ${command} abort --yes`),
            );
            assert.equal(existsSync(join(folder, ".alpa-auth/local/convert-intra.abort")), false);
            const run = await ops(...command.split(" "), "run", "--yes");
            assert.match(run.note, new RegExp(`already \\(by bob.*Check: npm run ops -- ${command} status`));
        }
    });

    it("--answers with another value than at the upgrade's start", async () => {
        const { ops, state } = await upgradeBench();
        state.onUp = (to) => void (to === "upgrade-start" && process.emit("SIGTERM"));
        await ops("model", "upgrade", "run", "--image", IMAGE, "--yes");
        const { note } = await exits(2, ops("model", "upgrade", "run", "--yes", "--answers", "any"));
        assert.match(note, /--answers: must not change while an upgrade is under way \(it began with same\)/);
    });

    it("a second upgrade, a conversion and a change of callers during an upgrade, and another version than the upgrade's", async () => {
        const { ops, state, folder } = await upgradeBench();
        state.onUp = (to) => void (to === "upgrade-start" && process.emit("SIGTERM"));
        await ops("model", "upgrade", "run", "--image", IMAGE, "--yes");
        state.onUp = () => undefined;
        const other = await exits(2, ops("model", "upgrade", "run", "--image", "alpa:2", "--yes"));
        assert.match(other.note, /--image: must not name a version while an upgrade is under way/);
        const convert = await exits(2, ops("convert", "run", "--yes", "--to", "intra-a"));
        assert.match(convert.note, /an upgrade of the model is in progress/);
        const callers = await ops("consumer", "add", "bob", "--yes");
        assert.match(callers.note, /an upgrade of its model is in progress/);
        mkdirSync(join(folder, ".alpa-auth/local"), { recursive: true });
        const held = { pid: 2 ** 22 - 1, host: `not-${hostname()}`, who: "bob@ops", since: "2026-11-26T12:00:00.000Z" };
        writeFileSync(join(folder, ".alpa-auth/local/convert-intra.lock"), JSON.stringify(held));
        await exits(2, ops("model", "upgrade", "run", "--yes"));
    });
});
