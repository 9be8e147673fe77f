import { strict as assert } from "node:assert";
import { parse, type RawConfig } from "../../../config";
import type { IntraASettings } from "../../../config/options/intra";
import { intra } from "../../../stacks/intra";
import { record, type Seen } from "../../kit";
import { CALLS } from "./cloudflare";

export type Installer = "rampart" | "helm" | "existing";
export const INSTALLERS: Installer[] = ["rampart", "helm", "existing"];

const GATEWAYS: Record<Installer, object> = {
    rampart: {},
    helm: { installer: "helm", crds: ["crds.yaml"] },
    existing: {
        installer: "existing",
        existing: { ingressClass: "shared", gateway: "edge/shared", url: "http://10.0.0.9:30900" },
    },
};

/** Two callers: one with limits and an overlap of two keys, one without limits. */
export const CONSUMERS = [
    {
        name: "lab",
        limits: { requests: 60, perSeconds: 60, concurrent: 2 },
        credentials: [
            { id: "2026a", method: "key" },
            { id: "2026b", method: "key" },
        ],
    },
    { name: "nlp", credentials: [{ id: "2026a", method: "key" }] },
];

/** A config with classes: two of three callers share three of Alpa's eight slots. Two pods use shared counters. */
export const CLASSES = {
    guard: { maxPrompts: 1 },
    gateway: { replicas: 2, sharedCounters: { whenDown: "refuse" } },
    classes: { batch: 3 },
    consumers: [
        { name: "chat", credentials: [{ id: "2026a", method: "key" }] },
        ...["nightly", "ocr"].map((name) => ({ name, class: "batch", credentials: [{ id: "2026a", method: "key" }] })),
    ],
};

/** A kubeconfig whose token no output may show. */
export const KUBECONFIG = `apiVersion: v1
kind: Config
clusters: [{ name: one, cluster: { server: "https://10.0.0.1:16443" } }]
users: [{ name: admin, user: { token: s3cret-token } }]
contexts: [{ name: one, context: { cluster: one, user: admin } }]
current-context: one
`;

/** A stack config as Pulumi passes it: structured values as JSON text. */
export function raw(values: Record<string, unknown> = {}): RawConfig {
    const all = { option: "intra-a", alpa: { endpoints: ["10.0.0.11:20001", "10.0.0.12:20001"] }, ...values };
    return Object.fromEntries(
        Object.entries(all)
            .filter(([, v]) => v !== undefined)
            .map(([k, v]) => [k, typeof v === "string" ? v : JSON.stringify(v)]),
    );
}

/** Validated settings of a stack of option intra-a. */
export function parseIntra(...args: Parameters<typeof parse>): IntraASettings {
    const settings = parse(...args);
    assert.ok(settings.option === "intra-a");
    return settings;
}

/** Validated settings of a stack with the given installer. */
export function settings(installer: Installer, values: Record<string, unknown> = {}): IntraASettings {
    return parseIntra(raw({ gateway: GATEWAYS[installer], consumers: CONSUMERS, ...values }));
}

/** All resources of the stack. */
export function recordStack(installer: Installer, values: Record<string, unknown> = {}): Promise<Seen[]> {
    return record(() => intra(settings(installer, values)));
}

/**
 * Kubernetes objects that are resources of the program. Objects of a Helm release or of a list of files are not
 * included.
 */
export function kubernetesObjects(seen: Seen[]): Seen[] {
    return seen.filter((r) => r.custom && r.inputs.apiVersion !== undefined && r.inputs.kind !== undefined);
}

/** Config keys of exposure tunnel. */
export const EXPOSURE = {
    exposure: "tunnel",
    account: "0123456789abcdef0123456789abcdef",
    hostname: "llm.example.com",
    zone: { name: "example.com", plan: "pro" },
    tunnel: { image: "cloudflare/cloudflared:2026.8.2" },
    alpa: { endpoints: ["10.0.0.11:20001", "10.0.0.12:20001"], tokensPerSecond: 12 },
};

/** A config with exposure tunnel and the given installer. */
export function exposed(installer: Installer, values: Record<string, unknown> = {}): Record<string, unknown> {
    const { url: _, ...existing } = { url: "", ...(GATEWAYS.existing as { existing: object }).existing };
    const gateway = { installer, existing: { ...existing, service: "edge/apisix-gateway" } };
    return { ...EXPOSURE, ...(installer === "existing" ? { gateway } : {}), ...values };
}

/** All resources of the stack behind Cloudflare. */
export function recordExposed(installer: Installer, values: Record<string, unknown> = {}): Promise<Seen[]> {
    return record(() => intra(settings(installer, exposed(installer, values))), {}, CALLS);
}
