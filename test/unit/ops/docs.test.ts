// Proves that the pages name only commands and options of `npm run ops` that exist, and that the page for operators names
// every command. It cannot prove that the prose is right.
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { parse } from "yaml";
import { realContext } from "../../../ops/context";
import { program } from "../../../ops/program";

const ROOT = join(__dirname, "../../..");
const WORKFLOW = "docs/examples/expire-credentials.yml";
const DRIFT = "docs/examples/drift.yml";
const PAGES = ["README.md", "CONTRIBUTING.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)]
    .filter((name) => name.endsWith(".md"))
    .concat(WORKFLOW, DRIFT);
const read = (page: string) => readFileSync(join(ROOT, page), "utf8");

/** `noun verb` with the options of each. */
const commands = new Map(
    program(realContext()).commands.flatMap((noun: Command) =>
        noun.commands.map((verb): [string, string[]] => [
            `${noun.name()} ${verb.name()}`,
            verb.options.map((option) => option.long!),
        ]),
    ),
);

describe("docs of npm run ops", () => {
    it("name only commands and options that exist", () => {
        let seen = 0;
        for (const page of PAGES)
            for (const [line, noun, verb, rest] of read(page).matchAll(
                /npm run (?:-s )?ops -- (\w+) ([a-z]+)([^`|\n]*)/g,
            )) {
                const options = commands.get(`${noun} ${verb}`);
                assert.ok(options, `${page}: ${line}`);
                for (const [option] of rest.matchAll(/--[a-z-]+/g))
                    assert.ok(options.includes(option), `${page}: ${line}`);
                seen++;
            }
        assert.ok(seen > 10);
    });

    it("have a workflow that brings the stack up every night, and then fails while a credential ends soon", () => {
        const { on, jobs } = parse(read(WORKFLOW));
        assert.match(on.schedule[0].cron, /^\d+ 0 \* \* \*$/, "soon after midnight UTC, when a day begins");
        const [up, expiring] = jobs.up.steps.slice(-2);
        assert.equal(up.run, 'pulumi up --yes --stack "$STACK"');
        assert.match(expiring.run, /consumer expiring --within 30 --fail-on 7 --stack "\$STACK"$/);
        assert.equal(expiring.if, "${{ !cancelled() }}", "an up that fails must not hide what ends");
        for (const { uses } of jobs.up.steps) if (uses) assert.match(uses, /@[0-9a-f]{40}$/);
    });

    it("have a workflow that looks for drift every night, fails when there is some, and changes nothing", () => {
        const { on, jobs, permissions, concurrency } = parse(read(DRIFT));
        assert.equal(on.schedule.length, 1);
        assert.deepEqual(permissions, { contents: "read" });
        assert.equal(concurrency["cancel-in-progress"], false);
        assert.match(
            jobs.drift.steps.at(-1).run,
            /ops -- stack drift --format markdown --fail-on risk --stack "\$STACK"/,
        );
        for (const { uses, run } of jobs.drift.steps) {
            if (uses) assert.match(uses, /@[0-9a-f]{40}$/);
            assert.doesNotMatch(run ?? "", /pulumi (up|destroy|refresh)/);
        }
    });

    it("of operations name every command", () => {
        const text = read("docs/operations.md");
        for (const name of commands.keys()) assert.ok(text.includes(`ops -- ${name}`), name);
    });
});
