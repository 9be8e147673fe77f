import { othersThanToken, protectedNames, rejectsAll } from "../../resources/cloudflare";
import { isInside, kindOf, type Resource } from "../../resources/resource";
import { at, isOther, isUnknown, list, map, shown, UNKNOWN } from "../../resources/values";
import { when, type Message, type Rule, type StackMessage } from "../rule";

const APPLICATION = "ZeroTrustAccessApplication";
const POLICY = "ZeroTrustAccessPolicy";
const TOKEN = "ZeroTrustAccessServiceToken";
const SERVICE_AUTH = "non_identity";
const HOST = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/;

export const accessRequired: Rule = {
    name: "access-required",
    title: "Every name of a tunnel to Alpa is covered by an Access application of this stack, which admits only service tokens of this stack. Only a Worker of this stack gets requests, after Access has admitted them.",
    reason: "Alpa does not authenticate: a name without an application, a bypass policy or a foreign policy admits callers that this stack does not list. A Worker sees each prompt and each answer, and can send them anywhere.",
    check: (resource) => {
        if (kindOf(resource) === POLICY) return policy(resource.props, "");
        return kindOf(resource) === APPLICATION ? application(resource) : [];
    },
    checkStack: (resources) => [
        ...uncovered(resources),
        ...workers(resources),
        ...foreign(resources, APPLICATION, "policies", "id", POLICY),
        ...foreign(resources, POLICY, "includes", "serviceToken.tokenId", TOKEN),
    ],
};

function policy({ decision, includes }: Record<string, unknown>, where: string): Message[] {
    const found = isOther(decision, SERVICE_AUTH)
        ? [`${where}decision: must be ${SERVICE_AUTH} (got ${shown(decision)}). Set it.`]
        : [];
    if (isUnknown(includes)) return found;
    const others = list(includes).flatMap(othersThanToken);
    if (others.length > 0)
        found.push(`${where}includes: must be only service tokens (got ${others.join(", ")}). List their ids.`);
    if (list(includes).length === 0)
        found.push(`${where}includes: must list the tokens that are admitted (got none). List their ids.`);
    return found;
}

function application({ props }: Resource): Message[] {
    const uris = list(props.destinations).map((one, i) => [`destinations[${i}].uri`, at(one, "uri")] as const);
    const parts = [["domain", props.domain] as const, ...uris].filter(
        ([, uri]) => uri !== undefined && !isUnknown(uri) && !HOST.test(String(uri)),
    );
    return [
        ...list(props.policies).flatMap((entry, i) =>
            // An entry with an id refers to a policy that is a resource itself.
            isUnknown(entry) || at(entry, "id") !== undefined ? [] : policy(map(entry), `policies[${i}].`),
        ),
        ...parts.map(
            ([where]) =>
                `${where}: must be a host name without a path, since Access would not protect the other paths. Remove the path.`,
        ),
    ];
}

function uncovered(resources: Resource[]): StackMessage[] {
    const covered = protectedNames(resources);
    if (covered.includes(UNKNOWN)) return [];
    return resources
        .filter((resource) => kindOf(resource) === "ZeroTrustTunnelCloudflaredConfig")
        .filter((resource) => !isInside(resource, "CloudflareExposure"))
        .flatMap(({ urn, props }) =>
            list(at(props, "config.ingresses")).flatMap((entry, i) => {
                const { hostname, service } = map(entry);
                if ([hostname, service, entry].includes(UNKNOWN) || rejectsAll(service)) return [];
                if (covered.includes(hostname)) return [];
                const name = hostname === undefined ? "every name" : String(hostname);
                const message = `config.ingresses[${i}].hostname: ${name} is not completely covered by an Access application of this stack. Add it to the application's destinations.`;
                return [{ urn, message }];
            }),
        );
}

/** Reports routes to foreign Workers, and of names that Access does not protect. */
function workers(resources: Resource[]): StackMessage[] {
    const of = (kind: string) => resources.filter((resource) => kindOf(resource) === kind);
    const scripts = of("WorkersScript").map(({ props }) => props.scriptName);
    const covered = protectedNames(resources);
    return of("WorkersRoute").flatMap(({ urn, props: { pattern, script } }) => {
        const isOwn = [script, ...scripts].some(isUnknown) || scripts.includes(script);
        const isCovered =
            [pattern, ...covered].some(isUnknown) || covered.some((name) => pattern === `${String(name)}/*`);
        return [
            ...when(!isOwn, "script: must be a Worker of this stack. Name one, or remove the route."),
            ...when(
                !isCovered,
                "pattern: must be for a host name that this stack's Access application covers. Correct it.",
            ),
        ].map((message) => ({ urn, message }));
    });
}

/**
 * Reports entries with an id that no resource of this stack has. Skips an entry whose id is unknown, because this run creates
 * the resource.
 */
function foreign(resources: Resource[], kind: string, field: string, path: string, of: string): StackMessage[] {
    const ids = new Set(resources.filter((resource) => kindOf(resource) === of).map(({ id }) => id));
    const what = of === POLICY ? "policy" : "service token";
    return resources
        .filter((resource) => kindOf(resource) === kind)
        .flatMap(({ urn, props }) =>
            list(props[field])
                .map((entry, i) => ({ id: at(entry, path), where: `${field}[${i}].${path}` }))
                .filter(({ id }) => typeof id === "string" && !ids.has(id))
                .map(({ where }) => ({
                    urn,
                    message: `${where}: must be the id of a ${what} of this stack. Name one that this stack creates.`,
                })),
        );
}

export const zoneProtected: Rule = {
    name: "zone-protected",
    title: "A zone that this stack creates is protected.",
    reason: "Deleting a zone deletes its name servers and all its records, also those for mail and websites. Nothing restores them.",
    check: ({ type, protect }) =>
        type.startsWith("cloudflare:") && type.endsWith(":Zone") && !protect
            ? ["protect: must be on for a zone. Set protect and retainOnDelete in its options."]
            : [],
};
