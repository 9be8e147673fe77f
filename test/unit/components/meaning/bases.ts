/** Configs which together set every key of every option. */
import { generateKeyPairSync } from "node:crypto";
import type { Pair } from "../../../certificates";
import * as edge from "../../kit/cloudflare";
import { node, SSH, SUDO_PASSWORD } from "../../kit/cluster-nodes";
import { EXPOSURE, KUBECONFIG } from "../../kit/intra-a";
import { BARE_METAL, bareHost, OPT } from "../../kit/intra-b";

/** Text in a key that an operator sets. */
const OWN_KEY = "s3cret-key-of-caller-0123456789abcdef";

export const newPublicKey = () =>
    generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ type: "spki", format: "pem" }) as string;

const DIGEST = `sha256:${"a".repeat(64)}`;
const image = (name: string) => `registry.example.com/${name}:3.18.0`;

/** A callers file. @param method of its credential */
export const callersFile = (method: string) =>
    `consumers: [{ name: filed, credentials: [{ id: 2026a, method: ${method} }] }]`;

const KEY = { id: "2026a", method: "key" };
const CALLERS = [
    {
        name: "lab",
        limits: { requests: 60, perSeconds: 60, concurrent: 2 },
        credentials: [
            { id: "own", method: "key", key: OWN_KEY, readmit: "revocation-0123abcd" },
            { id: "ci", method: "jwt", algorithm: "ES256", publicKey: newPublicKey() },
            { ...KEY, expires: "2027-01-31" },
        ],
    },
    { name: "nlp", credentials: [KEY, { id: "hs", method: "jwt", algorithm: "HS256" }] },
];
const ON_PATH = { name: "path", limits: { requests: 2, perSeconds: 60, concurrent: 1 }, credentials: [KEY] };

const OBSERVED = {
    accessLog: true,
    metrics: {
        podMonitor: true,
        scrapers: [{ namespace: "monitoring", podLabels: { "app.kubernetes.io/name": "prometheus" } }],
    },
};
const COUNTERS = { whenDown: "refuse", image: image("redis") };
const GATEWAY = {
    replicas: 3,
    storageClass: "fast",
    chartRepository: "https://charts.example.com/",
    image: image("apisix"),
    etcdImage: image("etcd"),
    sharedCounters: COUNTERS,
};
const EXISTING = {
    installer: "existing",
    existing: { ingressClass: "shared", gateway: "edge/shared", url: "http://10.0.0.9" },
};
const FIREWALL = {
    hosts: [bareHost(11), bareHost(12)],
    from: ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
    alsoFrom: ["10.9.0.7"],
    ports: ["6379", "10002-19999"],
};

/** @param pair certificate for llm.example.com and opt.example.com */
export const bases = (pair: Pair) => ({
    /** intra-a behind Azure with a certificate from files; classes of callers. */
    direct: {
        option: "intra-a",
        cluster: { kubeconfig: KUBECONFIG, context: "one" },
        alpa: { endpoints: ["10.0.0.11:20001", "10.0.0.12:20001"], defaultModel: "opt-175b" },
        gateway: { ...GATEWAY, highAvailability: true, nodePort: 30900 },
        azure: { hostname: "llm.example.com", addresses: ["20.50.2.10"] },
        tls: { hostnames: ["llm.example.com"], ...pair },
        rampart: { install: { repository: "https://charts.example.com/rampart", version: "1.2.3" } },
        limits: { requests: 100, perSeconds: 60, concurrent: 4 },
        maxOverlapDays: 90,
        guard: { maxPrompts: 2 },
        observability: OBSERVED,
        movedFrom: { "0f9a1d3c-6c56-4c0e-9d0f-2f6f5d6a8f11": "new cluster" },
        classes: { batch: 4 },
        consumers: [
            { name: "chat", credentials: [KEY] },
            { name: "nightly", class: "batch", credentials: [KEY] },
            ON_PATH,
        ],
    },
    /** intra-a with helm and a certificate from cert-manager. */
    issued: {
        option: "intra-a",
        alpa: { endpoints: ["10.0.0.11:20001"] },
        gateway: { installer: "helm", crds: ["crds.yaml"], image: `${image("apisix")}@${DIGEST}` },
        tls: { hostnames: ["llm.example.com"], issuer: "internal" },
        consumers: [CALLERS[1]],
    },
    /** inter behind a tunnel. */
    tunnel: {
        ...EXPOSURE,
        option: "inter",
        zone: { name: "example.com", plan: "enterprise" },
        tunnel: { image: image("cloudflared") },
        proxyTimeoutSeconds: 300,
        gateway: GATEWAY,
        observability: OBSERVED,
        consumers: [ON_PATH],
    },
    /** inter on hosts, with a firewall at Alpa. */
    nodes: {
        option: "inter",
        cluster: {
            nodes: [node(1, { labels: { rack: "a" } }), node(2), node(3)],
            podNetwork: "10.200.0.0/16",
        },
        ssh: SSH,
        alpa: { endpoints: ["10.0.0.11:20001", "10.0.0.12:20001"] },
        firewall: FIREWALL,
        gateway: { ...GATEWAY, address: "llm.example.com" },
        consumers: [ON_PATH],
    },
    /** intra-a at an existing gateway. */
    existing: {
        option: "intra-a",
        alpa: { endpoints: ["10.0.0.11:20001"] },
        gateway: EXISTING,
        consumers: CALLERS,
    },
    /** intra-a at an existing gateway, behind a tunnel. */
    existingTunnel: {
        ...EXPOSURE,
        option: "intra-a",
        gateway: {
            installer: "existing",
            existing: {
                ...{ ingressClass: "shared", gateway: "edge/shared" },
                service: "edge/apisix-gateway",
            },
        },
        consumers: [CALLERS[1]],
    },
    /** intra-b on KubeRay at an existing gateway, in a conversion from a systemd service. */
    kuberay: {
        option: "intra-b",
        alpa: { endpoints: ["10.0.0.11:20001"] },
        gateway: EXISTING,
        consumers: [],
        opt: {
            ...OPT,
            watchdog: true,
            runtimeClass: "nvidia",
            operatorImage: "registry.example.com/operator:v1.6.2",
        },
        ssh: SSH,
        convert: {
            phase: "moved",
            bareMetal: { ...BARE_METAL, hosts: [bareHost(11), bareHost(12)] },
        },
    },
    /** intra-b on Rampart's charts, converted from a host with commands. */
    rampart: {
        option: "intra-b",
        alpa: { endpoints: ["10.0.0.11:20001"] },
        consumers: [CALLERS[1]],
        opt: { ...OPT, shape: "rampart", weights: { inImage: "/weights" } },
        ssh: SSH,
        convert: { phase: "open", bareMetal: { hosts: [bareHost(11)], commands: { start: "/start", stop: "/stop" } } },
    },
    /** inter in front of an OpenAI-compatible server. */
    openai: {
        option: "inter",
        openai: {
            endpoints: ["10.0.0.11:8000"],
            models: ["one", "two"],
            serverKey: "s3cret-server-key",
        },
        ssh: SSH,
        firewall: FIREWALL,
        gateway: { ...GATEWAY, address: "llm.example.com" },
        limits: { concurrent: 4, maxTokens: 64, tokens: 1000, perTokenSeconds: 60 },
        consumers: [
            { ...ON_PATH, models: ["one"], limits: { concurrent: 1, maxTokens: 32, tokens: 500, perTokenSeconds: 60 } },
        ],
    },
    cloudflare: {
        option: "cloudflare",
        account: edge.ACCOUNT,
        hostname: "llm.example.com",
        aliases: ["opt.example.com"],
        zone: { name: "example.com", plan: "enterprise", manage: "create" },
        alpa: { ...edge.ALPA, defaultModel: "opt-175b" },
        ssh: SSH,
        tunnel: edge.TUNNEL,
        teamName: "example",
        rateLimit: { requests: 60, perSeconds: 60 },
        dns: { phase: "proxied", records: "docs/examples/example.com.yaml" },
        notify: ["operators@example.com"],
        movedFrom: { [edge.ACCOUNT.replace("0", "1")]: "new account" },
        consumers: [
            { ...edge.CONSUMERS[0], credentials: [...edge.CONSUMERS[0].credentials].reverse() },
            edge.CONSUMERS[1],
        ],
    },
});

/** Texts of all secrets of these configs, as far as they are recognisable. */
export const secretTexts = (pair: Pair) => [
    OWN_KEY,
    SUDO_PASSWORD,
    "s3cret-token",
    "s3cret-tunnel-token",
    "generated",
    ...[edge.SSH_KEY, pair.key].map((pem) => pem.split("\n")[1]),
];
export type Base = keyof ReturnType<typeof bases>;
