import { isInside, kindOf, type Resource } from "../../resources/resource";
import { allAt, list, map, textOf, UNKNOWN } from "../../resources/values";
import { rejectsAll } from "../hosts";
import type { Message, Rule } from "../rule";

/** Where objects name others that must be resources of this stack, by their ids or names. */
const REFERENCES: Record<string, [path: string, kind: string, field: string]> = {
    WorkersRoute: ["script", "WorkersScript", "scriptName"],
    ZeroTrustAccessApplication: ["policies[].id", "ZeroTrustAccessPolicy", "id"],
    ZeroTrustAccessPolicy: ["includes[].serviceToken.tokenId", "ZeroTrustAccessServiceToken", "id"],
};

export const accessRequired: Rule = {
    name: "access-required",
    title: "Every name of a tunnel to Alpa is covered by an Access application of this stack, which admits only service tokens of this stack. Only a Worker of this stack gets requests, after Access has admitted them.",
    reason: "Alpa does not authenticate: a name without an application, a bypass policy or a foreign policy admits callers that this stack does not list. A Worker sees each prompt and each answer, and can send them anywhere.",
    *check(resource) {
        if (kindOf(resource) === "ZeroTrustAccessPolicy" && list(resource.props.includes).length === 0)
            yield "includes: must list the tokens that are admitted (got none). List their ids.";
    },
    checkStack: (resources) => {
        const of = (kind: string) => resources.filter((resource) => kindOf(resource) === kind);
        const covered = of("ZeroTrustAccessApplication")
            .flatMap(({ props }) => allAt(props, "destinations[].uri"))
            .map(([, uri]) => uri);
        const isCovered = (name: unknown) => [name, UNKNOWN].some((one) => covered.includes(one));
        return function* (resource) {
            const kind = kindOf(resource);
            if (Object.hasOwn(REFERENCES, kind)) yield* foreign(resource, REFERENCES[kind], of(REFERENCES[kind][1]));
            if (kind === "WorkersRoute" && !isCovered(textOf(resource.props.pattern).replace(/\/\*$/, "")))
                yield "pattern: must be for a host name that this stack's Access application covers. Correct it.";
            // The gateway behind an exposure authenticates.
            if (isInside(resource, "CloudflareExposure")) return;
            for (const [where, entry] of allAt(resource.props, "config.ingresses[]")) {
                const { hostname, service } = map(entry);
                if (!isCovered(hostname) && service !== UNKNOWN && !rejectsAll(service))
                    yield `${where}.hostname: must be in the destinations of an Access application of this stack. Add it.`;
            }
        };
    },
};

/** References to none of the resources. A reference that is not known yet is to a resource that this run creates. */
function* foreign(resource: Resource, [path, kind, field]: string[], known: Resource[]): Generator<Message> {
    const names = known.map(({ id, props }) => (field === "id" ? id : props[field]));
    for (const [where, name] of allAt(resource.props, path))
        if (name === undefined || !names.includes(name))
            yield `${where}: must be a ${kind} of this stack. Name one that this stack creates.`;
}

export const zoneProtected: Rule = {
    name: "zone-protected",
    title: "A zone that this stack creates is protected.",
    reason: "Deleting a zone deletes its name servers and all its records, also those for mail and websites. Nothing restores them.",
    *check(resource) {
        if (kindOf(resource) === "Zone" && !resource.protect)
            yield "protect: must be on for a zone. Set protect and retainOnDelete in its options.";
    },
};
