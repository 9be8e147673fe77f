import * as z from "zod";
import { parseKubeconfig } from "../components/parts/kubeconfig";
import { ALGORITHMS, day, DEFAULT_OVERLAP_DAYS } from "./credentials";
import { got } from "./problems";

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** A whole version: Rampart's admission takes no range and no leading v. */
const EXACT_VERSION = /^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/;
/** Kubernetes' limit for a DNS label; also for a label's value, which carries `<consumer>.<credential>`. */
export const LABEL_LIMIT = 63;
/** Namespace of what a stack makes, unless it says otherwise. */
export const DEFAULT_NAMESPACE = "alpa-auth";
/** Waits, unless a stack says otherwise. */
export const DEFAULT_READINESS = { graphTimeoutSeconds: 2700, acceptTimeoutSeconds: 120, settleSeconds: 15 };
/** The range a Kubernetes API server gives to node ports unless told otherwise. */
const NODE_PORTS = { min: 30000, max: 32767 };
/** Below this, jwt-auth trusts the algorithm named by the token (algorithm confusion, fixed in APISIX 3.17.0). */
const OLDEST_APISIX: [major: number, minor: number] = [3, 17];

const positive = (what: string) => {
    const error = (i: { input?: unknown }) => `must be ${what} of at least 1${got(i.input)}. Give a whole number`;
    return z.number({ error }).refine((n) => Number.isInteger(n) && n >= 1, { error });
};

const dnsLabel = z.string().refine((s) => DNS_LABEL.test(s) && s.length <= LABEL_LIMIT, {
    error: (i) =>
        `must be a DNS label: a-z, 0-9 and -, no dots, at most ${LABEL_LIMIT} characters${got(i.input)}. Rename it`,
});

const url = z
    .url({
        protocol: /^https?$/,
        error: (i) => `must be an address with http:// or https://${got(withoutUser(i.input))}. Correct it`,
    })
    .refine((address) => withoutUser(address) === address, {
        error: "must be an address without user name and password, which would be kept in plain text. Take them out",
    });

const text = (what: string) =>
    z.string().min(1, { error: `must be ${what}, not an empty text. Name it or remove the key` });

const pinned = z.string().refine((tag) => /\d/.test(tag) && !/(^|[^a-z])latest/i.test(tag), {
    error: (i) => `must be a pinned version, never latest${got(i.input)}. Name the exact tag`,
});

const isHost = (host: string) => host.split(".").every((label) => DNS_LABEL.test(label));

const endpoint = z.string().check((ctx) => {
    const match = /^([^:/]+):(\d+)$/.exec(ctx.value);
    const host = match?.[1] ?? "";
    const port = Number(match?.[2]);
    if (!match)
        ctx.issues.push(
            problem(ctx.value, "must be host:port, without a scheme or path", "Write for example 10.1.96.188:20001"),
        );
    else if (!isHost(host))
        ctx.issues.push(problem(ctx.value, "must name a lower-case host or an IPv4 address", "Correct the host"));
    else if (port < 1 || port > 65535)
        ctx.issues.push(problem(ctx.value, "must have a port between 1 and 65535", "Alpa listens on 20001"));
});

const credential = z.strictObject({
    id: dnsLabel.describe("Name of the credential, unique within its consumer; two entries are an overlap window."),
    method: z
        .enum(["key", "jwt"], {
            // Only a known name is repeated: anything else could be the credential itself, written in the wrong place.
            error: (i) =>
                i.input === "service-token"
                    ? 'belongs to option cloudflare (got "service-token"). Use key or jwt'
                    : "must be key or jwt. Correct it",
        })
        .describe(
            "How the caller proves who it is: `key` sends the header `apikey`, `jwt` a token in `Authorization`.",
        ),
    expires: day
        .optional()
        .describe(
            "Day from which the credential is left out (UTC), as `2027-01-31`. Unset: it stays until its entry goes.",
        ),
    algorithm: z
        .enum(ALGORITHMS, { error: () => `must be one of ${ALGORITHMS.join(", ")}. Correct it` })
        .optional()
        .describe(
            "How tokens are signed, with method `jwt`. `HS256` has a generated secret; the others need `publicKey`.",
        ),
    publicKey: z
        .string({ error: () => "must be a text in PEM form. Correct it" })
        .optional()
        .describe("Public key of the caller in PEM form, with `RS256` (2048 bits or more), `ES256` or `EdDSA`."),
    key: z
        .string({ error: () => "must be a text. Correct it" })
        .optional()
        .describe("A key the caller has already, as a secret; 16 characters or more. Unset: one is generated."),
});

const limits = z
    .strictObject({
        requests: positive("a number of requests")
            .optional()
            .describe("Requests allowed in each window of `perSeconds`. Needs `perSeconds`."),
        perSeconds: positive("a window in seconds").optional().describe("Length of the window, in seconds."),
        concurrent: positive("a number of requests").optional().describe("Requests open at the same time."),
    })
    .check((ctx) => {
        if ((ctx.value.requests === undefined) !== (ctx.value.perSeconds === undefined))
            ctx.issues.push(
                problem(ctx.value, "must have requests and perSeconds together", "Give both or neither", false),
            );
    });

const consumer = z.strictObject({
    name: dnsLabel.describe("Name of the caller; the APISIX username becomes `<namespace>_<name>`."),
    limits: limits.optional().describe("What this caller may use, in place of the stack's `limits`."),
    credentials: z.array(credential).describe("Every entry works; removing one revokes exactly that one."),
});

const rampartInstall = z.strictObject({
    repository: url.describe("Address of the private chart repository."),
    chart: z.string().default("rampart").describe("Name of the chart in it."),
    version: pinned.describe("Exact chart version."),
    credentialsSecret: dnsLabel
        .describe("Secret with `username` and `password` of the repository, in `rampart.install.namespace`.")
        .optional(),
    namespace: dnsLabel.default("rampart-system").describe("Namespace Rampart runs in."),
});

/** The keys of a stack config, without the project's prefix. `docs/configuration.md` is compared with this. */
export const schema = z.strictObject({
    option: z.literal("intra-a").describe("Which of the designs this stack is; this version builds `intra-a`."),
    exposure: z
        .literal("azure", {
            error: (i) => `must be azure, the one exposure this version builds${got(i.input)}. Use azure`,
        })
        .default("azure")
        .describe("How callers reach the entry point: `azure` leaves DNS and load balancer as they are."),
    namespace: dnsLabel.default(DEFAULT_NAMESPACE).describe("Namespace of routes, consumers and credentials."),
    cluster: z
        .strictObject({
            kubeconfig: z
                .string()
                .refine((text) => parseKubeconfig(text).ok, {
                    error: (i) => `must be a kubeconfig (${why(i.input)}). Set its content as a secret`,
                })
                .optional()
                .describe("Content of a kubeconfig, as a secret. Unset: the kubeconfig of the environment."),
            context: text("the name of a context").optional().describe("Context to use. Unset: the current one."),
        })
        .prefault({})
        .describe("The cluster the gateway runs in."),
    alpa: z
        .strictObject({
            endpoints: z
                .array(endpoint)
                .min(1, { error: "must name at least one Alpa service. Write for example [10.1.96.188:20001]" })
                .describe("`host:port` of each Alpa service, as seen from the cluster. The first serves `/logprobs`."),
            answerTimeoutSeconds: positive("a time in seconds")
                .default(600)
                .describe("Longest time one answer may take, in seconds: Alpa sends nothing before it is complete."),
        })
        .describe("The Alpa service behind the gateway, which stays as it is."),
    gateway: z
        .strictObject({
            installer: z
                .enum(["rampart", "helm", "existing"])
                .default("rampart")
                .describe("Who installs APISIX: `rampart` as a graph, `helm` as a release, `existing` nobody."),
            address: z
                .string()
                .refine(isHost, {
                    error: (i) =>
                        `must be a lower-case host or an IPv4 address, without scheme or port${got(i.input)}. Correct it`,
                })
                .optional()
                .describe(
                    "Host callers use. Unset: the host of the first Alpa endpoint, the same node in this option.",
                ),
            nodePort: z
                .number()
                .refine((n) => Number.isInteger(n) && n >= NODE_PORTS.min && n <= NODE_PORTS.max, {
                    error: (i) =>
                        `must be between ${NODE_PORTS.min} and ${NODE_PORTS.max}, the range of node ports${got(i.input)}. Use 30800`,
                })
                .default(30800)
                .describe("Port of the entry point on every node."),
            replicas: positive("a number of replicas").default(1).describe("APISIX pods."),
            storageClass: text("the name of a StorageClass")
                .optional()
                .describe("StorageClass of etcd's volumes. Unset: the cluster's default."),
            chart: z
                .strictObject({
                    repository: url
                        .default("https://apache.github.io/apisix-helm-chart")
                        .describe("Address of the repository that holds the chart `apisix`; name a mirror here."),
                    version: pinned
                        .refine((v) => EXACT_VERSION.test(v) || !/\d/.test(v), {
                            error: (i) => `must be one exact version, as 2.14.0${got(i.input)}. Name it`,
                        })
                        .default("2.14.0")
                        .describe("Version of the chart `apisix`."),
                })
                .prefault({})
                .describe("The chart to install. Only for `rampart` and `helm`."),
            image: z
                .strictObject({
                    repository: z
                        .string()
                        .default("apache/apisix")
                        .describe("Image of APISIX, with its registry where that is a mirror."),
                    tag: pinned
                        .refine((tag) => newEnough(tag), {
                            error: (i) =>
                                `must be APISIX ${OLDEST_APISIX.join(".")} or newer${got(i.input)}. Older ones accept forged tokens (algorithm confusion)`,
                        })
                        .default("3.18.0-ubuntu")
                        .describe("Tag of the image, 3.17 or newer."),
                })
                .prefault({})
                .describe("The APISIX image, pinned together with the chart."),
            etcdImage: z
                .strictObject({
                    registry: z
                        .string()
                        .min(1)
                        .default("docker.io")
                        .describe("Registry of the image; name a mirror here."),
                    repository: z
                        .string()
                        .min(1)
                        .default("bitnamilegacy/etcd")
                        .describe("Image of etcd, without its registry."),
                    tag: pinned
                        .default("3.6.4-debian-12-r3")
                        .describe("Tag of the image: the chart's own default is `latest`."),
                })
                .prefault({})
                .describe("The etcd image."),
            sharedCounters: z
                .strictObject({
                    whenDown: z
                        .enum(["refuse", "allow"])
                        .describe(
                            "What happens to callers with limits while the counters are away: `refuse` (500) or `allow` without limits.",
                        ),
                    timeoutMilliseconds: positive("a time in milliseconds")
                        .default(100)
                        .describe(
                            "Longest wait for the counters, in milliseconds; each request pays it while they hang.",
                        ),
                    image: z
                        .strictObject({
                            repository: text("an image")
                                .default("valkey/valkey")
                                .describe("Image of the counters' server, which speaks Redis."),
                            tag: pinned.default("8.1.4-alpine").describe("Tag of the image."),
                        })
                        .prefault({})
                        .describe("The image of the counters."),
                })
                .optional()
                .describe(
                    "Counts limits once for all APISIX pods, in a server of its own. Needed with more than one pod.",
                ),
            crds: z
                .array(text("a file or an address"))
                .optional()
                .describe(
                    "Files or URLs of the CRDs, with installer `helm`. Unset: the pinned releases of their projects. `[]`: those in the cluster.",
                ),
            existing: z
                .strictObject({
                    ingressClass: dnsLabel.describe("IngressClass of the ingress controller in place."),
                    gateway: dnsLabel.describe("Gateway that consumers are bound to."),
                    gatewayNamespace: dnsLabel.describe("Namespace of that Gateway."),
                    url: url
                        .refine((address) => new URL(address).pathname === "/", {
                            error: (i) => `must be an address without a path${got(i.input)}. Correct it`,
                        })
                        .describe("Address callers use, without the path."),
                })
                .optional()
                .describe("The gateway in place, with installer `existing`."),
        })
        .prefault({})
        .describe("The gateway in front of Alpa."),
    rampart: z
        .strictObject({
            install: rampartInstall
                .optional()
                .describe("Installs Rampart from your private chart. Unset: it must be there."),
            retry: z
                .number()
                .refine((n) => Number.isInteger(n) && n >= 0, {
                    error: (i) => `must be a whole number of at least 0${got(i.input)}. Raise it by one`,
                })
                .default(0)
                .describe("Raise it to make Rampart deploy an unchanged graph again after a failure."),
        })
        .optional()
        .describe("Rampart, with installer `rampart`."),
    readiness: z
        .strictObject({
            graphTimeoutSeconds: positive("a time in seconds")
                .default(DEFAULT_READINESS.graphTimeoutSeconds)
                .describe("Longest wait for Rampart to deploy the gateway: 600 s for each chart layer, and some more."),
            acceptTimeoutSeconds: positive("a time in seconds")
                .default(DEFAULT_READINESS.acceptTimeoutSeconds)
                .describe("Longest wait for the ingress controller to accept one object, in seconds."),
            settleSeconds: z
                .number()
                .min(0, { error: (i) => `must be a time in seconds of at least 0${got(i.input)}. Correct it` })
                .default(DEFAULT_READINESS.settleSeconds)
                .describe(
                    "How long an object must stay accepted: the controller says so before it has reached APISIX.",
                ),
        })
        .prefault({})
        .describe("How long to wait, and for how long a state must hold."),
    limits: limits.optional().describe("What each caller may use, unless it has limits of its own. Unset: no limit."),
    maxOverlapDays: positive("a number of days")
        .default(DEFAULT_OVERLAP_DAYS)
        .describe("Longest overlap that `ops consumer rotate` gives an old credential beside its successor, in days."),
    guard: z
        .strictObject({
            disabledBecause: text("the reason")
                .optional()
                .describe("Why requests that are known to stop Alpa may pass. Unset: the guard is on."),
            maxBodyBytes: positive("a number of bytes")
                .default(65536)
                .describe("Largest request body, in bytes: four prompts of the model's length are below 32 KiB."),
            contextTokens: positive("a number of tokens")
                .default(1024)
                .describe("Longest prompt and answer together, in tokens, as Alpa was started."),
            vocabulary: positive("a number of tokens")
                .default(50272)
                .describe("Tokens the model knows: ids from 0 to one less. The default is that of OPT."),
        })
        .prefault({})
        .describe("What is refused before it reaches Alpa, because it is known to stop it."),
    consumers: z.array(consumer).default([]).describe("The callers. Empty: nobody gets in."),
});

export type Parsed = z.infer<typeof schema>;

function problem(input: unknown, what: string, advice: string, quote = true) {
    return { code: "custom" as const, input, message: `${what}${quote ? got(input) : ""}. ${advice}` };
}

function why(input: unknown): string {
    const parsed = parseKubeconfig(String(input));
    return parsed.ok ? "" : parsed.why;
}

function newEnough(tag: string): boolean {
    const version = /^(\d+)\.(\d+)/.exec(tag);
    if (!version) return !/\d/.test(tag) || /latest/i.test(tag); // reported as not pinned already
    const [major, minor] = [Number(version[1]), Number(version[2])];
    return major > OLDEST_APISIX[0] || (major === OLDEST_APISIX[0] && minor >= OLDEST_APISIX[1]);
}

/** An address without user name and password; anything else as it is. */
function withoutUser(input: unknown): unknown {
    return typeof input === "string" ? input.replace(/\/\/[^/@]*@/, "//") : input;
}
