/** What a change of the stack as a whole, of the gateway and of the callers' route does. */
import { list, map } from "../../../../policy/resources/values";
import type { Difference } from "../differences";
import { classes } from "./callers";
import { all, byKey, copies, say, when, type Cell, type PartRules, type Rule, type Scope, type Verdict } from "./row";

const ANOTHER_CERTIFICATE: Rule = ["certificate-changed", "The gateway presents another certificate"];
const REBOUND: Rule = ["service-interrupted", "Routes and callers are bound to another existing gateway"];

/** The topmost component: what most of the stack's objects contain. */
export const stack: PartRules = {
    created: ["added", "The service is created"],
    deleted: ["access-removed", "The service of this option is deleted: its address no longer answers"],
    inputs: {
        program: ["program-changed", "The program itself changes: other findings name what it renders differently"],
        url: ["access-changed", "The public address changes from {old} to {new}, which handouts name from now on"],
        hostnames: all(mainName, {
            lost: ["access-removed", "{old} is no longer a host name of the service"],
            added: ["access-added", "{new} is a host name of the service"],
        }),
        pathPrefix: null,
        "zone.**": null,
        phase: null,
        namespace: ["service-interrupted", "All objects are created again in namespace {new} instead of {old}"],
        installer: ["service-interrupted", "Another gateway serves callers: installer {new} instead of {old}"],
        account: ["service-interrupted", "Everything at Cloudflare is created again, in another account"],
        "readiness.**": ["changed-inside", "A run waits for the cluster with other time limits"],
        ingressClass: REBOUND,
        gateway: REBOUND,
        gatewayNamespace: REBOUND,
        "origin.**": ["upstream-replaced", "The tunnel connects to the existing gateway at another address"],
    },
};

/** The first host name of option cloudflare is in the public address. */
function mainName({ old, new: now }: Difference): Verdict[] {
    const [before, after] = [old, now].map((names) => (Array.isArray(names) ? `https://${String(names[0])}` : ""));
    const changed = stack.inputs.url as Parameters<typeof say>[0];
    return when(before !== after, say(changed, before, after));
}

/** The effect of a restart of the gateway's pods. */
function restarts(_: Difference, { old, new: now }: Scope): Verdict[] {
    return Number(old?.replicas) > 1 && Number(now?.replicas) > 1
        ? [say(["pods-restart", "The gateway's pods are replaced, one after another"])]
        : [say(["service-interrupted", "The gateway's only pod restarts: callers cannot connect, and counts restart"])];
}

/** Which pods may read metrics. Without a list there are no metrics, so removing it opens nothing. */
export const scrapers: Rule = {
    lost: ["network-narrowed", "Fewer pods may read metrics", "harmless"],
    added: ["opens-to-network", "More pods may read metrics", "risk"],
};

export const gateway: PartRules = {
    created: ["added", "The gateway is installed"],
    deleted: ["gateway-deleted", "The gateway is deleted: no caller is served"],
    inputs: {
        serverKey: all(restarts, [
            "route-changed",
            "The server gets another key, or none: it must accept it when the pods restart",
        ]),
        "chart.**": restarts,
        "image.**": restarts,
        replicas: copies("gateway pods"),
        nodePort: {
            set: ["opens-to-network", "Port {new} opens on every node of the cluster"],
            unset: ["access-removed", "Port {old} of the nodes closes"],
            other: ["access-changed", "Callers must use port {new} of the nodes, and {old} closes"],
        },
        "tls.nodePort": all(restarts, {
            set: ["opens-to-network", "Port {new} opens on every node, for HTTPS", "risk"],
            unset: ["access-removed", "Port {old} of the nodes, for HTTPS, closes"],
            other: ["access-changed", "Callers must use port {new} of the nodes for HTTPS, and {old} closes"],
        }),
        "tls.publicPort": { other: ["access-changed", "Redirects to HTTPS name port {new} instead of {old}"] },
        "highAvailability.answerTimeoutSeconds": all(
            ["pods-restart", "The gateway's pods are replaced, one after another"],
            {
                down: ["timeout-lowered", "Gateway pods that stop have less time to finish their answers", "risk"],
                up: ["changed-inside", "Gateway pods that stop have more time to finish their answers"],
            },
        ),
        "observability.metrics.scrapers": scrapers,
        "observability.**": all(restarts, ["changed-inside", "The gateway writes other metrics or another access log"]),
        callersFrom: ({ new: now }) => [
            now === "the tunnel's connectors"
                ? say(["network-narrowed", "Only the tunnel's connectors can reach the gateway, and no direct caller"])
                : say(["opens-to-network", "The gateway accepts connections from {new}"], undefined, now),
        ],
        crds: ["gateway-changed", "The CRDs of the gateway come from other files"],
        "rampart.install.**": ["gateway-changed", "Rampart's controller changes, and deploys no graph meanwhile"],
        "rampart.retry": ["gateway-changed", "Rampart deploys the same gateway again"],
    },
};

export const etcd: PartRules = {
    created: () => [],
    deleted: () => [],
    inputs: {
        image: ["pods-restart", "etcd restarts: callers notice nothing, and changes take effect only afterwards"],
        members: ["data-deleted", "etcd has {new} members instead of {old}: it is replaced, without its data"],
        storageClass: ["data-deleted", "etcd stores its data elsewhere: the old data is left behind or deleted"],
    },
};

export const gatewayTls: PartRules = {
    created: () => [
        say(["access-added", "HTTPS is served"]),
        say(["certificate-changed", "The gateway gets a certificate"]),
    ],
    deleted: ["access-removed", "HTTPS is no longer served"],
    covers: true,
    inputs: {
        hostnames: {
            lost: ["access-removed", "The gateway no longer has a certificate for {old}"],
            added: ["access-added", "The gateway also has a certificate for {new}"],
        },
        certificate: ANOTHER_CERTIFICATE,
        key: ANOTHER_CERTIFICATE,
        issuer: ANOTHER_CERTIFICATE,
    },
};

/** The first path is in the public address. */
export const pathPrefixes = all(
    ({ old, new: now }) => {
        const [before, after] = [list(old)[0], list(now)[0]];
        const says = "The path in the public address becomes {new} instead of {old}, also in handouts";
        return when(before !== after, say(["access-changed", says, "risk"], before, after));
    },
    {
        lost: ["access-removed", "Path {old} is no longer served: callers get 404"],
        added: ["access-added", "Path {new} is served too"],
    },
);

/** Open paths of an OpenAI-compatible server. */
export const paths: Rule = {
    lost: ["request-rejected", "Requests to /v1/{old} are rejected"],
    added: ["route-changed", "Callers may use /v1/{new}"],
};

/** A bound of the request guard: a larger one lets more requests pass. */
const bound = (name: string): Rule => ({ down: narrower(name), up: wider(name) });
const narrower = (name: string) =>
    ["request-rejected", `The guard rejects more requests: ${name} {old} becomes {new}`] as const;
const wider = (name: string) =>
    ["guard-changed", `The guard lets more requests pass: ${name} {old} becomes {new}`] as const;

export const serverRoute: PartRules = {
    created: ["access-added", "The gateway serves callers"],
    deleted: ["access-removed", "The callers' route is deleted: callers get 404"],
    covers: true,
    inputs: {
        pathPrefixes,
        "upstream.endpoints": endpoints,
        "upstream.failover": ["route-changed", "Requests are distributed to the services differently"],
        answerTimeoutSeconds: {
            down: ["timeout-lowered", "Answers end with 504 after {new} s instead of {old} s"],
            up: ["timeout-raised", "Answers end with 504 after {new} s instead of {old} s"],
        },
        "guard.enabled": ({ new: now }) =>
            now === true
                ? [say(["request-rejected", "The request guard is on: it rejects requests that would crash Alpa"])]
                : [
                      say([
                          "protection-weakened",
                          "The request guard is off: requests that crash Alpa reach it, and those without a model fail",
                          "breaks-callers",
                      ]),
                  ],
        "guard.maxBodyBytes": bound("maxBodyBytes"),
        "guard.contextTokens": bound("contextTokens"),
        "guard.vocabulary": bound("vocabulary"),
        "guard.maxPrompts": bound("maxPrompts"),
        "guard.minTokens": minTokens,
        "guard.defaultModel": ["guard-changed", "Requests without a model go to {new} instead of {old}"],
        closed: {
            set: ["service-interrupted", "The gateway is closed: every caller gets 503"],
            unset: ["access-added", "The gateway is open again: callers are served"],
            other: ["changed-inside", "Answers with 503 name another time to wait"],
        },
        "tls.redirect": ({ old, new: now }) => {
            if (now) return [say(["access-changed", "HTTP is redirected to HTTPS: clients that do not follow fail"])];
            const open: Cell = ["protection-weakened", "HTTP is served without encryption, and not redirected"];
            return when(old === true && now === false, say(open));
        },
        classes,
        sendsServerKey: null, // judged with the gateway's own key of the server
        "callerModels.**": null,
        "tokenLimits.**": null,
        server: ["upstream-replaced", "The server is {new}, not {old}"],
        models: {
            lost: ["request-rejected", "Requests for model {old} are rejected"],
            added: ["route-changed", "Callers without models of their own may use {new}"],
        },
        paths,
        maxBodyBytes: {
            down: ["request-rejected", "Bodies larger than {new} bytes are rejected"],
            up: ["route-changed", "Bodies of up to {new} bytes are accepted"],
        },
        "observability.**": null,
        "countedBy.**": null,
        otherPaths: ["route-changed", "Requests to other paths are {new}, not {old}"],
        attempt: null,
    },
};

/** A larger value leaves less room for prompts; a smaller one rejects requests that name more. */
function minTokens({ old = 0, new: now = 0 }: Difference, { new: after }: Scope): Verdict[] {
    if (Number(now) > Number(old)) return [say(narrower("minTokens"), old, now)];
    const rejects = "The guard rejects requests with min_tokens above {new}, and lets longer prompts pass";
    return when(map(after?.guard).enabled !== false, say(["request-rejected", rejects], old, now));
}

function endpoints({ old, new: now }: Difference, { new: after }: Scope): Verdict[] {
    const { gone, more, others, isAll } = byKey(old, now, ({ address }) => address);
    if (isAll) return [say(["upstream-replaced", "All requests go to {new}"], gone, more)];
    const verdicts = [
        ...when(gone.length > 0, say(["upstream-removed", "{old} no longer gets requests"], gone)),
        ...when(more.length > 0, say(["upstream-added", "{new} gets requests too"], gone, more)),
        ...when(others.length > 0, say(["route-changed", "{old} gets another share of the requests"], others)),
    ];
    if (verdicts.length > 0) return verdicts;
    if (after?.server !== undefined) return [];
    return [say(["route-changed", "The services are in another order: /logprobs may lose its cache"])];
}

/** Whether the config closes the route during the run, so that no request reaches Alpa. The run opens it last. */
export const isClosed = (route: { new?: Record<string, unknown> } | undefined) =>
    map(route?.new?.closed).retryAfterSeconds !== undefined;
