// Proves that `consumer log` shows who edited, applied and handed out which credential, and when, and that it shows no
// secret. Its sources are a real git, a fake Pulumi with a history, and the records of handouts.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { bench, type Bench, type BenchOptions, exits } from "../kit";

const RECORD = ".alpa-auth/handouts/intra/alice.a1.json";
const HANDED_OUT = { at: "2026-11-21T09:00:00.000Z", recipients: ["age1qqqqqqqq…"], by: "Ada" };
const AGAIN = { at: "2026-11-22T09:00:00.000Z", recipients: [], by: "Bo", reason: "lost" };

const a1 = { id: "a1", method: "key", key: { secure: "v1:CIPHERTEXT-1" } };
const alice = (...credentials: object[]) => ({ name: "alice", credentials });
const bob = { name: "bob", credentials: [{ id: "b1", method: "key" }] };
const fileWith = (consumers: object[], rest: object = {}) =>
    stringify({ config: { "alpa-auth:option": "intra-a", "alpa-auth:consumers": consumers, ...rest } });

function version(start: string, consumers: object[], rest: object = {}) {
    const environment = { "git.head": "0123456789abcdef0123456789abcdef01234567", "git.author": "Ada" };
    const config = { "alpa-auth:consumers": { value: JSON.stringify(consumers), objectValue: consumers } };
    return { version: 0, kind: "update", result: "succeeded", startTime: start, environment, config, ...rest };
}

/** Versions of the stack, the newest first, as Pulumi prints them. */
const VERSIONS = [
    version("2026-11-24T10:00:00.000Z", [bob]),
    version("2026-11-23T10:00:00.000Z", [], { result: "failed" }),
    version("2026-11-22T10:00:00.000Z", [], { kind: "refresh" }),
    version("2026-11-20T10:00:00.000Z", [alice({ id: "a1", method: "key" }), bob]),
];

/** A stack file in a folder, and a fake Pulumi with a history. */
function clone(history: object[] = [], more: BenchOptions = {}): Bench {
    return bench({
        ...more,
        says: ({ args }) => (args[1] === "history" ? { stdout: JSON.stringify(history) } : undefined),
    });
}

function git(folder: string, ...args: string[]): void {
    execFileSync("git", ["-C", folder, ...args], { stdio: "pipe" });
}

function commit(folder: string, who: string, day: string, files: Record<string, string | undefined>): void {
    for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        if (text === undefined) rmSync(join(folder, name));
        else writeFileSync(join(folder, name), text);
    }
    git(folder, "add", "-A");
    const date = `2026-11-${day}T08:00:00Z`;
    const user = ["-c", `user.name=${who}`, "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
    // The author's date differs, as after a rebase.
    const env = { ...process.env, GIT_COMMITTER_DATE: date };
    const args = ["-C", folder, ...user, "commit", "-qm", "x", "--date", "2020-01-01T08:00:00Z"];
    execFileSync("git", args, { stdio: "pipe", env });
}

async function logOf({ ops }: Bench, ...args: string[]) {
    const { out, note } = await exits(0, ops("consumer", "log", "--json", ...args));
    return { entries: JSON.parse(out) as any[], out, note };
}

/** The parts of the entries that are the same in each run. */
const told = (entries: any[]) => entries.map(({ at, who, source, changes }) => [at.slice(0, 10), who, source, changes]);

describe("ops consumer log", () => {
    it("shows what each version of the stack changed for callers, and what a failed one may have changed", async () => {
        const { entries, note } = await logOf(clone(VERSIONS));
        assert.deepEqual(told(entries), [
            ["2026-11-24", null, "version", ["caller alice loses access"]],
            ["2026-11-23", null, "version", ["failed: caller alice loses access", "failed: caller bob loses access"]],
            ["2026-11-20", null, "version", ["caller alice gets access", "caller bob gets access"]],
        ]);
        assert.match(note, /is not in git, so its edits are not in this list/);
    });

    const runs: [what: string, environment: object, inGit: boolean, who: string | null][] = [
        ["the author of its commit", {}, true, "Ada"],
        [
            "the pipeline in addition to the author",
            { "ci.system": "GitHub Actions", "ci.build.number": "7" },
            true,
            "Ada, by GitHub Actions 7",
        ],
        ["no author where the edit was not committed", { "git.dirty": "true" }, true, null],
        [
            "the pipeline that ran an edit that was not committed",
            { "git.dirty": "true", "ci.system": "GitHub Actions" },
            true,
            "GitHub Actions",
        ],
        ["no author where git ignores the stack file, for example the sandbox's", {}, false, null],
    ];
    for (const [what, environment, inGit, who] of runs)
        it(`shows for a version ${what}`, async () => {
            const [run] = [version("2026-11-24T10:00:00.000Z", [bob])];
            const one = clone([{ ...run, environment: { ...run.environment, ...environment } }]);
            git(one.folder, "init", "-q");
            if (!inGit) writeFileSync(join(one.folder, ".git/info/exclude"), "*\n");
            const { entries, note } = await logOf(one);
            assert.deepEqual(told(entries), [["2026-11-24", who, "version", ["caller bob gets access"]]]);
            assert.equal(/is not in git, so its edits/.test(note), !inGit);
            const { out, note: reason } = await one.ops("consumer", "log");
            assert.ok(out.includes(` ${who ?? "not recorded"} `), out);
            assert.equal(reason.includes('who is "not recorded" where pulumi up ran outside of CI'), who === null);
        });

    it("shows who edited which credential, without ciphertext, and where a file could not be read", async () => {
        const one = clone();
        git(one.folder, "init", "-q");
        commit(one.folder, "Ada", "10", { "Pulumi.intra.yaml": fileWith([alice(a1)]) });
        const again = { ...a1, key: { secure: "v1:CIPHERTEXT-2" } };
        commit(one.folder, "Bo", "11", { "Pulumi.intra.yaml": fileWith([alice(again, { id: "a2", method: "key" })]) });
        commit(one.folder, "Cy", "12", { "Pulumi.intra.yaml": "config: [" });
        commit(one.folder, "Ada", "13", { "Pulumi.intra.yaml": fileWith([bob]), other: "x" });
        const { entries, out } = await logOf(one);
        assert.deepEqual(told(entries), [
            ["2026-11-13", "Ada", "commit", UNREAD],
            ["2026-11-12", "Cy", "commit", UNREAD],
            ["2026-11-11", "Bo", "commit", ["credential alice/a2 works"]],
            ["2026-11-10", "Ada", "commit", ["caller alice gets access"]],
        ]);
        assert.doesNotMatch(out, /CIPHERTEXT/);
    });

    it("shows no key that was committed under a wrong name", async () => {
        const one = clone();
        git(one.folder, "init", "-q");
        const wrong = { id: "a1", method: "KEY-IN-THE-WRONG-PLACE", keys: "KEY-IN-THE-WRONG-PLACE" };
        commit(one.folder, "Ada", "10", { "Pulumi.intra.yaml": fileWith([alice({ id: "a1", method: "key" })]) });
        commit(one.folder, "Bo", "11", { "Pulumi.intra.yaml": fileWith([alice(wrong)]) });
        const { entries, out } = await logOf(one);
        assert.deepEqual(entries[0].changes, [
            "credential alice/a1: method: key -> [secret]",
            "credential alice/a1: keys: (none) -> [secret]",
        ]);
        assert.doesNotMatch(out, /WRONG-PLACE/);
    });

    it("says where it reads handouts, and which of them it cannot list", async () => {
        const one = clone(VERSIONS);
        const { note } = await logOf(one);
        assert.ok(
            note.includes(`Handouts are read from their records, in ${one.folder}/.alpa-auth/handouts/intra and`),
        );
        assert.match(note, /A record that was never committed is deleted with its credential: its handouts are not in/);
    });

    it("fails where git cannot read its repository, instead of leaving commits out", async () => {
        const one = clone(VERSIONS);
        git(one.folder, "init", "-q");
        rmSync(join(one.folder, ".git/HEAD"));
        const { code, out, note } = await one.ops("consumer", "log");
        assert.deepEqual([code, out], [1, ""]);
        assert.match(note, /^git rev-parse: failed: fatal: not a git repository/);
    });

    it("reads the file of callers together with the stack file, and names no edit of other keys", async () => {
        const { folder } = clone();
        const one = clone([], { folder, program: folder });
        git(folder, "init", "-q");
        const named = { "alpa-auth:consumersFile": "callers.yaml" };
        const callers = (...consumers: object[]) => ({ "callers.yaml": stringify({ consumers }) });
        commit(folder, "Ada", "10", { "Pulumi.intra.yaml": fileWith([bob], named), ...callers(alice()) });
        commit(folder, "Bo", "11", callers(alice({ id: "a1", method: "key" })));
        commit(folder, "Cy", "12", { "Pulumi.intra.yaml": fileWith([bob], { ...named, "alpa-auth:tls": {} }) });
        assert.deepEqual(told((await logOf(one)).entries), [
            ["2026-11-11", "Bo", "commit", ["credential alice/a1 works"]],
            ["2026-11-10", "Ada", "commit", ["caller bob gets access", "caller alice gets access"]],
        ]);
    });

    it("says that a file of callers is not in git, instead of that its callers lose access", async () => {
        const { folder } = clone();
        const one = clone([], { folder, program: folder });
        git(folder, "init", "-q");
        const named = { "alpa-auth:consumersFile": "callers.yaml" };
        writeFileSync(join(folder, "callers.yaml"), stringify({ consumers: [alice()] }));
        writeFileSync(join(folder, ".git/info/exclude"), "callers.yaml\n");
        commit(folder, "Ada", "10", { "Pulumi.intra.yaml": fileWith([alice()]) });
        commit(folder, "Bo", "11", { "Pulumi.intra.yaml": fileWith([], named) });
        commit(folder, "Cy", "12", { "Pulumi.intra.yaml": fileWith([bob], named) });
        git(folder, "add", "-f", "callers.yaml");
        commit(folder, "Di", "13", { "Pulumi.intra.yaml": fileWith([bob], { ...named, "alpa-auth:tls": {} }) });
        const unread = (where: string) => [
            `callers: callers file callers.yaml is not in ${where}, so the history does not show the list`,
        ];
        const listed = [
            ["2026-11-12", "Cy", "commit", ["caller bob gets access"]],
            ["2026-11-11", "Bo", "commit", unread("the commit")],
            ["2026-11-10", "Ada", "commit", ["caller alice gets access"]],
        ];
        const after = await logOf(one);
        assert.deepEqual(told(after.entries), [["2026-11-13", "Di", "commit", unread("the commit before")], ...listed]);
        assert.doesNotMatch(after.note, /callers\.yaml is not in/);
        git(folder, "reset", "-q", "--soft", "HEAD~");
        git(folder, "reset", "-q");
        const outside = await logOf(one);
        assert.deepEqual(told(outside.entries), listed);
        assert.match(outside.note, /callers\.yaml is not in the stack file's git, so its edits are not in this list/);
    });

    it("shows to whom a credential was handed out, and by whom, also after its record was deleted with it", async () => {
        const one = clone();
        git(one.folder, "init", "-q");
        commit(one.folder, "Ada", "21", { [RECORD]: JSON.stringify([HANDED_OUT]) });
        commit(one.folder, "Bo", "22", { [RECORD]: JSON.stringify([HANDED_OUT, AGAIN]) });
        commit(one.folder, "Bo", "23", { [RECORD]: undefined });
        const late = { at: "2026-11-24T09:00:00.000Z", recipients: ["age1zzzzzzzz…"], by: "cy@ops" };
        mkdirSync(join(one.folder, dirname(RECORD)), { recursive: true });
        writeFileSync(join(one.folder, dirname(RECORD), "bob.b1.json"), JSON.stringify([late]));
        const { entries } = await logOf(one);
        assert.deepEqual(told(entries.filter(({ source }) => source === "handout")), [
            ["2026-11-24", "cy@ops", "handout", ["credential bob/b1 was handed out encrypted to age1zzzzzzzz…"]],
            ["2026-11-22", "Bo", "handout", ["credential alice/a1 was handed out in plain text, again: lost"]],
            ["2026-11-21", "Ada", "handout", ["credential alice/a1 was handed out encrypted to age1qqqqqqqq…"]],
        ]);
    });

    it("shows a merge's own changes, and only once the changes of the merged commits", async () => {
        const one = clone();
        const { folder } = one;
        const file = (...consumers: object[]) => ({ "Pulumi.intra.yaml": fileWith(consumers) });
        git(folder, "init", "-q", "-b", "main");
        commit(folder, "Ada", "10", file(bob));
        git(folder, "checkout", "-qb", "side");
        commit(folder, "Bo", "11", file(bob, alice()));
        git(folder, "checkout", "-q", "main");
        commit(folder, "Cy", "12", file({ ...bob, class: "batch" }));
        git(
            folder,
            "-c",
            "user.name=M",
            "-c",
            "user.email=m@example.com",
            "merge",
            "-q",
            "--no-commit",
            "-s",
            "ours",
            "side",
        );
        commit(folder, "Mallory", "13", file({ ...bob, class: "batch" }, alice(), { name: "eve", credentials: [] }));
        assert.deepEqual(told((await logOf(one)).entries), [
            ["2026-11-13", "Mallory", "commit", ["caller eve gets access"]],
            ["2026-11-12", "Cy", "commit", ["caller bob: class: (none) -> batch"]],
            ["2026-11-11", "Bo", "commit", ["caller alice gets access"]],
            ["2026-11-10", "Ada", "commit", ["caller bob gets access"]],
        ]);
    });

    it("continues where a record in git is invalid", async () => {
        const one = clone();
        git(one.folder, "init", "-q");
        const records = [
            [{ at: HANDED_OUT.at }],
            [null],
            [{ ...HANDED_OUT, recipients: [1] }],
            [{ at: 1 }],
            [HANDED_OUT],
        ];
        for (const [i, record] of records.entries())
            commit(one.folder, "Ada", String(20 + i), { [RECORD]: JSON.stringify(record) });
        const { entries } = await logOf(one);
        assert.deepEqual(told(entries.filter(({ source }) => source === "handout")), [
            ["2026-11-21", "Ada", "handout", ["credential alice/a1 was handed out encrypted to age1qqqqqqqq…"]],
        ]);
    });

    it("reads signed commits, where git is configured to print signatures", async () => {
        const one = clone();
        git(one.folder, "init", "-q");
        const gpg = join(one.folder, "gpg");
        writeFileSync(gpg, "#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\necho SIGNATURE\n", {
            mode: 0o755,
        });
        for (const [key, value] of [
            ["gpg.program", gpg],
            ["log.showSignature", "true"],
            ["user.name", "Ada"],
            ["user.email", "a@b"],
        ])
            git(one.folder, "config", key, value);
        mkdirSync(join(one.folder, dirname(RECORD)), { recursive: true });
        writeFileSync(join(one.folder, RECORD), JSON.stringify([HANDED_OUT]));
        git(one.folder, "add", RECORD);
        git(one.folder, "commit", "-q", "-S", "-m", "x");
        assert.deepEqual(told((await logOf(one)).entries), [
            ["2026-11-21", "Ada", "handout", ["credential alice/a1 was handed out encrypted to age1qqqqqqqq…"]],
        ]);
    });

    it("hides no commit of a period because of an older author date", async () => {
        const one = clone();
        git(one.folder, "init", "-q");
        commit(one.folder, "Bo", "11", { "Pulumi.intra.yaml": fileWith([alice(), bob]) });
        commit(one.folder, "Mallory", "23", { "Pulumi.intra.yaml": fileWith([alice()]) });
        const { entries } = await logOf(one, "--since", "4d");
        assert.deepEqual(told(entries), [["2026-11-23", "Mallory", "commit", ["caller bob loses access"]]]);
    });

    it("filters by caller and by time", async () => {
        const { entries } = await logOf(clone(VERSIONS), "bob", "--since", "4d");
        assert.deepEqual(told(entries), [["2026-11-23", null, "version", ["failed: caller bob loses access"]]]);
        const { note } = await exits(2, clone().ops("consumer", "log", "--since", "yesterday"));
        assert.match(note, /--since: must be minutes, hours or days, for example 90m, 24h or 365d \(got "yesterday"\)/);
    });
});

const UNREAD = ["callers: a commit has a file that is not valid YAML, so the history does not show the list"];
