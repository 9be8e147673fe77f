/** Files as `ops consumer handout --out` writes them, with the credentials of a world. A fake Pulumi returns its outputs. */
import { strict as assert } from "node:assert";
import { createPublicKey } from "node:crypto";
import { join } from "node:path";
import { stringify } from "yaml";
import { HOST_KEY, SSH_KEY } from "../kit/cloudflare";
import { bench } from "../ops/kit";
import type { CallersWorld } from "./python-world";

const SINCE = { version: "2026.8.2", sha256: "a".repeat(64) };

/** @returns names of files in `folder`: for a key, a shared secret, a key pair and a service token */
export async function handedOut(world: CallersWorld, folder: string): Promise<string[]> {
    const publicKey = createPublicKey(world.jwt.privateKey).export({ format: "pem", type: "spki" }).toString();
    const gateway = bench({
        text: stackFile({
            option: "intra-a",
            namespace: "ns",
            alpa: { endpoints: ["10.20.96.188:20001"] },
            consumers: [
                {
                    name: "team",
                    credentials: [
                        { id: "key", method: "key" },
                        { id: "hs", method: "jwt", algorithm: "HS256" },
                        { id: "rs", method: "jwt", algorithm: "RS256", publicKey },
                    ],
                },
            ],
        }),
        outputs: {
            url: world.urls.alpa,
            credentials: { "team/key": world.keys.team },
            jwtSecrets: { "team/hs": world.jwt.secret },
        },
    });
    const host = { address: "10.0.0.11", user: "ubuntu", hostKey: HOST_KEY, privateKey: SSH_KEY };
    const edge = bench({
        text: stackFile({
            option: "cloudflare",
            account: "0123456789abcdef0123456789abcdef",
            hostname: "llm.example.com",
            zone: { name: "example.com", plan: "pro" },
            alpa: { endpoints: ["127.0.0.1:20001"], tokensPerSecond: 12 },
            access: { teamName: "example" },
            tunnel: { ...SINCE, hosts: [host] },
            consumers: [{ name: "team", credentials: [{ id: "edge", method: "service-token" }] }],
        }),
        outputs: { url: world.edges.strict.alpa, credentials: { "team/edge": world.tokens.team } },
    });
    const files: string[] = [];
    for (const [{ ops }, id] of [
        [gateway, "key"],
        [gateway, "hs"],
        [gateway, "rs"],
        [edge, "edge"],
    ] as const) {
        const file = join(folder, `handed-out-${id}.md`);
        const { code, note } = await ops("consumer", "handout", "team", id, "--out", file);
        assert.equal(code, 0, note);
        files.push(file);
    }
    return files;
}

function stackFile(values: Record<string, unknown>): string {
    const config = Object.entries(values).map(([name, value]) => [`alpa-auth:${name}`, value]);
    return stringify({ config: Object.fromEntries(config) as object });
}
