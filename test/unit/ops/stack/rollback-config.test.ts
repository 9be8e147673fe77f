// Proves which config `stack rollback` uses: values of the history, and secrets of that version or from stack files that
// differ only in secrets. Git is real; a fake Pulumi answers from memory.
import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commit, hidden, repository, rollback, update, usePackages, useRepository, type Options } from "./rollback-kit";
import { exits } from "../kit";

const SALT = "encryptionsalt: v1:abc\n";
const host = (address: string, privateKey: unknown) => ({ hosts: [{ address, port: 22, privateKey }], version: "1" });
const secure = (what: string) => ({ secure: `v1:${what}` });
/** A stack file as JSON, which is valid YAML. */
const file = (config: object, seal = SALT) => `${seal}config: ${JSON.stringify(config)}\n`;
const tunnel = (value: object) => ({ "alpa-auth:tunnel": value });
const PLAIN = "PRIVATE-KEY-of-then";

/** Rolls back to a version with the config `then`. @returns what the command printed, and the config that Pulumi got */
async function configFor(then: object, options: Options & { more?: string[]; head?: string } = {}) {
    const entry = update(options.head ?? repository.first, then);
    delete (entry.config as Record<string, unknown>)["alpa-auth:cluster"];
    const said = await rollback(["--to", "1", ...(options.more ?? [])], { history: [entry], ...options });
    assert.ok(!`${said.out}${said.note}`.includes(PLAIN), "a secret is shown");
    const shows = said.calls.filter(({ args }) => args.includes("--show-secrets"));
    for (const { args } of shows)
        assert.ok(args[1] === "output" || (args[1] === "history" && args.includes("--cwd")), args.join(" "));
    return { ...said, config: said.seen[0]?.config.config };
}

describe("config of ops stack rollback", () => {
    useRepository();
    usePackages();
    const now = (value: object) => file({ "alpa-auth:option": "intra-a", ...tunnel(value) });

    it("uses the current secrets if only secrets may differ, and says so", async () => {
        const { note, config } = await exits(
            0,
            configFor(tunnel(hidden(host("10.0.0.1", PLAIN))), {
                text: now(host("10.0.0.1", secure("now"))),
            }),
        );
        assert.deepEqual(config["alpa-auth:tunnel"], host("10.0.0.1", secure("now")));
        assert.match(note, /Config keys that keep their current secret: tunnel\./);
    });

    const others: [what: string, now: object, differs: string][] = [
        ["another host", host("10.0.0.2", secure("now")), "tunnel\\.hosts\\[0\\]\\.address"],
        ["another version", { ...host("10.0.0.1", secure("now")), version: "2" }, "tunnel\\.version"],
        [
            "an added host",
            { ...host("10.0.0.1", secure("now")), hosts: [...host("10.0.0.1", secure("now")).hosts, { address: "b" }] },
            "tunnel\\.hosts\\[1\\]",
        ],
        ["a secret in another place", { hosts: secure("all"), version: "1" }, "tunnel\\.hosts"],
    ];
    for (const [what, live, differs] of others)
        it(`rejects the current object with ${what}, and names where it differs, but no value`, async () => {
            const { note, seen } = await exits(
                2,
                configFor(tunnel(hidden(host("10.0.0.1", PLAIN))), { text: now(live) }),
            );
            const words = `tunnel: cannot be restored \\(it was secret in version 1, and its value in the stack files of this clone differs in more than secrets: ${differs}`;
            assert.match(note, new RegExp(words));
            assert.match(
                note,
                /Give the stack file of that version, encrypted with the same key as the current file: --config-file <file>/,
            );
            assert.ok(!note.includes("10.0.0."));
            assert.deepEqual(seen, []);
        });

    it("rejects the current object where the version's cannot be decrypted any more", async () => {
        const lost = { "alpa-auth:tunnel": { secret: true, value: "ERROR_UNABLE_TO_DECRYPT" } };
        const { note } = await exits(2, configFor(lost, { text: now(host("10.0.0.1", secure("now"))) }));
        assert.match(note, /tunnel: cannot be restored .* its difference from the current value is unknown\)/);
    });

    it("uses a value that is only a secret from the current file", async () => {
        const { config } = await exits(
            0,
            configFor({ "alpa-auth:token": hidden(PLAIN) }, { text: file({ "alpa-auth:token": secure("now") }) }),
        );
        assert.deepEqual(config["alpa-auth:token"], secure("now"));
    });

    it("restores the earlier phase, and keeps the attempt of today, if a conversion's hosts have keys", async () => {
        const convert = (privateKey: unknown, more: object) => ({ bareMetal: { hosts: [{ privateKey }] }, ...more });
        const text = file({ "alpa-auth:convert": convert(secure("now"), { phase: "open", attempt: { number: 5 } }) });
        const then = { "alpa-auth:convert": hidden(convert(PLAIN, { phase: "prepared", attempt: { number: 2 } })) };
        const { config } = await exits(0, configFor(then, { text }));
        assert.deepEqual(
            config["alpa-auth:convert"],
            convert(secure("now"), { phase: "prepared", attempt: { number: 5 } }),
        );
    });

    it("compares the list of callers too, if a key in it makes it secret", async () => {
        const list = (names: string[], key: unknown) =>
            names.map((name) => ({ name, credentials: [{ id: "own", method: "key", key, expires: "2027-01-31" }] }));
        const text = file({ "alpa-auth:consumers": list(["a", "b"], secure("key")) });
        await exits(0, configFor({ "alpa-auth:consumers": hidden(list(["a", "b"], PLAIN)) }, { text }));
        const fewer = await configFor({ "alpa-auth:consumers": hidden(list(["a"], PLAIN)) }, { text });
        assert.match(fewer.note, /consumers: cannot be restored .* differs in more than secrets: consumers\[1\]/);
    });

    it("keeps the secret of a service token that was rotated since, and says so", async () => {
        const callers = (more: object) => [
            { name: "nlp", credentials: [{ id: "a", method: "service-token", ...more }] },
            { name: "lab", credentials: [{ id: "k", method: "key" }] },
        ];
        const rotated = { secretVersion: 2, previousSecretExpires: "2026-12-09" };
        const text = file({ "alpa-auth:consumers": callers(rotated) });
        const then = (more: object) => ({ "alpa-auth:consumers": { value: "[]", objectValue: callers(more) } });
        const { note, config } = await exits(0, configFor(then({ expires: "2027-01-31" }), { text }));
        assert.deepEqual(config["alpa-auth:consumers"], callers({ expires: "2027-01-31", ...rotated }));
        assert.match(note, /Service tokens that keep their current secret, .*: nlp\/a\./);
        const same = await configFor(then(rotated), { text });
        assert.doesNotMatch(same.note, /Service tokens that keep their current secret/);
    });

    it("rejects keys that are in no stack file, all at once", async () => {
        const { note } = await exits(
            2,
            configFor({ "alpa-auth:consumers": hidden([]), "alpa-auth:token": hidden(PLAIN) }),
        );
        for (const key of ["consumers", "token"])
            assert.match(
                note,
                new RegExp(
                    `${key}: cannot be restored \\(it was secret in version 1, and is in no stack file of this clone`,
                ),
            );
    });

    describe("from the version's stack file", () => {
        const then = host("10.0.0.9", PLAIN);
        const text = now(host("10.0.0.1", secure("now")));

        it("uses the file that an option names", async () => {
            const given = join(repository.root, ".git/given.yaml");
            writeFileSync(given, now(host("10.0.0.9", secure("then"))));
            const { note, config } = await exits(
                0,
                configFor(tunnel(hidden(then)), {
                    text,
                    more: ["--config-file", given],
                }),
            );
            assert.deepEqual(config["alpa-auth:tunnel"], host("10.0.0.9", secure("then")));
            assert.doesNotMatch(note, /Config keys that keep their current secret/);
        });

        it("rejects an invalid file, or a file that was encrypted with another key", async () => {
            const none = await configFor(tunnel(hidden(then)), { text, more: ["--config-file", "/none"] });
            assert.match(none.note, /--config-file: must name a file that can be read \(ENOENT\)/);
            const given = join(repository.root, ".git/given.yaml");
            writeFileSync(given, now(host("10.0.0.9", secure("then"))).replace("v1:abc", "v1:other"));
            const other = await configFor(tunnel(hidden(then)), { text, more: ["--config-file", given] });
            assert.match(other.note, /tunnel: cannot be restored/);
        });

        it("uses the file in the version's commit, unless the version ran with another file", async () => {
            const name = "Pulumi.intra.yaml";
            const head = commit({ [name]: now(host("10.0.0.9", secure("then"))) });
            commit({ [name]: text });
            const folder = repository.root;
            const { config } = await exits(0, configFor(tunnel(hidden(then)), { head, folder, text }));
            assert.deepEqual(config["alpa-auth:tunnel"], host("10.0.0.9", secure("then")));
            const other = await configFor(tunnel(hidden(host("10.0.0.7", PLAIN))), { head, folder, text });
            assert.match(other.note, /tunnel: cannot be restored/);
        });
    });
});
