// Proves what can be proved of the workflow templates without GitHub: their permissions, that their commands and options
// exist, that no script contains text of others, and that a pull request has one comment, which is updated.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { run } from "../../../ops/cli";
import { realContext, ROOT } from "../../../ops/context";

const FOLDER = join(ROOT, "docs/examples/workflows");
const text = (name: string) => readFileSync(join(FOLDER, name), "utf8");
const templates = readdirSync(FOLDER).map((name) => ({ name, workflow: parse(text(name)) }));
const of = (name: string) => templates.find((template) => template.name === name)!.workflow;
const jobsOf = ({ workflow }: { workflow: any }) => Object.entries<any>(workflow.jobs);
/** All texts of a job that a shell or a script runs. */
const scriptsOf = (job: any): string[] =>
    job.steps.flatMap((step: any) => [step.run, step.with?.script]).filter((script: unknown) => script !== undefined);

describe("workflow templates", () => {
    it("are one each for a pull request, a merge, drift and expiries, and none runs in this repository", () => {
        assert.deepEqual(
            templates.map(({ name, workflow }) => [name, Object.keys(workflow.on).sort()]),
            [
                ["apply.yml", ["push"]],
                ["check.yml", ["pull_request_target"]],
                ["drift.yml", ["schedule", "workflow_dispatch"]],
                ["expire.yml", ["schedule", "workflow_dispatch"]],
            ],
        );
        assert.deepEqual(readdirSync(join(ROOT, ".github/workflows")), ["ci.yml", "docs.yml"]);
    });

    for (const template of templates) {
        const { name, workflow } = template;

        it(`${name} pins actions by their full SHA, with the version in a comment`, () => {
            const lines = text(name)
                .split("\n")
                .filter((line) => /\buses:/.test(line));
            assert.ok(lines.length > 0);
            for (const line of lines) assert.match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
        });

        it(`${name} gives each job the permissions it needs, and a timeout`, () => {
            assert.deepEqual(workflow.permissions, {});
            for (const [title, job] of jobsOf(template)) {
                const writes = Object.entries(job.permissions).filter(([, right]) => right !== "read");
                assert.deepEqual(writes, title === "comment" ? [["pull-requests", "write"]] : [], title);
                assert.ok(job["timeout-minutes"] <= 90, title);
            }
        });

        it(`${name} keeps the token out of the clone, and other people's text out of scripts`, () => {
            for (const [, job] of jobsOf(template)) {
                for (const script of scriptsOf(job)) assert.doesNotMatch(script, /\$\{\{/);
                for (const { uses, with: given } of job.steps)
                    if (uses?.startsWith("actions/checkout@")) assert.equal(given["persist-credentials"], false);
            }
        });

        it(`${name} gives secrets of an environment to the one step that needs them, and on no command line`, () => {
            for (const [title, job] of jobsOf(template)) {
                const without = job.steps.map(({ env, ...step }: any) => step);
                assert.doesNotMatch(JSON.stringify({ ...job, steps: without }), /secrets\./);
                for (const { env, run: script } of job.steps.filter((step: any) => step.env !== undefined)) {
                    assert.match(script, /^npm run -s ops -- (stack|consumer prune-expired) /);
                    assert.ok(job.environment, `${title}: secrets of an environment, which has branches and reviewers`);
                    for (const secret of Object.keys(env)) assert.ok(!script.includes(secret), secret);
                }
            }
        });

        it(`${name} runs a job with secrets on a dedicated runner`, () => {
            for (const [title, job] of jobsOf(template)) {
                const secret = JSON.stringify(job).includes("secrets.");
                const kind = name === "check.yml" ? "alpa-auth-check" : "alpa-auth-apply";
                assert.deepEqual(job["runs-on"], secret ? ["self-hosted", kind] : "ubuntu-24.04", title);
            }
        });

        it(`${name} runs commands that exist, with options that they have`, async () => {
            const commands = jobsOf(template)
                .flatMap(([, job]) => scriptsOf(job))
                .flatMap((script) => [...script.matchAll(/npm run -s ops -- ([^>\n]+)/g)].map(([, words]) => words));
            assert.ok(commands.length > 0);
            for (const words of commands) assert.equal(await run([...words.trim().split(" "), "--help"], silent()), 0);
            for (const words of commands)
                for (const [option] of words.matchAll(/--[a-z-]+/g))
                    assert.ok((await helpOf(words)).includes(option), `${words}: ${option}`);
        });
    }

    it("run one at a time where they change the live stack, and keep waiting runs", () => {
        const held = ["apply.yml", "drift.yml", "expire.yml"].map((name) => {
            const { concurrency, jobs } = of(name);
            return concurrency ?? jobs.drift?.concurrency ?? jobs.expire.concurrency;
        });
        for (const group of held)
            assert.deepEqual(group, { group: "alpa-auth-intra", "cancel-in-progress": false, queue: "max" });
    });

    it("give a fork no secret and no runner of yours, and do not silently skip it", () => {
        const { check, comment, fork } = of("check.yml").jobs;
        assert.match(check.if, /head\.repo\.full_name == github\.repository/);
        assert.match(fork.if, /head\.repo\.full_name != github\.repository/);
        assert.match(fork.steps[0].run, /exit 1/);
        for (const job of [comment, fork]) {
            assert.equal(job["runs-on"], "ubuntu-24.04");
            assert.ok(!JSON.stringify(job).includes("secrets."));
        }
        // A job with write permission runs nothing of the pull request.
        assert.ok(!JSON.stringify(comment).includes("checkout"));
    });

    it("review a pull request with the code of main, and read its files only with git", () => {
        const { steps } = of("check.yml").jobs.check;
        const [main, change] = steps.filter(({ uses }: any) => uses?.startsWith("actions/checkout@"));
        assert.deepEqual([main.with.ref, main.with.path, change.with.path], [undefined, undefined, "change"]);
        const touching = scriptsOf({ steps }).filter((script) => /\bchange\b/.test(script));
        assert.equal(touching.length, 1);
        for (const [, command] of touching[0].matchAll(/(\S+ \S+ )?\bchange\b/g)) assert.equal(command, "git -C ");
    });

    it("use the stack file of a pull request, and no target of its symbolic links", () => {
        const folder = mkdtempSync(join(tmpdir(), "alpa-auth-change-"));
        const git = (...words: string[]) => execFileSync("git", ["-C", join(folder, "change"), ...words]);
        try {
            mkdirSync(join(folder, "change/policy"), { recursive: true });
            mkdirSync(join(folder, "policy"));
            git("init", "-q");
            writeFileSync(join(folder, "secret"), "of the runner");
            writeFileSync(join(folder, "Pulumi.intra.yaml"), "of main");
            writeFileSync(join(folder, "policy/exceptions.yaml"), "of main");
            writeFileSync(join(folder, "change/Pulumi.intra.yaml"), "of the pull request");
            symlinkSync(join(folder, "secret"), join(folder, "change/policy/accepted.yaml"));
            git("add", ".");
            git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "change");
            const script = of("check.yml").jobs.check.steps.find(({ run: text }: any) => text?.includes("change")).run;
            execFileSync("bash", ["-e", "-c", script], {
                cwd: folder,
                env: { ...process.env, STACK: "intra" },
                stdio: "pipe",
            });
            assert.equal(readFileSync(join(folder, "Pulumi.intra.yaml"), "utf8"), "of the pull request");
            assert.equal(readFileSync(join(folder, "policy/accepted.yaml"), "utf8"), join(folder, "secret"));
            assert.equal(existsSync(join(folder, "policy/exceptions.yaml")), false);
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    it("apply only the plan, of the same commit and after the environment's approval, and never without the pack", () => {
        const { plan, apply } = of("apply.yml").jobs;
        assert.deepEqual([apply.needs, apply.environment], ["plan", "intra"]);
        assert.match(plan.steps.at(-2).run, /stack review .*--fail-on breaks-callers --out "\$RUNNER_TEMP\/plan"/);
        assert.match(apply.steps.at(-1).run, /stack apply --yes --plan "\$RUNNER_TEMP\/plan"/);
        assert.equal(plan.steps.at(-1).with.name, apply.steps.at(-2).with.name);
        // A script that runs Pulumi directly would run it without the policy pack.
        for (const template of templates)
            for (const [, job] of jobsOf(template))
                for (const script of scriptsOf(job))
                    assert.doesNotMatch(script, /\bpulumi (up|destroy|refresh|preview)/);
    });

    it("remove expired credentials soon after midnight UTC, and report expiries even if that fails", () => {
        const { on, jobs } = of("expire.yml");
        assert.match(on.schedule[0].cron, /^\d+ 0 \* \* \*$/);
        assert.match(jobs.expire.steps.at(-1).run, /consumer prune-expired --yes /);
        assert.match(jobs.warn.steps.at(-1).run, /consumer list --expiring 30 --fail-on 7 /);
        assert.deepEqual([jobs.warn.needs, jobs.warn.concurrency], [undefined, undefined]);
    });

    describe("comment", () => {
        const script = scriptsOf(of("check.yml").jobs.comment)[0];
        const home = process.cwd();
        const variables = { STACK: "intra", RUN: "https://example.com/runs/1", COMMIT: "abc", RESULT: "failure" };
        let folder: string;
        beforeEach(() => {
            folder = mkdtempSync(join(tmpdir(), "alpa-auth-comment-"));
            process.chdir(folder);
            Object.assign(process.env, variables);
        });
        afterEach(() => {
            process.chdir(home);
            Object.keys(variables).forEach((name) => delete process.env[name]);
            rmSync(folder, { recursive: true, force: true });
        });

        /** Runs the script like the action, on a pull request with these comments. */
        async function posted(
            comments: { id: number; body: string; user: { type: string } }[],
            review?: string,
            files: string[] = ["Pulumi.intra.yaml"],
        ) {
            const calls: [string, any][] = [];
            if (review !== undefined) {
                mkdirSync("review", { recursive: true });
                writeFileSync("review/review.md", review);
            }
            const issues = {
                listComments: "list",
                createComment: async (args: any) => void calls.push(["create", args]),
                updateComment: async (args: any) => void calls.push(["update", args]),
            };
            const changed = files.map((filename) => ({ filename }));
            const paginate = async (list: string) => ({ list: comments, files: changed })[list];
            const github = { rest: { issues, pulls: { listFiles: "files" } }, paginate };
            const context = { repo: { owner: "o", repo: "r" }, issue: { number: 7 } };
            const asyncFunction = Object.getPrototypeOf(async () => undefined).constructor;
            await asyncFunction("github", "context", "require", script)(github, context, require);
            assert.equal(calls.length, 1);
            return calls[0];
        }

        it("is created once, and then updated", async () => {
            const [verb, made] = await posted([], "## Breaks callers");
            assert.deepEqual([verb, made.issue_number], ["create", 7]);
            assert.match(made.body, /## Breaks callers[^]*Did not pass[^]*runs\/1/);
            const others = [
                { id: 1, body: made.body, user: { type: "User" } },
                { id: 2, body: "LGTM", user: { type: "Bot" } },
                { id: 3, body: made.body.replace("of intra", "of inter"), user: { type: "Bot" } },
            ];
            const [again, changed] = await posted(
                [...others, { id: 4, body: made.body, user: { type: "Bot" } }],
                "new",
            );
            assert.deepEqual([again, changed.comment_id], ["update", 4]);
            assert.equal((await posted(others, "new"))[0], "create", "of another stack, or of a person");
        });

        it("says that there is no review, and fits into one comment with the longest review", async () => {
            assert.match((await posted([]))[1].body, /no review could be made/);
            assert.ok((await posted([], "x".repeat(70_000)))[1].body.length <= 65_536);
        });
    });
});

const silent = () => ({ ...realContext(), out: () => undefined, note: () => undefined });

async function helpOf(words: string): Promise<string> {
    let said = "";
    await run([...words.trim().split(" "), "--help"], { ...silent(), out: (line) => void (said += line) });
    return said;
}
