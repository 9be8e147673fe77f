import { guard } from "../../../config/keys/guard";
import { pathPrefix } from "../../../config/values";
import { renderRoute, renderUpstreams, ROUTE } from "../../../components/route/route-rules";
import { CONNECTOR_LABELS } from "../../../components/cloudflare/cloudflared/deployment";
import { renderConsumer, type Credential } from "../../../components/consumers/consumers";
import { WHEN_DOWN } from "../../../components/apisix/open-requests";
import { renderWiring } from "../../../components/apisix/wiring";
import { POLICY_PREFIX, renderPolicies } from "../../../components/kubernetes/network-policies";
import { renderVerification, VERIFICATION } from "../../../components/opt/verification";
import type { Observed } from "../../../components/route/plugin-chain";
import type { Resource } from "../../resources/resource";
import { at, list, map, UNKNOWN } from "../../resources/values";
import { classesOf, sampleClasses, type Classes } from "./classes";
import { combinations, form, type Form } from "./form";

// Expected forms (form.ts) of each object that configures the gateway.

/** Expected forms of the objects of a kind, by the name that the object must have. */
export type ByName = Record<string, (resource: Resource) => Form[]>;

const { enabled: _, ...RULES } = guard.parse({});
/** Example settings of the guard. With the defaults, every setting has a visible effect on the rendered objects. */
const GUARD = { ...RULES, defaultModel: "sample-model" };
const BINDING = { ingressClass: "sample-class", gateway: "sample-gateway", gatewayNamespace: "sample-edge" };
const NAMESPACE = "sample-namespace";
const CHOICES = [true, undefined] as const;
const LIMITS = { requests: 41, perSeconds: 43, concurrent: 47 };
const COUNTERS = { host: "counters.example.org", timeoutMilliseconds: 101, answerTimeoutSeconds: 601 };

const guardProblems = ({ defaultModel: _, ...values }: Record<string, unknown>) =>
    (guard.safeParse(values).error?.issues ?? []).map(
        ({ path, message }) => `spec.http: ${path.join(".")} ${message}.`,
    );

/** Problems that the config schema reports for a prefix. @param where field that contains the prefix, for messages */
export const prefixProblems = (prefix: string | undefined, where: string) =>
    (pathPrefix.safeParse(prefix).error?.issues ?? []).map(({ message }) => `${where}: a prefix ${message}.`);

/** Choices that change the rules of the guard. The rules are not rendered if the guard is off. */
const GUARDS = { off: [true, undefined], minTokens: [128, undefined] } as const;
const guarded = (minTokens: number | undefined) => (minTokens === undefined ? GUARD : { ...GUARD, minTokens });

const inNamespace = (namespace: string, spec: object) => ({ metadata: { namespace }, spec });

/** Metrics and access log of a route. Each is in all rules of the route or in none. */
function observedIn({ props }: Resource) {
    const text = JSON.stringify(props.spec) ?? "";
    const counted = text.includes('"name":"prometheus"');
    const named = text.includes('"pre_function":');
    return { ...(counted && { counted }), ...(named && { named }) };
}

const routesWith = ({ whenDown, ...classes }: Classes, observed: Observed): Form[] =>
    combinations({
        ownGateway: [true, false],
        tls: [{ redirect: true }, { redirect: false }, undefined],
        pathPrefix: ["/sample-prefix", undefined],
        ...GUARDS,
        refused: [{ retryAfterSeconds: 300 }, undefined],
    }).map(({ off, minTokens, ...choices }) =>
        form(
            {
                namespace: NAMESPACE,
                guard: guarded(minTokens),
                ingressClassName: "sample-class",
                answerTimeoutSeconds: 600,
                revision: "0123456789ab",
                refused: {},
                classes: sampleClasses(classes),
                counters: whenDown ? COUNTERS : {},
                ...choices,
            },
            ({ namespace, guard, counters, ...rest }) =>
                inNamespace(
                    namespace,
                    renderRoute({
                        namespace,
                        ...rest,
                        guard: off ? { ...guard, enabled: false } : guard,
                        ownGateway: choices.ownGateway!,
                        observed,
                        refused: choices.refused && (rest.refused as { retryAfterSeconds: number }),
                        // The program gives counters and route the same answer timeout.
                        counters: whenDown && {
                            ...(counters as typeof COUNTERS),
                            answerTimeoutSeconds: rest.answerTimeoutSeconds,
                            whenDown,
                        },
                    }),
                ),
            ({ guard, pathPrefix }) => [...guardProblems(guard), ...prefixProblems(pathPrefix, "spec.http")],
        ),
    );

const verificationsWith = (observed: Observed): Form[] =>
    combinations(GUARDS).map(({ off, minTokens }) =>
        form(
            { namespace: NAMESPACE, binding: BINDING, guard: guarded(minTokens), answerTimeoutSeconds: 600 },
            ({ namespace, guard, ...rest }) =>
                inNamespace(
                    namespace,
                    renderVerification({
                        namespace,
                        ...rest,
                        observed,
                        guard: off ? { ...guard, enabled: false } : guard,
                    }),
                ),
            ({ guard }) => guardProblems(guard),
        ),
    );

export const routes: ByName = {
    [ROUTE]: (resource) => {
        const [classes, observed] = [classesOf(resource), observedIn(resource)];
        return cachedForms(`route ${JSON.stringify([classes, observed])}`, () => routesWith(classes, observed));
    },
    [VERIFICATION]: (resource) => {
        const observed = observedIn(resource);
        return cachedForms(`verification ${JSON.stringify(observed)}`, () => verificationsWith(observed));
    },
};

type UpstreamRole = keyof ReturnType<typeof renderUpstreams>;

/** Expected forms of an upstream with as many nodes as the given object. The nodes may have any address. */
function upstream(role: UpstreamRole, resource: Resource): Form[] {
    const known = at(resource.props, "spec.externalNodes");
    const nodes = known === UNKNOWN ? 2 : Math.max(1, list(known).length);
    return cachedForms(`${role} ${nodes}`, () =>
        combinations({ failover: CHOICES }).map(({ failover }) =>
            form(
                {
                    namespace: NAMESPACE,
                    answerTimeoutSeconds: 600,
                    endpoints: Array.from({ length: nodes }, (_, i) => ({
                        host: `alpa-${i}.example.org`,
                        port: 21001 + 3 * i,
                        weight: 31 + 3 * i,
                    })),
                },
                ({ namespace, endpoints, answerTimeoutSeconds }) =>
                    inNamespace(
                        namespace,
                        renderUpstreams({
                            answerTimeoutSeconds,
                            failover,
                            endpoints: endpoints.map(({ host, port, weight }) => ({
                                address: `${host}:${port}`,
                                weight,
                            })),
                        })[role],
                    ),
            ),
        ),
    );
}

const ROLES: UpstreamRole[] = ["completions", "logprobs", "nowhere"];
export const upstreams: ByName = Object.fromEntries(
    ROLES.map((role) => [`alpa-${role}`, (resource: Resource) => upstream(role, resource)]),
);

/** Expected forms of a Consumer. They have as many credentials as the resource, with the same methods. */
export function consumers(resource: Resource): Form[] {
    const methods = list(at(resource.props, "spec.credentials")).map((one) =>
        at(one, "type") === "jwt-auth" ? "jwt" : "key",
    );
    return cachedForms(`consumer ${methods.join(" ")}`, () =>
        combinations({ requests: CHOICES, concurrent: CHOICES, whenDown: [...WHEN_DOWN, undefined] }).map(
            ({ requests, concurrent, whenDown }) =>
                form(
                    {
                        name: "sample-consumer",
                        namespace: NAMESPACE,
                        binding: BINDING,
                        ids: methods.map((_, i) => `sample-id-${i}`),
                        limits: {
                            ...(requests ? { requests: LIMITS.requests, perSeconds: LIMITS.perSeconds } : {}),
                            ...(concurrent ? { concurrent: LIMITS.concurrent } : {}),
                        },
                        counters: whenDown ? COUNTERS : {},
                    },
                    ({ name, namespace, binding, ids, limits, counters }) => ({
                        metadata: { name, namespace },
                        spec: renderConsumer(
                            { name, limits, credentials: ids.map((id, i) => credential(id, methods[i])) },
                            binding,
                            namespace,
                            whenDown ? { ...(counters as typeof COUNTERS), whenDown } : undefined,
                        ),
                    }),
                ),
        ),
    );
}

const credential = (id: string, method: "jwt" | "key"): Credential =>
    method === "jwt" ? { id, method: "jwt", algorithm: "HS256" } : { id, method };

/** Expected forms of the objects that refer to the Admin API. Their names contain the namespace of the routes. */
export function wiring(role: keyof ReturnType<typeof renderWiring>) {
    return () =>
        cachedForms(`wiring ${role}`, () =>
            combinations({ metrics: role === "proxy" ? CHOICES : [undefined] }).map((choice) =>
                form({ namespace: NAMESPACE, apisixNamespace: "sample-edge" }, (settings) => ({
                    metadata: { name: settings.namespace },
                    spec: renderWiring({ ...settings, ...choice })[role],
                })),
            ),
        );
}

type PolicyRole = keyof ReturnType<typeof renderPolicies>;
const callers = [undefined, { namespace: NAMESPACE, labels: CONNECTOR_LABELS }];

const gatewayPolicy = (role: PolicyRole) =>
    combinations({ from: callers, tls: CHOICES }).map(({ from, tls }) =>
        form({ namespace: from?.namespace ?? "" }, ({ namespace }) => ({
            spec: renderPolicies({ callersFrom: from && { ...from, namespace }, tls })[role],
        })),
    );
const POLICY_ROLES = Object.keys(renderPolicies({})) as PolicyRole[];
const POLICY_FORMS = new Map(POLICY_ROLES.map((role) => [role, gatewayPolicy(role)]));
export const gatewayPolicies: ByName = {
    ...Object.fromEntries(POLICY_ROLES.map((role) => [`${POLICY_PREFIX}${role}`, () => POLICY_FORMS.get(role)!])),
    [`${POLICY_PREFIX}metrics`]: metricsPolicy,
};

function metricsPolicy({ props }: Resource): Form[] {
    const from = list(at(props, "spec.ingress.0.from"));
    const scrapers = scrapersAs(from.length === 0 ? [{}] : from);
    return cachedForms(`metrics policy ${JSON.stringify(scrapers)}`, () => [
        form({ scrapers }, (settings) => ({ spec: renderPolicies(settings).metrics })),
    ]);
}

/** Example scrapers. Operators choose how many scrapers and labels there are, so the examples have the rule's numbers. */
export function scrapersAs(from: unknown) {
    const labels = list(from).map((one) => Object.keys(map(at(one, "podSelector.matchLabels"))));
    return labels.map((names, i) => ({
        namespace: `sample-namespace-${i}`,
        labels: Object.fromEntries((names.length === 0 ? ["name"] : names).map((name, j) => [name, `value-${i}-${j}`])),
    }));
}

const memory = new Map<string, Form[]>();

/** Caches forms, since finding the occurrences of settings needs several renderings of each form. */
export function cachedForms(shape: string, make: () => Form[]): Form[] {
    if (!memory.has(shape)) memory.set(shape, make());
    return memory.get(shape)!;
}

/** Spec of a Kubernetes object, and the given fields of its metadata. */
export function objectOf({ props }: Resource, ...fields: ("name" | "namespace")[]): unknown {
    const metadata = Object.fromEntries(fields.map((field) => [field, at(props, `metadata.${field}`)]));
    return { ...(fields.length > 0 ? { metadata } : {}), spec: props.spec };
}
