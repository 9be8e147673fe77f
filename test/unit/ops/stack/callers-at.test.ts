// Proves that history and rollback read callers of a separate file in the commit of the version, and that a rollback restores
// no secret and no key that was removed since. Git is real; a fake Pulumi answers from memory.
import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { revocationsRule as provider } from "../../../../components/records/revocations-rule";
import { keyDigest } from "../../../../components/consumers/key-digest";
import type { Call } from "../kit";
import { commit, git, NOW, repository, rollback, update, usePackages, useRepository } from "./rollback-kit";
import { exits } from "../kit";

const FILE = "callers.yaml";
const named = { "alpa-auth:consumersFile": { value: FILE } };
const text = `${NOW}    alpa-auth:consumersFile: ${FILE}\n`;
const publicKey = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }) as string;

const token = { id: "a", method: "service-token" };
const rotated = { ...token, secretVersion: 2, previousSecretExpires: "2026-12-09" };
const nlp = (credential: object) => ({ name: "nlp", credentials: [credential] });
const lab = { name: "lab", credentials: [{ id: "ed", method: "jwt", algorithm: "EdDSA", publicKey }] };

describe("callers of a file, in earlier versions", () => {
    useRepository();
    usePackages();
    /** Three commits. Each has a different list of callers. `now` is the current commit. */
    const commits: Record<"empty" | "lab" | "now", string> = { empty: "", lab: "", now: "" };
    before(() => {
        commits.empty = commit({ [FILE]: "# none\nconsumers: []\n" });
        commits.lab = commit({ [FILE]: `# the lab\n${stringify({ consumers: [lab, nlp(token)] })}` });
        commits.now = commit({ [FILE]: stringify({ consumers: [nlp(rotated)] }) });
    });

    /**
     * Rolls back to version 1.
     * @returns `found`: content of the callers file in the program's folder at each run of Pulumi
     */
    const back = async (history: object[], args: string[] = [], deployment: object = {}) => {
        const found: string[] = [];
        const says = (call: Call) => {
            const program = call.args[call.args.indexOf("--cwd") + 1];
            if (call.args.includes("--config-file") && call.args.includes("--cwd"))
                found.push(readFileSync(join(program, FILE), "utf8"));
            if (call.args[0] === "config") return { stdout: "{}" };
            return call.args[1] === "export" ? { stdout: JSON.stringify({ deployment }) } : undefined;
        };
        const options = { text, says, history: history as ReturnType<typeof update>[] };
        return { found, ...(await rollback(["--to", "1", ...args], options)) };
    };

    it("are restored with the program, as they were in that version", async () => {
        const { found } = await exits(0, back([update(commits.empty, named), update(commits.now, named)]));
        assert.deepEqual(found, ["# none\nconsumers: []\n"]);
    });

    it("keep the secret of a service token that was rotated since, also in another list", async () => {
        const { note, found } = await exits(0, back([update(commits.lab, named), update(commits.now, named)]));
        assert.match(note, /Service tokens that keep their current secret, .*: nlp\/a\./);
        assert.match(found[0], /^# the lab\n[^]*secretVersion: 2\n +previousSecretExpires: "2026-12-09"/);
        const consumers = { "alpa-auth:consumers": { objectValue: [nlp(token)], value: "" } };
        const inStackFile = await back([update(commits.now, consumers), update(commits.now, named)]);
        assert.match(inStackFile.note, /Service tokens that keep their current secret, .*: nlp\/a\./);
    });

    it("do not restore a revoked public key, unless the operator names it", async () => {
        const declared = { "lab/ed": keyDigest({ publicKey })! };
        const { outs } = await provider.create!({ declared, readmit: {} });
        const { outs: outputs } = await provider.update!("id", outs!, { declared: {}, readmit: {} });
        const type = "pulumi-nodejs:dynamic/alpa-auth:Revocations";
        const urn = `urn:pulumi:intra::alpa-auth::${type}::revocations`;
        const state = { resources: [{ urn, type, outputs }] };
        const history = [update(commits.lab, named), update(commits.now, named)];
        const { note, found } = await exits(2, back(history, [], state));
        assert.match(note, /the revoked keys of lab\/ed would work again\)\. .* add: --readmit lab\/ed/);
        assert.ok(found[0].includes(`readmit: ${outputs!.revoked[0].id}`));
        await exits(0, back(history, ["--readmit", "lab/ed"], state));
    });

    it("do not change a clone whose commit is the version's, after --yes", async () => {
        const history = [update(commits.now, named), update(commits.now, named)];
        await exits(0, back(history, ["--yes"]));
        assert.equal(git("status", "--porcelain", "--untracked-files=no"), "");
    });

    for (const [what, version, expected] of [
        [
            "a commit without the file",
            () => update(repository.first, named),
            /commit \w{10} of this clone has no such file/,
        ],
        [
            "changes in no commit",
            () => update(commits.lab, named, { environment: { "git.head": commits.lab, "git.dirty": "true" } }),
            /ran with uncommitted changes/,
        ],
    ] as const)
        it(`are not guessed for ${what}`, async () => {
            assert.match((await exits(2, back([version(), update(commits.now, named)]))).note, expected);
        });

    it("are in the history, like those of a stack file", async () => {
        const dirty = { environment: { "git.head": commits.now, "git.dirty": "true" } };
        const versions = [
            update(commits.empty, named),
            update(commits.lab, named),
            update(commits.now, named),
            update(commits.now, named, dirty),
        ];
        const { ops } = await back(versions);
        const { out } = await ops("stack", "history", "--json");
        const changed = JSON.parse(out).map((row: any) => row.changed);
        assert.deepEqual(
            changed.slice(1).map((lines: string[]) => lines.filter((line) => line.startsWith("Caller"))),
            [
                ["Caller lab loses access, with all its credentials"],
                ["Caller lab gets access", "Caller nlp gets access"],
                [],
            ],
        );
        assert.match(
            changed[0].join("\n"),
            /^callers: the content of callers file callers\.yaml in version 4 is unknown: that version ran with uncommitted/m,
        );
        const { out: compared } = await ops("stack", "diff", "1", "2", "--json");
        assert.deepEqual(JSON.parse(compared).effects.slice(0, 2), [
            "Caller lab gets access",
            "Caller nlp gets access",
        ]);
    });
});
