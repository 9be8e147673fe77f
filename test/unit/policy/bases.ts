/** Stacks whose resources the test cases of policy rules change. */
import { generateKeyPairSync } from "node:crypto";
import type { Seen } from "../../kit";
import { recordCloudflare } from "../kit/cloudflare";
import { exposedInterSettings, interSettings, recordInter } from "../kit/inter";
import { recordIntraB } from "../kit/intra-b";
import { recordExposed, recordStack } from "../kit/intra-a";

export type Base =
    | "intra"
    | "graph"
    | "exposed"
    | "inter"
    | "interExposed"
    | "cloudflare"
    | "brought"
    | "converted"
    | "existing"
    | "observed"
    | "tls"
    | "tokens";

/** Keys that callers have brought: an API key, and a public key. */
const BROUGHT = [
    {
        name: "lab",
        credentials: [
            { id: "own", method: "key", key: "a-key-that-the-lab-has-already" },
            { id: "public", method: "jwt", algorithm: "ES256", publicKey: publicKey() },
            { id: "2026a", method: "key" },
        ],
    },
];

function publicKey(): string {
    const { publicKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    return key.export({ type: "spki", format: "pem" }).toString();
}

export const BASES: Record<Base, () => Promise<Seen[]>> = {
    intra: () => recordStack("helm"),
    graph: () => recordStack("rampart"),
    exposed: () => recordExposed("helm"),
    inter: () => recordInter(interSettings("helm")),
    interExposed: () => recordInter(exposedInterSettings("rampart")),
    brought: () => recordStack("helm", { consumers: BROUGHT }),
    converted: () => recordIntraB("open"),
    tokens: () =>
        recordStack("helm", {
            consumers: [{ name: "lab", credentials: [{ id: "hs", method: "jwt", algorithm: "HS256" }] }],
        }),
    tls: () =>
        recordStack("rampart", {
            azure: { hostname: "llm.example.com", addresses: ["20.50.2.10"] },
            tls: { issuer: "internal" },
        }),
    observed: () =>
        recordStack("helm", {
            observability: {
                accessLog: true,
                metrics: {
                    podMonitor: true,
                    scrapers: [{ namespace: "monitoring", podLabels: { "app.kubernetes.io/name": "prometheus" } }],
                },
            },
        }),
    existing: () => recordExposed("existing"),
    cloudflare: () =>
        recordCloudflare({
            zone: { name: "example.com", plan: "enterprise", manage: "create" },
            notify: ["alpa+tokens@example.com"],
            rateLimit: { requests: 60, perSeconds: 60 },
        }),
};
