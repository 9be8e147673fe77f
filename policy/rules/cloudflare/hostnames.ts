import { protectedNames, rejectsAll } from "../../resources/cloudflare";
import { isInside, kindOf, type Resource } from "../../resources/resource";
import { at, list, map, UNKNOWN } from "../../resources/values";
import type { Rule } from "../rule";

type Violations = { urn: string; message: string }[];

export const hostnamesCovered: Rule = {
    name: "hostnames-covered",
    title: "Every name of a tunnel to Alpa is covered by an Access application of this stack, with policies and tokens of this stack.",
    reason: "Alpa does not authenticate: a name without an application, or with a foreign policy, admits callers that this stack does not list.",
    example: {
        type: "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication",
        inputs: {
            domain: "llm.example.com/private",
            destinations: [{ type: "public", uri: "llm.example.com/private" }],
        },
    },
    check: (resource) => (kindOf(resource) === APPLICATION ? wholeHosts(resource) : []),
    checkStack: (resources) => [
        ...uncovered(resources),
        ...foreign(resources, APPLICATION, "policies", "id", POLICY),
        ...foreign(resources, POLICY, "includes", "serviceToken.tokenId", TOKEN),
    ],
};

const APPLICATION = "ZeroTrustAccessApplication";
const POLICY = "ZeroTrustAccessPolicy";
const TOKEN = "ZeroTrustAccessServiceToken";
const HOST = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/;

function wholeHosts({ props }: Resource): string[] {
    const uris = list(props.destinations).map((one, i) => [`destinations[${i}].uri`, at(one, "uri")] as const);
    return [["domain", props.domain] as const, ...uris].flatMap(([where, uri]) =>
        uri === undefined || uri === UNKNOWN || HOST.test(String(uri))
            ? []
            : [
                  `${where}: must be a host name without a path, since Access would not protect the other paths. Remove the path.`,
              ],
    );
}

function uncovered(resources: Resource[]): Violations {
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

/**
 * Reports entries with an id that no resource of this stack has. Skips an entry whose id is unknown, because this run creates
 * the resource.
 */
function foreign(resources: Resource[], kind: string, field: string, path: string, of: string): Violations {
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
