import { renderApplication, renderPolicy } from "../../../components/cloudflare/access";
import { endpointOf, pathsBehind } from "../../../components/cloudflare/exposure";
import { CUSTOM_PHASE, RATE_LIMIT_PHASE, renderRateLimit, renderSkip } from "../../../components/cloudflare/edge-rules";
import { renderWorker, workerPattern, type EdgeWorkerSettings } from "../../../components/cloudflare/edge-worker";
import { PREFIX, servedPrefixes } from "../../../components/alpa/paths";
import { renderExpiryMail, renderToken } from "../../../components/cloudflare/service-tokens";
import { alpaPaths, renderRoutes } from "../../../components/cloudflare/tunnel-routes";
import { VERIFICATION_PREFIX } from "../../../components/opt/verification";
import { ownerIn, type Resource } from "../../resources/resource";
import { at, list, map, UNKNOWN } from "../../resources/values";
import { differences } from "./compare";
import { combinations, form, type Form } from "./form";
import { cachedForms, prefixProblems } from "./gateway";

// Expected forms (form.ts) of this project's resources at Cloudflare.

interface Rendered {
    actual: unknown;
    forms: Form[];
}

/** Returns `count` different names. */
const samples = (count: number, what: string) => Array.from({ length: count }, (_, i) => `sample-${what}-${i}`);
const without = (props: Resource["props"], ...fields: string[]) =>
    Object.fromEntries(Object.entries(props).filter(([field]) => !fields.includes(field)));

export function application({ props }: Resource): Rendered {
    const names = Math.max(1, list(props.destinations).length);
    const policies = list(props.policies).length;
    return {
        actual: without(props, "accountId", "name"),
        forms: cachedForms(`application ${names} ${policies}`, () => [
            form({ hostnames: samples(names, "host"), policies: samples(policies, "policy") }, (settings) =>
                renderApplication(settings.hostnames, settings.policies),
            ),
        ]),
    };
}

export function policy({ props }: Resource): Rendered {
    const tokens = list(props.includes).length;
    return {
        actual: without(props, "accountId", "name"),
        forms: cachedForms(`policy ${tokens}`, () => [
            form({ tokens: samples(tokens, "token") }, (settings) => renderPolicy(settings.tokens)),
        ]),
    };
}

/**
 * The sets of paths that a tunnel may forward: to Alpa, to a gateway, or to a gateway during a conversion. Each set exists
 * for a stack with a prefix of its own and for a stack without one.
 */
const WAYS = ["/sample-prefix", PREFIX].flatMap((prefix) => [
    { prefix, paths: (own: string) => alpaPaths(servedPrefixes(own)), access: true },
    { prefix, paths: (own: string) => pathsBehind(servedPrefixes(own)), access: false },
    { prefix, paths: (own: string) => pathsBehind([...servedPrefixes(own), VERIFICATION_PREFIX]), access: false },
]);

export function tunnelConfig({ props }: Resource): Rendered {
    const rules = list(at(props, "config.ingresses")).length - 1;
    return {
        actual: { config: props.config },
        forms: cachedForms(`tunnel ${rules}`, () =>
            WAYS.map(({ prefix, paths, access }) => {
                const hosts = Math.max(1, Math.round(rules / paths(prefix).length));
                return form(
                    {
                        hostnames: samples(hosts, "host"),
                        // Every stack serves PREFIX, so PREFIX is fixed text in this form.
                        ...(prefix === PREFIX ? {} : { prefix }),
                        host: "endpoint.example.org",
                        service: { name: "sample-service", port: 21001 },
                        namespace: "sample-namespace",
                        access: { teamName: "sample-team", audience: "sample-audience" },
                    },
                    ({ hostnames, prefix: own = PREFIX, host, service, namespace, access: through }) => ({
                        config: renderRoutes({
                            hostnames,
                            paths: paths(own),
                            // Without Access the target is the gateway in the cluster, which authenticates callers.
                            ...(access
                                ? { endpoint: `${host}:${service.port}`, access: through }
                                : { endpoint: endpointOf({ service, namespace }) }),
                        }),
                    }),
                    ({ prefix: own }) => prefixProblems(own, "config.ingresses"),
                );
            }),
        ),
    };
}

const LIMIT = { requests: 61, perSeconds: 67, blockSeconds: 71 };

/** Expected form of edge rules. The expression of the first rule gives the host names and prefixes. */
export function ruleset({ props }: Resource): Rendered {
    const expression = String(at(list(props.rules)[0], "expression"));
    const hostnames = [...expression.matchAll(/"([a-z0-9.-]+)"/g)].map(([, name]) => name);
    const own = [...expression.matchAll(/"(\/[a-z0-9-]+)\/completions"/g)].map(([, prefix]) => prefix);
    const prefixes = servedPrefixes(own.find((prefix) => prefix !== PREFIX));
    const { phase } = props;
    return {
        actual: phase === UNKNOWN ? UNKNOWN : without(props, "zoneId", "name"),
        forms: cachedForms(`ruleset ${String(phase)} ${[...hostnames, ...prefixes].join(" ")}`, () =>
            phase === RATE_LIMIT_PHASE
                ? combinations({ plan: ["free", "pro"], per: ["address", "client"] }).map(({ plan, per }) =>
                      form(LIMIT, (limit) => ({
                          kind: "zone",
                          phase,
                          rules: [renderRateLimit({ ...limit, per: per! }, { hostnames, prefixes, plan: plan! })],
                      })),
                  )
                : [form({}, () => ({ kind: "zone", phase: CUSTOM_PHASE, rules: [renderSkip(hostnames)] }))],
        ),
    };
}

/**
 * Expected form of a tunnel. Its rules must be at Cloudflare, since rules on the connector's host could forward requests
 * anywhere. Its inputs must have no secret: anyone with that secret could join a connector to the tunnel.
 */
export function tunnel({ props }: Resource): Rendered {
    return {
        actual: without(props, "accountId", "name"),
        forms: cachedForms("tunnel", () => [form({}, () => ({ configSrc: "cloudflare" }))]),
    };
}

/** Expected form of the only zone setting that this project writes. */
export function zoneSetting({ props }: Resource): Rendered {
    return {
        actual: map({ settingId: props.settingId, value: props.value }),
        forms: cachedForms("zone setting", () => [
            form({ value: 601 }, ({ value }) => ({ settingId: "proxy_read_timeout", value })),
        ]),
    };
}

const DURATION = /^(forever|(?=\d)(\d+h)?(\d+m)?(\d+s)?)$/;

/** Checks a token. Every duration of the config is allowed, since the Access policy decides which tokens are admitted. */
export function token({ props, urn }: Resource): string[] {
    const { name } = props;
    const owner = ownerIn(urn);
    const problems = ({ duration }: { duration: string }) =>
        DURATION.test(duration) ? [] : ["duration: must be a duration in hours, minutes and seconds, or forever."];
    return [
        ...differences(
            without(props, "accountId", "name"),
            cachedForms("token", () =>
                [true, false].flatMap((enabled) => [
                    form({ duration: "8761h" }, ({ duration }) => renderToken({ duration, enabled }), problems),
                    form(
                        { duration: "8761h", secretVersion: 17, previousSecretExpires: "2026-01-01" },
                        (settings) => renderToken({ ...settings, enabled }),
                        problems,
                    ),
                ]),
            ),
        ),
        ...(name === UNKNOWN || String(name).startsWith(`${owner}/`)
            ? []
            : [`name: must begin with ${owner}/, which identifies the owner of the token.`]),
    ];
}

/** Expected form of notifications. Only mail addresses are allowed as recipients, and no webhooks. */
export function expiryMail({ props }: Resource): Rendered {
    const emails = list(at(props, "mechanisms.emails"));
    const anybody = emails.map((one) => ({
        ...map(one),
        id: typeof at(one, "id") === "string" ? "recipient" : at(one, "id"),
    }));
    const mechanisms =
        at(props, "mechanisms.emails") === UNKNOWN ? props.mechanisms : { ...map(props.mechanisms), emails: anybody };
    return {
        actual: { ...without(props, "accountId", "name"), mechanisms },
        forms: cachedForms(`mail ${emails.length}`, () => [
            form({}, () => renderExpiryMail(Array<string>(Math.max(1, emails.length)).fill("recipient"))),
        ]),
    };
}

const OWN_TEXT = "the text of this project's Worker";

/** Reads the settings from the Worker's script, and renders the script with them. */
export function worker({ props }: Resource): Rendered {
    const settings = workerSettings(String(props.content));
    const { content, ...rest } = renderWorker(settings);
    const isOwn = props.content === UNKNOWN ? UNKNOWN : props.content === content ? OWN_TEXT : "";
    return {
        actual: { ...without(props, "accountId", "scriptName"), content: isOwn },
        forms: [
            form(
                {},
                () => ({ ...rest, content: OWN_TEXT }),
                () => prefixProblems(settings.prefixes[0], "content"),
            ),
        ],
    };
}

const SAMPLE_SETTINGS: EdgeWorkerSettings = { hostnames: [], prefixes: [PREFIX], model: "sample-model" };

/** Parses the settings. Replaces invalid settings, so that the rendered script differs and the rule reports it. */
function workerSettings(content: string): EdgeWorkerSettings {
    try {
        const { hostnames, prefixes, model } = JSON.parse(/^const SETTINGS = ([^\n]*);\n/.exec(content)?.[1] ?? "");
        return {
            hostnames: list(hostnames).map(String),
            prefixes: servedPrefixes(String(prefixes[0])),
            model: String(model),
        };
    } catch {
        return SAMPLE_SETTINGS;
    }
}

/** Expected form of a Worker's route: all requests of a host name. Rule `workers-own` checks the Worker. */
export function workerRoute({ props }: Resource): Rendered {
    return {
        actual: without(props, "zoneId"),
        forms: cachedForms("worker route", () => [
            form({ hostname: "sample-host", script: "sample-worker" }, ({ hostname, script }) => ({
                pattern: workerPattern(hostname),
                script,
            })),
        ]),
    };
}
