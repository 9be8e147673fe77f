// Proves the output of `stack history` and `stack diff` for the history in backends. The format is that of the Pulumi
// CLI. Pulumi Cloud numbers the versions, a file backend does not.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { stringify } from "yaml";
import { bench, exits, type Says } from "../kit";
import { commit, repository, useRepository } from "./rollback-kit";

const config = (consumers: object[], more: Record<string, unknown> = {}) =>
    Object.fromEntries(
        Object.entries({ option: "intra-a", alpa: { endpoints: ["10.0.0.1:20001"] }, consumers, ...more }).map(
            ([key, value]) => [
                `alpa-auth:${key}`,
                value === "secret!"
                    ? { secret: true }
                    : typeof value === "string"
                      ? { value, secret: false }
                      : { value: JSON.stringify(value), objectValue: value, secret: false },
            ],
        ),
    );
const alice = { name: "alice", limits: { requests: 60, perSeconds: 60 }, credentials: [{ id: "a1", method: "key" }] };
const bob = {
    name: "bob",
    credentials: [
        { id: "b1", method: "key" },
        { id: "b2", method: "key", expires: "2026-12-01" },
    ],
};
const HEAD = "0123456789abcdef0123456789abcdef01234567";

const update = (values: object, rest: object = {}) => ({
    version: 0,
    kind: "update",
    startTime: "2026-11-20T10:00:00.000Z",
    message: "",
    result: "succeeded",
    environment: { "git.head": HEAD, "git.author": "Ada" },
    resourceChanges: { create: 2, same: 9 },
    config: values,
    ...rest,
});
/** Updates of the stack, the newest first, as Pulumi prints them. */
const UPDATES = [
    update(
        config(
            [
                { ...alice, limits: { requests: 30, perSeconds: 60 } },
                { ...bob, credentials: [bob.credentials[0]] },
            ],
            { alpa: { endpoints: ["10.0.0.2:20001"] }, cluster: "secret!" },
        ),
        { environment: { "ci.system": "GitHub", "ci.build.number": "7" } },
    ),
    update({}, { kind: "refresh", environment: {} }),
    update(config([alice, bob], { alpa: { endpoints: ["10.0.0.1:20001"] }, cluster: "secret!" }), {
        environment: { "git.head": HEAD, "git.dirty": "true" },
    }),
    update(config([alice]), { startTime: "2026-11-19T10:00:00.000Z" }),
];

function ops(updates: unknown, { inGit } = { inGit: true }, state: object = {}) {
    const said: Record<string, unknown> = { history: updates, export: state };
    const says: Says = ({ args: [, verb] }) => (verb in said ? { stdout: JSON.stringify(said[verb]) } : undefined);
    const it = bench({ says });
    if (inGit) execFileSync("git", ["-C", it.folder, "init", "-q"]);
    return it;
}

describe("ops stack history", () => {
    it("shows for each version who, when, from which commit, which option, and its effect on callers", async () => {
        const { ops: run, calls } = ops(UPDATES);
        const { out } = await exits(0, run("stack", "history", "--json"));
        const rows = JSON.parse(out);
        assert.deepEqual(
            rows.map((row: any) => [
                row.number,
                row.kind,
                row.who ?? null,
                row.commit?.slice(0, 4) ?? null,
                row.dirty,
                row.option,
            ]),
            [
                [4, "update", "GitHub 7", null, false, "intra-a"],
                [3, "refresh", null, null, false, null],
                [2, "update", null, "0123", true, "intra-a"],
                [1, "update", "Ada", "0123", false, "intra-a"],
            ],
        );
        assert.deepEqual(rows[0].changed, [
            "The public address changes from http://10.0.0.1:30800 to http://10.0.0.2:30800, which handouts name from now on",
            "Credential bob/b2 stops working",
            "Caller alice has less: 60 in 60 s becomes 30 in 60 s",
            "All requests go to 10.0.0.2:20001",
            "cluster: not compared, because it has a secret or is in no commit",
        ]);
        assert.equal(rows[2].changed[0], "Caller bob gets access");
        assert.deepEqual(rows[3].changed, ["Caller alice gets access", "The service is created"]);
        assert.ok(calls.every(({ args }) => !args.includes("--show-secrets")));
    });

    for (const [what, inGit, environment, who] of [
        ["the author of its commit", true, {}, "Ada"],
        ["the pipeline in addition to the author", true, { "ci.system": "GitHub" }, "Ada, by GitHub"],
        ["no author for an uncommitted edit", true, { "git.dirty": "true" }, undefined],
        [
            "the pipeline that applied an uncommitted edit",
            true,
            { "git.dirty": "true", "ci.system": "GitHub" },
            "GitHub",
        ],
        ["no author for a stack file that is not in git", false, {}, undefined],
    ] as const)
        it(`names ${what}`, async () => {
            const ran = { environment: { "git.head": HEAD, "git.author": "Ada", ...environment } };
            const { ops: run } = ops([update(config([alice]), ran)], { inGit });
            const [row] = JSON.parse((await run("stack", "history", "--json")).out);
            assert.equal(row.who, who);
            const { out, note } = await run("stack", "history");
            assert.ok(out.includes(` ${who ?? "not recorded"} `), out);
            assert.equal(note.includes('who is "not recorded" where pulumi up ran outside of CI'), who === undefined);
        });

    it("shows no key that was written under a wrong name", async () => {
        const wrong = { id: "a1", method: "KEY-IN-THE-WRONG-PLACE", keys: "KEY-IN-THE-WRONG-PLACE" };
        const history = [update(config([{ ...alice, credentials: [wrong] }])), update(config([alice]))];
        const { out } = await ops(history).ops("stack", "history", "--json");
        assert.deepEqual(JSON.parse(out)[0].changed, [
            "settings are not compared: the schema of this program rejects the config of one version, or needs its secrets",
            "config keys that differ: consumers",
        ]);
        assert.doesNotMatch(out, /WRONG-PLACE/);
    });

    describe("of callers in a file", () => {
        useRepository();

        it("reads the file from the version's commit, and says where it is unknown", async () => {
            const named = {
                "alpa-auth:consumersFile": { value: "callers.yaml" },
                ...config([], { consumers: undefined }),
            };
            const file = (...callers: object[]) => commit({ "callers.yaml": stringify({ consumers: callers }) });
            const ran = (head: string, more = {}) => update(named, { environment: { "git.head": head, ...more } });
            const [none, both] = [file(), file(alice, bob)];
            const history = [ran(both, { "git.dirty": "true" }), ran(none), ran(both)];
            const says: Says = ({ args }) => (args[1] === "history" ? { stdout: JSON.stringify(history) } : undefined);
            const { out } = await exits(0, bench({ says, program: repository.root }).ops("stack", "history", "--json"));
            const [third, second, first] = JSON.parse(out).map(({ changed }: any) => changed);
            assert.match(third.join(), /^consumers: not compared, because it has a secret or is in no commit/);
            assert.deepEqual(
                second,
                ["alice", "bob"].map((name) => `Caller ${name} loses access, with all its credentials`),
            );
            assert.deepEqual(first.slice(0, 2), ["Caller alice gets access", "Caller bob gets access"]);
        });
    });

    it("is a table for people, and says that a stack was never deployed", async () => {
        assert.match(
            (await ops(UPDATES).ops("stack", "history")).out,
            /│ 2 +│ 2026-11-20 10:00 │ not recorded │ 0123456789 \(dirty\) │ intra-a │ update +│ Caller bob gets access/,
        );
        assert.match((await ops(UPDATES).ops("stack", "history")).note, /who is "not recorded" where .*commit before/);
        assert.match((await ops(UPDATES).ops("stack", "history")).out, /│ 4 +│ [^│]+│ GitHub 7 +│ none +│/);
        assert.match((await ops(null).ops("stack", "history")).out, /has no versions: pulumi up has never run/);
        assert.match((await ops([]).ops("stack", "history")).out, /has no versions: pulumi up has never run/);
    });
});

describe("ops stack diff", () => {
    it("shows the effects of the configs, and the commits of the program", async () => {
        const { out } = await exits(0, ops(UPDATES).ops("stack", "diff", "2", "4"));
        assert.match(out, /Effects\n {2}The public address changes[^]*\n {2}Caller alice has less/);
        assert.match(out, /cluster: not compared/);
        assert.match(
            out,
            /Program\n {2}unknown: a version ran outside of git\n {2}version 2 ran with uncommitted changes/,
        );
    });

    it("says which secrets were created after the earlier version, although the configs are the same", async () => {
        const urn = "urn:pulumi:intra::alpa-auth::random:index/randomUuid:RandomUuid::alice.a1-key";
        const salt = { urn, type: "random:index/randomUuid:RandomUuid", id: "s", created: "2026-11-20T10:00:03Z" };
        const both = [update(config([alice])), update(config([alice]), { startTime: "2026-11-19T10:00:00.000Z" })];
        const state = { deployment: { resources: [salt, { ...salt, urn: urn.replace("alice", "bob") }] } };
        const { out } = await exits(0, ops(both, { inGit: true }, state).ops("stack", "diff", "1", "2"));
        assert.match(
            out,
            /Effects\n {2}Credential alice\/a1 was created after version 1: its secret of then is lost\n/,
        );
        assert.doesNotMatch(out, /bob/);
    });

    it("prints no terminal control characters, whatever a version's message or config contains", async () => {
        const of = (n: number) =>
            update(config([alice], { "x\u001b[2J\u202E": n }), { environment: { "git.author": "Ada\u001b[2J\u202E" } });
        const { ops: run } = ops([of(2), of(1)]);
        for (const args of [["history"], ["diff", "1", "2"]]) {
            const { out } = await run("stack", ...args);
            assert.match(out, /config keys that differ: x \[2J/);
            assert.doesNotMatch(out.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
        }
    });

    it("rejects a version that does not exist, and an invalid history", async () => {
        const { note } = await exits(2, ops(UPDATES).ops("stack", "diff", "1", "9"));
        assert.match(note, /version: must be in the history of intra \(got 9; latest successful updates: 1, 2, 4\)/);
        await exits(1, ops({ a: 1 }).ops("stack", "history"));
    });
});
