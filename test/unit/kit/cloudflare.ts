import { strict as assert } from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import { parse, type RawConfig } from "../../../config";
import type { CloudflareSettings } from "../../../config/options/cloudflare/settings";
import { cloudflare } from "../../../stacks/cloudflare";
import { record, type Seen } from "../../kit";

export const ACCOUNT = "0123456789abcdef0123456789abcdef";
export const TODAY = new Date("2026-11-25T12:00:00Z");
/** An SSH private key, generated for this run. */
export const SSH_KEY = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
export const HOST_KEY = `ssh-ed25519 ${"A".repeat(68)}`;
export const HOST = { address: "10.0.0.11", hostKey: HOST_KEY };
export const SSH = { user: "ubuntu", privateKey: SSH_KEY };
export const TUNNEL = { version: "2026.8.2", sha256: "a".repeat(64), hosts: [HOST] };
export const ALPA = { endpoints: ["127.0.0.1:20001"], tokensPerSecond: 12 };

/** Caller lab has two tokens, and the second was rotated once. Caller nlp has one token. */
export const CONSUMERS = [
    {
        name: "lab",
        credentials: [
            { id: "2026a", method: "service-token" },
            {
                id: "2026b",
                method: "service-token",
                secretVersion: 2,
                previousSecretExpires: "2026-12-09",
                duration: "forever",
            },
        ],
    },
    { name: "nlp", credentials: [{ id: "2026a", method: "service-token", expires: "2027-06-30" }] },
];

const BASE = {
    option: "cloudflare",
    account: ACCOUNT,
    hostname: "llm.example.com",
    zone: { name: "example.com", plan: "pro" },
    alpa: ALPA,
    tunnel: TUNNEL,
    ssh: SSH,
    teamName: "example",
    consumers: CONSUMERS,
};

/** A config of option cloudflare, as Pulumi passes it: mappings and lists are JSON. */
export function rawCloudflare(values: Record<string, unknown> = {}): RawConfig {
    return Object.fromEntries(
        Object.entries({ ...BASE, ...values })
            .filter(([, v]) => v !== undefined)
            .map(([k, v]) => [k, typeof v === "string" ? v : JSON.stringify(v)]),
    );
}

/** Validated settings of a stack of option cloudflare. */
export function cloudflareStack(values: Record<string, unknown> = {}): CloudflareSettings {
    const settings = parse(rawCloudflare(values), () => true, TODAY);
    assert.ok(settings.option === "cloudflare");
    return settings;
}

/** Answers of the provider's functions. */
export const CALLS = {
    "cloudflare:index/getZone:getZone": {
        id: "z".repeat(32),
        zoneId: "z".repeat(32),
        nameServers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
        status: "active",
    },
    "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken": {
        token: "s3cret-tunnel-token",
    },
};

/** Secrets as Cloudflare returns them, by resource name. */
export const TOKENS = Object.fromEntries(
    ["lab.2026a", "lab.2026b", "nlp.2026a"].map((name) => [
        `${name}-token`,
        {
            clientId: `${name}-id.access`,
            clientSecret: `s3cret-of-${name}`,
            expiresAt: "2027-11-25T12:00:00Z",
        },
    ]),
);

/** All resources of the stack. */
export function recordCloudflare(values: Record<string, unknown> = {}): Promise<Seen[]> {
    const found = { ...TOKENS, "alpa-access-application": { aud: "f".repeat(64) } };
    return record(() => cloudflare(cloudflareStack(values)), found, CALLS);
}
