// Proves the output of `consumer show` about a caller, from the config, the state and the records of handouts, and that it contains
// no secret.
import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { stringify } from "yaml";
import { publicFingerprint } from "../../../../components/meaning/fingerprint";
import { whoAmI } from "../../../../ops/who-am-i";
import { bench, EDGE_FILE, exits, failsHalfWay, OUTPUTS, SECRETS, STACK_FILE } from "../kit";

const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const PEM = publicKey.export({ type: "spki", format: "pem" }).toString();
const CONFIG = stringify({
    config: {
        "alpa-auth:option": "intra-a",
        "alpa-auth:alpa": { endpoints: ["10.20.96.188:20001"] },
        "alpa-auth:limits": { requests: 60, perSeconds: 60 },
        "alpa-auth:consumers": [
            {
                name: "team",
                limits: { concurrent: 2 },
                credentials: [
                    { id: "es", method: "jwt", algorithm: "ES256", publicKey: PEM },
                    { id: "brought", method: "key", key: { secure: "v1:CIPHERTEXT" } },
                    { id: "soon", method: "key", expires: "2026-11-28" },
                    { id: "over", method: "key", expires: "2026-11-25" },
                ],
            },
            { name: "empty", credentials: [] },
        ],
    },
});

async function shown(text: string, name: string, before: string[][] = []) {
    const one = bench({ text });
    for (const args of before) await one.ops(...args);
    const calls = one.calls.length;
    const { out } = await exits(0, one.ops("consumer", "show", name, "--json"));
    assert.deepEqual(
        one.calls.slice(calls).map(({ args }) => args[1]),
        ["--show-name", ...(text.includes("secure:") ? ["--json"] : []), "export"],
        "no outputs are read",
    );
    return JSON.parse(out);
}

describe("ops consumer show", () => {
    it("shows each credential with its state, expiry and fingerprint, and no secret", async () => {
        const { credentials, ...caller } = await shown(CONFIG, "team");
        const states = credentials.map(({ id, state, daysLeft, fingerprint }: any) => [
            id,
            state,
            daysLeft,
            fingerprint,
        ]);
        assert.deepEqual(states, [
            ["es", "active", null, publicFingerprint(PEM)],
            ["brought", "active", null, null],
            ["soon", "active", 3, null],
            ["over", "expired", 0, null],
        ]);
        assert.doesNotMatch(JSON.stringify([caller, credentials]), /CIPHERTEXT|PUBLIC KEY/);
    });

    it("shows the limits in force: the caller's own take precedence over the stack's", async () => {
        const { limits, ownLimits } = await shown(CONFIG, "team");
        assert.deepEqual(limits, { requests: 60, perSeconds: 60, concurrent: 2 });
        assert.deepEqual(ownLimits, { concurrent: 2 });
        const { out } = await bench({ text: CONFIG }).ops("consumer", "show", "team");
        assert.match(out, /^limits +60 requests per 60 s, 2 at the same time \(own: 2 at the same time\)$/m);
    });

    it("shows the last handout, and not what was handed out", async () => {
        const none = await shown(STACK_FILE, "alice");
        assert.equal(none.credentials[0].lastHandout, null);
        const found = await shown(STACK_FILE, "alice", [["consumer", "handout", "alice", "a1"]]);
        assert.deepEqual(found.credentials[0].lastHandout, {
            at: "2026-11-25T12:00:00.000Z",
            recipients: [],
            by: whoAmI(),
        });
        assert.deepEqual(found.credentials[1].lastHandout, null);
        for (const secret of [SECRETS.key, OUTPUTS.url]) assert.ok(!JSON.stringify(found).includes(secret));
    });

    it("shows a disabled service token of Cloudflare, and the expiry of its earlier secret", async () => {
        const token = { id: "t", method: "service-token", enabled: false, secretVersion: 2 };
        const consumers = [{ name: "team", credentials: [{ ...token, previousSecretExpires: "2026-12-01" }] }];
        const text = `${EDGE_FILE}    alpa-auth:consumers: ${JSON.stringify(consumers)}\n`;
        const { credentials } = await shown(text, "team");
        const [{ state, secretVersion, previousSecretExpires }] = credentials;
        assert.deepEqual([state, secretVersion, previousSecretExpires], ["disabled", 2, "2026-12-01"]);
    });

    it("says that the state of a credential is the state in the config, which may not be applied yet", async () => {
        const { ops } = bench({ says: failsHalfWay() });
        await exits(1, ops("consumer", "add", "bob", "--yes"));
        const { out, note } = await exits(0, ops("consumer", "show", "bob"));
        assert.match(out, /│ in the config │ expires/);
        assert.match(note, /^This is the state in the config, which may not be applied yet\. To see what is live: /m);
    });
});
