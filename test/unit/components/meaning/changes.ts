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
    edgeWorker: { enabled: false, reason: REASON },
    "alpa.defaultModel": undefined,
});

const under = (path: string, values: Change): Change =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [`${path}.${key}`, value]));

const ATTEMPT = { number: 2, to: "intra-b", by: "ada@ops", pid: 1, at: "2026-11-30T12:00:00.000Z" };

const image = (path: string, tag = "4.0.0"): Change =>
    under(path, { repository: "mirror.example.com/image", tag, digest: DIGEST });

const sshHost = (list: string): Change =>
    under(`${list}[]`, {
        address: "10.0.0.21",
        port: 2222,
        user: "root",
        hostKey: HOST_KEY.replaceAll("A", "B"),
        privateKey: OTHER_SSH_KEY,
        sudoPassword: "another password",
    });

const limits = (path: string): Change => under(path, { requests: 1, perSeconds: 120, concurrent: 1 });

const firewall = (server: "alpa" | "openai", port: string): Change => ({
    ...sshHost(`${server}.firewall.hosts`),
    ...under(`${server}.firewall`, {
        "hosts[].address": new Together({
            [`${server}.firewall.hosts[].address`]: "10.0.0.21",
            [`${server}.endpoints[].address`]: `10.0.0.21:${port}`,
        }),
        apply: new Together({ [`${server}.firewall.apply`]: "print", [`${server}.firewall.hosts`]: undefined }),
        from: ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"],
        alsoFrom: ["10.9.0.8"],
        ports: ["6379"],
    }),
});
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
    certificate: "advanced",
    "zone.name": new Together({
        "zone.name": "example.org",
        hostname: "llm.example.org",
        aliases: undefined,
        dns: undefined,
    }),
    "zone.plan": new Together({ "zone.plan": "business", proxyTimeoutSeconds: undefined, rateLimit: undefined }),
    "tunnel.graceSeconds": new Together({ "alpa.answerTimeoutSeconds": 100, "tunnel.graceSeconds": 150 }),
    "alpa.tokensPerSecond": 13,
    "alpa.maxTokens": 64,
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
        "gateway.chart.repository": "https://mirror.example.com/",
        "gateway.chart.version": "2.14.1",
        ...image("gateway.image"),
        ...image("gateway.etcdImage"),
        "gateway.highAvailability": false,
        "gateway.sharedCounters.whenDown": "each-pod",
        "gateway.sharedCounters.timeoutMilliseconds": 600,
        ...image("gateway.sharedCounters.image"),
        "gateway.closed.enabled": new Together({ "gateway.closed": { enabled: true, reason: REASON } }),
        "gateway.closed.reason": new Together({ "gateway.closed": { enabled: true, reason: REASON } }),
        exposure: new Together({
            exposure: "tunnel",
            account: ACCOUNT,
            hostname: "llm.example.com",
            zone: { name: "example.com", plan: "pro" },
            tunnel: { image: { tag: "2026.8.2" } },
            "alpa.tokensPerSecond": 12,
            azure: undefined,
            tls: undefined,
        }),
        namespace: "other",
        "movedFrom[].id": "1f9a1d3c-6c56-4c0e-9d0f-2f6f5d6a8f11",
        "movedFrom[].reason": REASON,
        pathPrefix: "/served",
        "azure.hostname": new Together({
            "azure.hostname": "opt.example.com",
            "tls.hostnames": ["opt.example.com"],
        }),
        "azure.addresses": ["20.50.2.11"],
        "azure.ttl": 600,
        "azure.ports.http": 8080,
        "azure.ports.https": 8443,
        "tls.certificate.files.certificate": new Together({ "tls.certificate.files": pair }),
        "tls.certificate.files.key": new Together({ "tls.certificate.files": pair }),
        "tls.hostnames": ["llm.example.com", "opt.example.com"],
        "tls.nodePort": 30844,
        "tls.redirect": false,
        "tls.minimumVersion": "1.3",
        "rampart.install.repository": "https://mirror.example.com/rampart",
        "rampart.install.chart": "rampart-mirror",
        "rampart.install.version": "1.2.4",
        "rampart.install.credentialsSecret": "rampart-repository",
        "rampart.install.namespace": "other-system",
        "rampart.retry": 1,
        "readiness.graphTimeoutSeconds": 1000,
        "readiness.acceptTimeoutSeconds": 300,
        "readiness.settleSeconds": 9,
        ...limits("limits"),
        "classes.<name>.slots": 6,
        "classes.<name>.logprobs": 2,
        maxOverlapDays: 70,
        "guard.enabled": new Together({ guard: { enabled: false, reason: REASON } }),
        "guard.reason": new Together({ guard: { enabled: false, reason: REASON } }),
        "guard.maxBodyBytes": 1024,
        "guard.contextTokens": 512,
        "guard.vocabulary": 50000,
        "guard.maxPrompts": 1,
        "guard.minTokens": 8,
        "observability.metrics.enabled": new Together({ "observability.metrics": undefined }),
        "observability.metrics.scrapers[].namespace": "other",
        "observability.metrics.scrapers[].podLabels": { app: "prometheus" },
        "observability.metrics.podMonitor": false,
        "observability.callerPath.consumer": new Together({ "observability.callerPath": undefined }),
        "observability.accessLog": false,
        "consumers[].class": new Together({ "consumers[].class": "batch", "classes.interactive": undefined }),
    },
    issued: {
        "gateway.crds": ["other.yaml"],
        "gateway.image.digest": DIGEST,
        "tls.certificate.certManager.issuer": "other",
        "tls.certificate.certManager.kind": "Issuer",
        "tls.redirect": false,
    },
    tunnel: {
        ...EDGE,
        "gateway.nodePort": 30900,
        "gateway.installer": "helm",
        namespace: "other",
        pathPrefix: "/served",
        ...image("tunnel.image"),
        "tunnel.connectors": 3,
        "alpa.answerTimeoutSeconds": 90,
        "observability.metrics.scrapers[].namespace": "other",
        "observability.metrics.enabled": new Together({ "observability.metrics": undefined }),
        "gateway.replicas": 4,
    },
    nodes: {
        "gateway.address": "other.example.com",
        "alpa.answerTimeoutSeconds": 900,
        ...sshHost("cluster.nodes"),
        "cluster.nodes[].labels": { rack: "b" },
        "cluster.channel": "1.33/stable",
        "cluster.podNetwork": "10.201.0.0/16",
        "alpa.endpoints[].address": "10.0.0.13:20001",
        "alpa.endpoints[].weight": 2,
        ...firewall("alpa", "20001"),
    },
    existing: {
        ...CALLERS,
        namespace: "other",
        ...under("gateway.existing", {
            ingressClass: "other",
            gateway: "other",
            gatewayNamespace: "other",
            url: "http://10.0.0.10",
        }),
        "guard.maxPrompts": 2,
    },
    existingTunnel: under("gateway.existing.service", {
        name: "other",
        namespace: "other",
        port: 8080,
        podPort: 9081,
    }),
    kuberay: {
        option: new Together({ option: "intra-a", "convert.phase": "prepared" }),
        "alpa.answerTimeoutSeconds": 900,
        "alpa.defaultModel": "opt-175b",
        "alpa.endpoints": ["10.0.0.11:20002"],
        "guard.maxPrompts": 2,
        ...image("opt.image"),
        "opt.model": "alpa/opt-66b",
        "opt.parametersBillion": 170,
        "opt.gpuMemory": "81Gi",
        "opt.gpusPerNode": 7,
        "opt.nodes[].name": new Together({ "opt.nodes": ["dgx-01", "dgx-03"] }),
        "opt.nodes[].gpus": new Together({ "opt.nodes": [{ name: "dgx-01", gpus: 9 }, "dgx-02"] }),
        "opt.rayVersion": "2.1.0",
        "opt.weights.claim": "other",
        "opt.weights.hostPath": new Together({ "opt.weights": { hostPath: "/data" } }),
        "opt.weights.inImage": new Together({ "opt.weights": { inImage: true } }),
        "opt.weights.mountPath": "/other",
        "opt.command": "python3 -m alpa.serve",
        "opt.watchdog.enabled": false,
        "opt.watchdog.idleSeconds": 90,
        "opt.watchdog.stuckSeconds": 1300,
        "opt.sharedMemory": "20Gi",
        "opt.resources.cpu": "40",
        "opt.resources.memory": "400Gi",
        "opt.runtimeClass": "other",
        "opt.hostNetwork.enabled": new Together({ "opt.hostNetwork": { enabled: true, reason: REASON } }),
        "opt.hostNetwork.reason": new Together({ "opt.hostNetwork": { enabled: true, reason: REASON } }),
        "opt.startTimeoutSeconds": 3000,
        "opt.operator": new Together({ "opt.operator": "existing", "opt.operatorChart": undefined }),
        "opt.operatorChart.repository": "https://mirror.example.com/",
        "opt.operatorChart.version": "1.6.3",
        ...image("opt.operatorChart.image", "v1.6.3"),
        "convert.phase": "open",
        ...Object.fromEntries(
            Object.keys(ATTEMPT).map((key) => [`convert.attempt.${key}`, new Together({ "convert.attempt": ATTEMPT })]),
        ),
        "convert.budgetMinutes": 50,
        "convert.returnMinutes": 20,
        "convert.retryAfterSeconds": 30,
        ...sshHost("convert.bareMetal.hosts"),
        "convert.bareMetal.unit": "other.service",
        "convert.bareMetal.stopTimeoutSeconds": 200,
        "convert.bareMetal.startTimeoutSeconds": 2000,
    },
    rampart: {
        "opt.shape": new Together({
            ...{ "opt.shape": "kuberay", "opt.rampartCharts": undefined },
            "opt.weights": { claim: "opt-weights" },
        }),
        "observability.accessLog": true,
        "opt.rampartCharts.repository": "other",
        "opt.rampartCharts.operator": "0.1.1",
        "opt.rampartCharts.cluster": "0.1.1",
        "opt.rampartCharts.service": "0.2.1",
        "opt.rampartCharts.serviceName": "other",
        "opt.image.tag": "2.0.0",
        "rampart.retry": 1,
        "convert.bareMetal.commands.start": "/other",
        "convert.bareMetal.commands.stop": "/other",
        "convert.phase": "moved",
    },
    openai: {
        "openai.endpoints": ["10.0.0.13:8000"],
        "openai.endpoints[].address": "10.0.0.13:8000",
        "openai.endpoints[].weight": 2,
        "openai.models": ["one", "two", "three"],
        "openai.serverKey": "another-server-key",
        "openai.paths": ["chat/completions"],
        "openai.silenceSeconds": 900,
        "openai.longestAnswerSeconds": 900,
        "openai.maxBodyBytes": 1024,
        ...firewall("openai", "8000"),
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
        ...sshHost("tunnel.hosts"),
        "tunnel.hosts[].metricsPort": 30000,
        "tunnel.version": "2026.8.3",
        "tunnel.sha256": "b".repeat(64),
        "tunnel.source": "https://mirror.example.com/cloudflared",
        "tunnel.connectorsPerHost": 3,
        "alpa.endpoints": ["127.0.0.1:20002"],
        "alpa.answerTimeoutSeconds": 90,
        "alpa.defaultModel": "opt-66b",
        "movedFrom[].id": ACCOUNT.replace("0", "2"),
        "movedFrom[].reason": REASON,
        pathPrefix: "/served",
        maxOverlapDays: 70,
        aliases: ["opt2.example.com"],
        "zone.manage": "existing",
        "access.teamName": "other",
        "rateLimit.requests": 30,
        "rateLimit.perSeconds": 120,
        "rateLimit.blockSeconds": 120,
        "rateLimit.per": "client",
        "edgeWorker.enabled": NO_WORKER,
        "edgeWorker.reason": NO_WORKER,
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
    const steps = path.replaceAll("[]", ".0").replace("<name>", "batch").split(".");
    const last = steps.pop()!;
    let at = config;
    for (const step of steps) at = (at[step] ??= {}) as Record<string, unknown>;
    if (to === undefined) delete at[last];
    else at[last] = to;
}
