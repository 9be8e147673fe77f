// Proves that a rollback breaks no revocation of a key that a caller has brought, unless the operator names it. Git is real; a
// fake Pulumi answers from memory. The real provider creates its record of revocations.
import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { revocationsRule as provider } from "../../../../components/records/revocations-rule";
import { keyDigest } from "../../../../components/consumers/key-digest";
import type { Call } from "../kit";
import { hidden, NOW, repository, rollback, update, usePackages, useRepository } from "./rollback-kit";
import { exits } from "../kit";

const publicKey = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }) as string;
const KEY = "brought-by-the-caller-0123456789";
const CONSUMERS = [
    { name: "lab", credentials: [{ id: "ed", method: "jwt", algorithm: "EdDSA", publicKey }] },
    { name: "nlp", credentials: [{ id: "k", method: "key" }] },
];
const WITH_KEY = [{ name: "nlp", credentials: [{ id: "k", method: "key", key: KEY }] }];
const declared = { "alpa-auth:consumers": { objectValue: CONSUMERS, value: JSON.stringify(CONSUMERS) } };

/** State of a stack that has revoked keys. @param revoked digests of the keys, by `<consumer>/<credential>` */
async function stateWithout(revoked: Record<string, string>) {
    const inputs = { declared: revoked, readmit: {} };
    const { outs } = await provider.create!(inputs);
    const { outs: outputs } = await provider.update!("id", outs!, { declared: {}, readmit: {} });
    const urn = "urn:pulumi:intra::alpa-auth::pulumi-nodejs:dynamic/alpa-auth:Revocations::revocations";
    const type = "pulumi-nodejs:dynamic/alpa-auth:Revocations";
    const replaced = { urn, type, delete: true, outputs: { ...outputs, revoked: [] } };
    return { id: outputs!.revoked[0].id, deployment: { resources: [replaced, { urn, type, outputs }] } };
}

describe("ops stack rollback and revoked keys", () => {
    useRepository();
    usePackages();

    const back = async (
        revoked: Record<string, string>,
        args: string[] = [],
        more: { config?: object; says?: (call: Call) => object | undefined } = {},
    ) => {
        const { id, deployment } = await stateWithout(revoked);
        const says = (call: Call) =>
            call.args[1] === "export"
                ? { stdout: JSON.stringify({ deployment }) }
                : (more.says?.(call) ?? (call.args[0] === "config" ? { stdout: "{}" } : undefined));
        const history = [update(repository.first, more.config ?? declared), update(repository.second)];
        return { id, ...(await rollback(["--to", "1", "--yes", ...args], { history, says })) };
    };
    const ed = { "lab/ed": keyDigest({ publicKey })! };

    it("refuses to accept a revoked public key again", async () => {
        const { note, seen } = await exits(2, back(ed));
        assert.match(
            note,
            /--to: the rollback must not break a revocation \(the revoked keys of lab\/ed would work again\)\. .* add: --readmit lab\/ed/,
        );
        assert.ok(seen.every(({ verb }) => verb === "preview"));
    });

    it("refuses a revoked key under another name, and prints the name under which it was revoked", async () => {
        const { note } = await exits(2, back({ "eve/other": ed["lab/ed"] }));
        assert.match(note, /the revoked keys of eve\/other would work again\)\. .* add: --readmit eve\/other/);
    });

    it("restores a revoked key only where the operator names its revocation", async () => {
        await exits(2, back(ed, ["--readmit", "lab/other"]));
        const { seen } = await exits(0, back(ed, ["--readmit", "lab/ed"]));
        assert.equal(seen.at(-1)!.verb, "up");
    });

    it("refuses a key of the config, which it compares in plain text and never shows", async () => {
        const sealed = [{ name: "nlp", credentials: [{ id: "k", method: "key", key: { secure: "v1:then" } }] }];
        const file = join(repository.root, ".git/of-then.yaml");
        writeFileSync(file, NOW.replace("config:\n", `config:\n    alpa-auth:consumers: ${JSON.stringify(sealed)}\n`));
        const says = ({ args }: Call) =>
            args[0] === "config"
                ? {
                      stdout: JSON.stringify({
                          "alpa-auth:consumers": { value: "", objectValue: WITH_KEY },
                          "alpa-auth:cluster": { value: "", objectValue: { kubeconfig: "IN-PLAIN" } },
                      }),
                  }
                : undefined;
        const config = { "alpa-auth:consumers": hidden(WITH_KEY) };
        const revoked = { "nlp/k": keyDigest({ key: KEY })! };
        const { out, note } = await exits(2, back(revoked, ["--config-file", file], { config, says }));
        assert.match(note, /the revoked keys of nlp\/k would work/);
        assert.ok(!`${out}${note}`.includes(KEY));
    });

    it("names the revocation in the config, so that the preview of the earlier program reports the revoked key", async () => {
        const { note, seen, id } = await exits(2, back(ed));
        assert.match(note, /the revoked keys of lab\/ed would work/);
        const [lab, nlp] = seen[0].config.config["alpa-auth:consumers"];
        assert.equal(lab.credentials[0].readmit, id);
        assert.equal(nlp.credentials[0].readmit, undefined);
    });

    it("is not hindered by a revoked key that the version does not have", async () => {
        await exits(0, back({ "bob/k": "digest-of-a-key-that-the-version-does-not-have" }));
    });
});
