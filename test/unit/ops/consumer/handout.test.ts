// Proves that a credential is handed out once, completely, and only to its consumer.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { armor, Decrypter, generateIdentity, identityToRecipient } from "age-encryption";
import { whoAmI } from "../../../../ops/who-am-i";
import { bench, exits, OUTPUTS, SECRETS } from "../kit";

const HANDOUT = ["consumer", "handout", "alice", "a1"];

describe("ops consumer handout", () => {
    it("prints the credential, and records the handout without the credential", async () => {
        const { ops, folder } = bench();
        const { out, note } = await exits(0, ops(...HANDOUT));
        assert.match(out, new RegExp(`apikey: ${SECRETS.key}`));
        const file = join(folder, ".alpa-auth/handouts/intra/alice.a1.json");
        assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), [
            { at: "2026-11-25T12:00:00.000Z", recipients: [], by: whoAmI() },
        ]);
        assert.ok(!note.includes(SECRETS.key));
    });

    it("refuses a second handout without a reason, and records the reason of a second handout", async () => {
        const { ops, folder } = bench();
        await ops(...HANDOUT);
        const second = await exits(2, ops(...HANDOUT));
        assert.match(second.note, /alice\/a1: was already handed out on 2026-11-25\./);
        assert.ok(!second.out.includes(SECRETS.key));
        await exits(0, ops(...HANDOUT, "--again", "mail was lost"));
        const record = readFileSync(join(folder, ".alpa-auth/handouts/intra/alice.a1.json"), "utf8");
        assert.equal(JSON.parse(record)[1].reason, "mail was lost");
    });

    it("succeeds for only one of two operators at the same time", async () => {
        const { ops } = bench();
        const codes = (await Promise.all([ops(...HANDOUT), ops(...HANDOUT)])).map(({ code }) => code);
        assert.deepEqual(codes.sort(), [0, 1]);
    });

    it("covers every credential of the caller that can be handed out, and then none is left", async () => {
        const { ops } = bench();
        const { out } = await exits(0, ops("consumer", "handout", "alice"));
        assert.match(
            out,
            /Credential alice\/a1\.[^]*Credential alice\/a2\. It works until 2026-12-01 \(UTC\): its last day/,
        );
        assert.doesNotMatch(out, /alice\/old/);
        const { note } = await exits(2, ops("consumer", "handout", "alice"));
        assert.match(note, /alice\/a1: was already handed out[^]*alice\/old: expired on 2026-11-20/);
    });

    for (const [what, text] of [
        ["a merge conflict", "<<<<<<< HEAD\n[]\n=======\n[]\n>>>>>>> other\n"],
        ["something else", '{"at": 1}'],
    ])
        it(`says what to do about a record with ${what} in it`, async () => {
            const { ops, folder } = bench();
            await ops(...HANDOUT);
            writeFileSync(join(folder, ".alpa-auth/handouts/intra/alice.a1.json"), text);
            const { out, note } = await exits(2, ops(...HANDOUT, "--again", "x"));
            assert.match(note, /handouts\/intra\/alice\.a1\.json: must be a JSON list of handouts.*merge conflict/);
            assert.ok(!out.includes(SECRETS.key));
        });

    it("writes a new file that only this user can read, and prints nothing secret", async () => {
        const { ops, folder } = bench();
        const file = join(folder, "for-alice.md");
        const { out, note } = await exits(0, ops(...HANDOUT, "--out", file));
        assert.equal(statSync(file).mode & 0o777, 0o600);
        assert.match(readFileSync(file, "utf8"), new RegExp(SECRETS.key));
        assert.ok(!(out + note).includes(SECRETS.key));
    });

    describe("with --out in a clone with this repository's .gitignore", () => {
        const inClone = () => {
            const it = bench();
            execFileSync("git", ["-C", it.folder, "init", "-q"]);
            copyFileSync(join(__dirname, "../../../../.gitignore"), join(it.folder, ".gitignore"));
            return it;
        };

        it("warns of a file that git would add", async () => {
            const { ops, folder } = inClone();
            const { note } = await exits(0, ops(...HANDOUT, "--out", join(folder, "team-b.md")));
            assert.match(
                note,
                /^warning: git does not ignore \S+team-b\.md, so a commit can contain .*Move it to handouts\//m,
            );
        });

        it("creates the folder handouts, which git ignores, for this user alone", async () => {
            const { ops, folder } = inClone();
            const { note } = await exits(0, ops(...HANDOUT, "--out", join(folder, "handouts/team-b.md")));
            assert.doesNotMatch(note, /warning/);
            assert.equal(statSync(join(folder, "handouts")).mode & 0o777, 0o700);
            const listed = execFileSync("git", ["-C", folder, "status", "--porcelain", "-uall"], { encoding: "utf8" });
            assert.doesNotMatch(listed, /handouts\/team-b/);
        });
    });

    it("rejects an existing file, and hands nothing out", async () => {
        const { ops, folder } = bench();
        const file = join(folder, "there");
        writeFileSync(file, "something");
        assert.match(
            (await exits(2, ops(...HANDOUT, "--out", file))).note,
            /--out: must be a new file \(.*there exists\)/,
        );
        assert.equal(readFileSync(file, "utf8"), "something");
        await exits(0, ops(...HANDOUT));
    });

    it("reports a credential that is only in the config", async () => {
        const { ops } = bench({ outputs: { url: OUTPUTS.url } });
        const { note } = await exits(2, ops(...HANDOUT));
        assert.match(note, /alice\/a1: in the config, but not in the stack's outputs\. Run: pulumi up -s intra/);
    });

    it("of a caller's own key pair contains no secret, and may be repeated", async () => {
        const { ops, folder } = bench();
        for (let i = 0; i < 2; i++) {
            const { out } = await exits(0, ops("consumer", "handout", "tokens", "rs"));
            assert.match(out, /"key": "alpa-auth_tokens\.rs"/);
        }
        assert.ok(!existsSync(join(folder, ".alpa-auth")));
    });

    it("encrypts to age keys, so that only they can decrypt it", async () => {
        const mine = await generateIdentity();
        const theirs = await generateIdentity();
        const { ops } = bench();
        const { out } = await exits(
            0,
            ops(
                ...HANDOUT,
                ...["--recipient", await identityToRecipient(mine)],
                ...["--recipient", await identityToRecipient(theirs)],
            ),
        );
        assert.ok(!out.includes(SECRETS.key));
        for (const identity of [mine, theirs]) {
            const decrypter = new Decrypter();
            decrypter.addIdentity(identity);
            assert.match(await decrypter.decrypt(armor.decode(out), "text"), new RegExp(SECRETS.key));
        }
        const stranger = new Decrypter();
        stranger.addIdentity(await generateIdentity());
        await assert.rejects(stranger.decrypt(armor.decode(out)));
    });
});
