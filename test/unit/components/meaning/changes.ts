/** Another valid value for each key of each option. A change of a list of mappings is one of its first entry. */
import { generateKeyPairSync } from "node:crypto";
import type { Pair } from "../../../certificates";
import { ACCOUNT, HOST_KEY } from "../../kit/cloudflare";
import { KUBECONFIG } from "../../kit/intra-a";
import { newPublicKey, type Base } from "./bases";

/** Value by key, as in the tables below. Undefined removes the key. */
export type Change = Record<string, unknown>;

/** A change of keys that cannot change one by one. */
class Together {
    constructor(readonly values: Change) {}
}

const DIGEST = `sha256:${"b".repeat(64)}`;
const REASON = "a trial of it";
const OTHER_SSH_KEY = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;

const NO_WORKER = new Together({
    edgeWorker: { off: REASON },
    "alpa.defaultModel": undefined,
});

const under = (path: string, values: Change): Change =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [`${path}.${key}`, value]));

const ATTEMPT = { number: 2, to: "intra-b", by: "ada@ops", pid: 1, at: "2026-11-30T12:00:00.000Z" };

const image = (path: string, tag = "4.0.0"): Change => ({ [path]: `mirror.example.com/image:${tag}@${DIGEST}` });

const sshHost = (list: string): Change =>
    under(`${list}[]`, {
        address: "root@10.0.0.21:2222",
        hostKey: HOST_KEY.replaceAll("A", "B"),
    });

const SSH: Change = under("ssh", { user: "root", privateKey: OTHER_SSH_KEY, sudoPassword: "another password" });

const limits = (path: string): Change => under(path, { requests: 1, perSeconds: 120, concurrent: 1 });

const FIREWALL: Change = {
    ...SSH,
    ...sshHost("firewall.hosts"),
    ...under("firewall", {
        "hosts[].address": new Together({
            "firewall.hosts[].address": "10.0.0.21",
            "alpa.endpoints": ["10.0.0.21:20001"],
        }),
        hosts: undefined,
        from: ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"],
        alsoFrom: ["10.9.0.8"],
        ports: ["6379"],
    }),
};
const tokenLimits = (path: string): Change => under(path, { maxTokens: 16, tokens: 400, perTokenSeconds: 120 });

const OPENAI_AT_EDGE = new Together({
    alpa: undefined,
    pathPrefix: undefined,
    openai: {
        endpoints: ["127.0.0.1:8000"],
        paths: ["chat/completions"],
        silenceSeconds: 60,
        longestAnswerSeconds: 90,
    },
});

const CALLERS: Change = {
    "consumers[].name": "laboratory",
    ...limits("consumers[].limits"),
    ...under("consumers[].credentials[]", {
        id: "own-2",
        method: new Together({
            "consumers[].credentials[].method": "jwt",
            "consumers[].credentials[].algorithm": "HS256",
            "consumers[].credentials[].key": undefined,
            "consumers[].credentials[].readmit": undefined,
        }),
        algorithm: new Together({
            "consumers.0.credentials.1.algorithm": "HS256",
            "consumers.0.credentials.1.publicKey": undefined,
        }),
        publicKey: new Together({ "consumers.0.credentials.1.publicKey": newPublicKey() }),
        expires: "2027-01-31",
        key: "another-key-of-caller-0123456789abcdef",
        readmit: "revocation-89abcdef",
    }),
    consumersFile: "callers.yaml",
};

/** Keys of the edge that options with a tunnel and option cloudflare have. */
const EDGE: Change = {
    account: ACCOUNT.replace("0", "1"),
    hostname: "other.example.com",
    "zone.name": new Together({
        "zone.name": "example.org",
        hostname: "llm.example.org",
        aliases: undefined,
        dns: undefined,
    }),
    "zone.plan": new Together({ "zone.plan": "business", proxyTimeoutSeconds: undefined, rateLimit: undefined }),
    "alpa.tokensPerSecond": 13,
    browserChecks: "keep",
    proxyTimeoutSeconds: 200,
};

/** @param pair another certificate for the same names */
export const changes = (pair: Pair): Record<Base, Change> => ({
    direct: {
        "cluster.kubeconfig": KUBECONFIG.replace("s3cret", "other"),
        "cluster.context": undefined,
        "alpa.endpoints": ["10.0.0.13:20001"],
        "alpa.answerTimeoutSeconds": 900,
        "alpa.defaultModel": "opt-66b",
        "gateway.installer": new Together({ "gateway.installer": "helm", rampart: undefined }),
        "gateway.nodePort": 30901,
        "gateway.replicas": 4,
        "gateway.storageClass": "slow",
        "gateway.chartRepository": "https://mirror.example.com/",
        ...image("gateway.image"),
        ...image("gateway.etcdImage"),
        "gateway.highAvailability": false,
        "gateway.sharedCounters.whenDown": "each-pod",
        ...image("gateway.sharedCounters.image"),
        "gateway.closed": REASON,
        exposure: new Together({
            exposure: "tunnel",
            account: ACCOUNT,
            hostname: "llm.example.com",
            zone: { name: "example.com", plan: "pro" },
            tunnel: { image: "cloudflare/cloudflared:2026.8.2" },
            "alpa.tokensPerSecond": 12,
            azure: undefined,
            tls: undefined,
        }),
        namespace: "other",
        movedFrom: { "1f9a1d3c-6c56-4c0e-9d0f-2f6f5d6a8f11": REASON },
        pathPrefix: "/served",
        "azure.hostname": new Together({
            "azure.hostname": "opt.example.com",
            "tls.hostnames": ["opt.example.com"],
        }),
        "azure.addresses": ["20.50.2.11"],
        "tls.certificate": new Together({ "tls.certificate": pair.certificate, "tls.key": pair.key }),
        "tls.key": new Together({ "tls.certificate": pair.certificate, "tls.key": pair.key }),
        "tls.hostnames": ["llm.example.com", "opt.example.com"],
        "tls.nodePort": 30844,
        "tls.redirect": false,
        "rampart.install.repository": "https://mirror.example.com/rampart",
        "rampart.install.version": "1.2.4",
        "rampart.install.credentialsSecret": "rampart-repository",
        "rampart.retry": 1,
        waitSeconds: 1000,
        ...limits("limits"),
        classes: { batch: 6 },
        maxOverlapDays: 70,
        "guard.off": REASON,
        "guard.contextTokens": 512,
        "guard.vocabulary": 50000,
        "guard.maxPrompts": 1,
        "guard.minTokens": 8,
        "observability.metrics": undefined,
        "observability.metrics.scrapers[].namespace": "other",
        "observability.metrics.scrapers[].podLabels": { app: "prometheus" },
        "observability.metrics.podMonitor": false,
        "observability.accessLog": false,
        "consumers[].class": "batch",
    },
    issued: {
        "gateway.crds": ["other.yaml"],
        "tls.issuer": "other",
        "tls.redirect": false,
    },
    tunnel: {
        ...EDGE,
        "gateway.nodePort": 30900,
        "gateway.installer": "helm",
        ...image("tunnel.image"),
        "alpa.answerTimeoutSeconds": 90,
    },
    nodes: {
        "gateway.address": "other.example.com",
        "alpa.answerTimeoutSeconds": 900,
        ...SSH,
        ...sshHost("cluster.nodes"),
        "cluster.nodes[].labels": { rack: "b" },
        "cluster.channel": "1.33/stable",
        "cluster.podNetwork": "10.201.0.0/16",
        "alpa.endpoints": ["10.0.0.13:20001"],
        ...FIREWALL,
    },
    existing: {
        ...CALLERS,
        namespace: "other",
        ...under("gateway.existing", {
            ingressClass: "other",
            gateway: "other/other",
            url: "http://10.0.0.10",
        }),
        "guard.maxPrompts": 2,
    },
    existingTunnel: { "gateway.existing.service": "other/other:8080" },
    kuberay: {
        option: new Together({ option: "intra-a", "convert.phase": "prepared" }),
        "alpa.answerTimeoutSeconds": 900,
        "alpa.defaultModel": "opt-175b",
        "alpa.endpoints": ["10.0.0.11:20002"],
        ...image("opt.image"),
        "opt.model": "alpa/opt-66b",
        "opt.gpusPerNode": 7,
        "opt.nodes": ["dgx-01", "dgx-03"],
        "opt.rayVersion": "2.1.0",
        "opt.weights.claim": "other",
        "opt.weights.hostPath": new Together({ "opt.weights": { hostPath: "/data" } }),
        "opt.weights.inImage": new Together({ "opt.weights": { inImage: "/other" } }),
        "opt.command": "python3 -m alpa.serve",
        "opt.watchdog": false,
        "opt.cpu": "40",
        "opt.memory": "400Gi",
        "opt.runtimeClass": "other",
        "opt.hostNetwork": REASON,
        "opt.operator": new Together({ "opt.operator": "existing", "opt.operatorImage": undefined }),
        "opt.operatorChartRepository": "https://mirror.example.com/",
        ...image("opt.operatorImage", "v1.6.3"),
        "convert.phase": "open",
        ...Object.fromEntries(
            Object.keys(ATTEMPT).map((key) => [`convert.attempt.${key}`, new Together({ "convert.attempt": ATTEMPT })]),
        ),
        "convert.budgetMinutes": 50,
        "convert.returnMinutes": 20,
        ...SSH,
        ...sshHost("convert.bareMetal.hosts"),
        "convert.bareMetal.unit": "other.service",
    },
    rampart: {
        "opt.shape": new Together({
            "opt.shape": "kuberay",
            "opt.weights": { claim: "opt-weights" },
        }),
        "opt.image": "registry.example.com/alpa-serving:2.0.0",
        "convert.bareMetal.commands.start": "/other",
        "convert.bareMetal.commands.stop": "/other",
        "convert.phase": "moved",
    },
    openai: {
        "openai.endpoints": ["10.0.0.13:8000"],
        "openai.models": ["one", "two", "three"],
        "openai.serverKey": "another-server-key",
        "openai.paths": ["chat/completions"],
        "openai.silenceSeconds": 900,
        "openai.longestAnswerSeconds": 900,
        "openai.maxBodyBytes": 1024,
        ...tokenLimits("limits"),
        ...tokenLimits("consumers[].limits"),
        "consumers[].models": ["two"],
    },
    cloudflare: {
        ...EDGE,
        "openai.endpoints": OPENAI_AT_EDGE,
        "openai.paths": OPENAI_AT_EDGE,
        "openai.silenceSeconds": OPENAI_AT_EDGE,
        "openai.longestAnswerSeconds": OPENAI_AT_EDGE,
        ...SSH,
        ...sshHost("tunnel.hosts"),
        "tunnel.hosts[].metricsPort": 30000,
        "tunnel.version": "2026.8.3",
        "tunnel.sha256": "b".repeat(64),
        "tunnel.source": "https://mirror.example.com/cloudflared",
        "alpa.endpoints": ["127.0.0.1:20002"],
        "alpa.answerTimeoutSeconds": 90,
        "alpa.defaultModel": "opt-66b",
        movedFrom: { [ACCOUNT.replace("0", "2")]: REASON },
        pathPrefix: "/served",
        maxOverlapDays: 70,
        aliases: ["opt2.example.com"],
        "zone.manage": "existing",
        teamName: "other",
        "rateLimit.requests": 30,
        "rateLimit.perSeconds": 120,
        "edgeWorker.off": NO_WORKER,
        notify: ["others@example.com"],
        "dns.phase": "mirror",
        "dns.records": undefined,
        "dns.oldServers": ["ns1.example.com"],
        "dns.newServers": ["ns2.example.com"],
        "dns.parentServers": ["ns3.example.com"],
        "consumers[].name": "laboratory",
        ...under("consumers[].credentials[]", {
            id: "2026c",
            expires: "2027-01-31",
            duration: "4380h",
            enabled: false,
            secretVersion: 3,
            previousSecretExpires: "2026-12-10",
        }),
        "consumers[].credentials[].method": "service-token",
        consumersFile: "callers.yaml",
    },
});

/** A config with a change. @param key of the table, with the new value */
export function changed(config: object, key: string, value: unknown): Record<string, unknown> {
    const all = value instanceof Together ? value.values : { [key]: value };
    const copy = structuredClone(config) as Record<string, unknown>;
    for (const [path, to] of Object.entries(all)) set(copy, path, to);
    return copy;
}

function set(config: Record<string, unknown>, path: string, to: unknown): void {
    const steps = path.replaceAll("[]", ".0").split(".");
    const last = steps.pop()!;
    let at = config;
    for (const step of steps) at = (at[step] ??= {}) as Record<string, unknown>;
    if (to === undefined) delete at[last];
    else at[last] = to;
}
