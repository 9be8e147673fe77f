// Proves what `npm run ops -- convert` refuses without a change, and that no other command changes the stack while a
// conversion runs. Pulumi is a fake here and the service a small HTTP server.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeConversionState } from "../../../../../ops/convert/runner/conversion-state";
import { CONVERT_FILE, convertBench } from "../service";
import { exits, useKubeconfig } from "../../kit";

describe("npm run ops -- convert, refused", () => {
    useKubeconfig();
    const MINIMAL = (option: string) => `config:\n  alpa-auth:option: ${option}\n`;
    const refused: [why: string, text: string, problem: RegExp][] = [
        ...["inter", "cloudflare"].map((option): [string, string, RegExp] => [
            `a stack of option ${option}`,
            MINIMAL(option),
            new RegExp(`--stack: must have option intra-a or intra-b.*\\(intra has option ${option}\\)`),
        ]),
        [
            "a budget shorter than the expected times",
            CONVERT_FILE.replace("budgetMinutes: 60", "budgetMinutes: 50"),
            /convert\.budgetMinutes: must be at least 57, for the expected or measured times: 28:00 forward, 2:30 to interrupt a failed step, and 26:00 back \(got 50\)/,
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
            /convert: must have no anchor or alias \(got &shared\), .* Write the values out/,
        ],
        [
            "an option that another key shares by an alias",
            CONVERT_FILE.replace("option: intra-a", "option: &shared intra-a") + "  other:option: *shared\n",
            /option: must have no anchor or alias \(got &shared\)/,
        ],
        [
            "a gateway that is closed for maintenance",
            `${CONVERT_FILE}  alpa-auth:gateway:\n    closed: { enabled: true, reason: maintenance }\n`,
            /gateway\.closed: must not be enabled when a conversion begins, .* Remove gateway\.closed/,
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
                // `plan` reports each problem as a finding, except a stack with another option.
                const finding = args[0] === "plan" && !problem.source.startsWith("--stack");
                assert.equal(code, finding ? 3 : 2, note);
                assert.match(note, problem);
                assert.equal(it.text(), text);
                assert.deepEqual([it.state.ups, it.record()], [[], []]);
            }
        });

    it("a budget shorter than the measured times, also of another clone", async () => {
        const it = await convertBench();
        writeConversionState(it.folder, "intra", { measured: { start: 1800 } });
        const { note } = await exits(2, it.ops("convert", "run", "--yes"));
        assert.match(
            note,
            /convert\.budgetMinutes: must be at least 75, for the expected or measured times: 46:00 forward/,
        );
        assert.deepEqual([it.state.ups, it.record()], [[], []]);
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
        const { note } = await exits(2, unapplied.ops("convert", "run", "--yes"));
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
        await exits(0, it.ops("convert", "plan"));
        await exits(0, it.ops("consumer", "add", "bob", "--yes"));
        const { note } = await exits(2, it.ops("convert", "run", "--yes"));
        assert.match(note, /Pulumi\.intra\.yaml: has uncommitted changes other than those of a conversion/);
        git("commit", "-qam", "bob");
        const { out } = await exits(0, it.ops("convert", "run", "--yes"));
        const files = [it.file, join(it.folder, ".alpa-auth/convert/intra.json")];
        assert.ok(out.includes(`Next: commit ${files.join(" and ")} and `), out);
        // A rollback to intra-a needs no commit of the conversion's own edits.
        await exits(0, it.ops("convert", "run", "--yes", "--to", "intra-a"));
    });

    it("to continue with a stack file edited during the run: it rolls back with the original file, and saves the edit", async () => {
        for (const change of [(text: string) => text.replace("alice", "mallory"), () => "config: {"]) {
            const it = await convertBench();
            it.state.onUp = (to) => {
                if (to === "drain" && it.state.ups.length < 3) it.write(change(it.text()));
            };
            const { note } = await exits(1, it.ops("convert", "run", "--yes"));
            assert.match(note, /It was rolled back to intra-a, which serves/);
            assert.match(
                note,
                /The rollback continues with the original file. The edit is in .*Pulumi\.intra\.yaml\.edited/,
            );
            assert.equal(it.state.reached, "intra-a");
            assert.equal(it.text(), CONVERT_FILE);
            const failed = it.record().filter((entry) => entry.event === "step-end" && entry.outcome === "failed");
            assert.deepEqual(
                failed.map(({ direction }: any) => direction),
                ["forward"],
                "the edit makes no step of the return fail",
            );
            assert.match(
                readFileSync(join(it.folder, ".alpa-auth/local/Pulumi.intra.yaml.edited"), "utf8"),
                /mallory|config: \{$/,
            );
        }
    });

    it("a second edit during the rollback: it saves both edits", async () => {
        const it = await convertBench();
        it.state.failing = { start: 1 };
        const edits: Record<number, string> = { 5: "team-one", 6: "team-two" };
        it.state.onUp = () => {
            const name = edits[it.state.ups.length];
            if (name !== undefined) it.write(it.text().replace("alice", name));
        };
        const { note } = await exits(1, it.ops("convert", "run", "--yes"));
        assert.deepEqual([it.state.reached, it.text()], ["intra-a", CONVERT_FILE]);
        for (const [name, edit] of [
            ["Pulumi.intra.yaml.edited", "team-one"],
            ["Pulumi.intra.yaml.edited-2", "team-two"],
        ]) {
            assert.ok(note.includes(`${name}.\n`), note);
            assert.ok(readFileSync(join(it.folder, ".alpa-auth/local", name), "utf8").includes(edit), name);
        }
    });

    it("a revocation, but with the command that blocks the credential at once", async () => {
        const it = await convertBench();
        writeConversionState(it.folder, "intra", { holder: { name: "carol@far r1", until: "2099-01-01T00:00:00Z" } });
        for (const consent of [[], ["--yes"]]) {
            const { note } = await exits(2, it.ops("consumer", "revoke", "alice", "a1", ...consent));
            assert.match(
                note,
                /alice\/a1: .* block it at once: kubectl --context one --server https:\/\/10\.0\.0\.1:16443 -n alpa-auth delete secret alice\.a1\nThen run this command again/,
            );
        }
        const { note } = await exits(2, it.ops("consumer", "revoke", "alice", "other"));
        assert.doesNotMatch(note, /kubectl/, "a credential that does not exist");
    });

    it("a change of callers while a conversion runs, here or on another machine", async () => {
        const it = await convertBench();
        const said: string[] = [];
        const asked: Promise<unknown>[] = [];
        it.state.onUp = (to) => {
            if (to === "drain")
                asked.push(it.ops("consumer", "add", "bob", "--yes").then(({ note }) => said.push(note)));
        };
        await exits(0, it.ops("convert", "run", "--yes"));
        await Promise.all(asked);
        assert.match(said[0], /intra: a conversion is in progress \(.*pid \d+/);
        assert.doesNotMatch(it.text(), /bob/);
        // When the conversion has ended, commands may change callers again.
        await exits(0, it.ops("consumer", "add", "bob"));
        writeConversionState(it.folder, "intra", { holder: { name: "carol@far r1", until: "2099-01-01T00:00:00Z" } });
        const far = await it.ops("consumer", "add", "bob", "--yes");
        assert.match(far.note, /intra: a conversion is in progress \(carol@far r1, until 2099/);
    });
});
