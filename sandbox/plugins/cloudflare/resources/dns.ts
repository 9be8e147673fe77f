import { isObject, type Value } from "../../protocol";
import { known } from "../check";
import { address, answers, both, computed, type Fields, optional, required, type ResourceType } from "../fields";

const NUMBERS = [
    ...["algorithm", "altitude", "digestType", "keyTag", "latDegrees", "latMinutes", "latSeconds", "longDegrees"],
    ...["longMinutes", "longSeconds", "matchingType", "order", "port", "precisionHorz", "precisionVert", "preference"],
    ...["priority", "protocol", "selector", "size", "type", "usage", "weight"],
];
const TEXTS = [
    ...["certificate", "digest", "fingerprint", "latDirection", "longDirection", "publicKey", "regex", "replacement"],
    ...["service", "tag", "target", "value"],
];
const given = (type: "number" | "string", names: string[]): Fields =>
    Object.fromEntries(names.map((name) => [name, optional(type)]));

/** Record types whose `content` the API derives from `data`. */
const DATA_TYPES = "CAA CERT DNSKEY DS HTTPS LOC NAPTR SMIMEA SRV SSHFP SVCB TLSA URI".split(" ");

/**
 * Whether two names mean the same record. The program can set a relative name or `@`, but the API returns the full
 * name.
 */
function sameName(state: Value | undefined, planned: Value | undefined): boolean {
    if (typeof state !== "string" || typeof planned !== "string") return false;
    const shortOf = (short: string, full: string) => short === "@" || full.startsWith(`${short}.`);
    return shortOf(planned, state) || shortOf(state, planned);
}

export const dnsRecord: ResourceType = {
    fields: {
        zoneId: address(),
        name: required("string", { same: sameName }),
        type: required("string", { replace: true }),
        ttl: required("number"),
        content: both("string"),
        // `flags` is a number for CAA and a text for NAPTR.
        data: optional({ object: { ...given("number", NUMBERS), ...given("string", TEXTS), flags: optional("any") } }),
        proxied: optional("boolean", { default: false }),
        priority: optional("number"),
        comment: optional("string"),
        tags: both({ set: "string" }),
        settings: both({
            object: { ipv4Only: both("boolean"), ipv6Only: both("boolean"), flattenCname: both("boolean") },
        }),
        privateRouting: both("boolean"),
        meta: computed("json"),
        proxiable: computed("boolean"),
        ...answers("string", "createdOn", "modifiedOn", "commentModifiedOn", "tagsModifiedOn"),
    },
    calls: {
        create: "POST zones/{zoneId}/dns_records",
        read: "GET zones/{zoneId}/dns_records/{id}",
        update: "PUT zones/{zoneId}/dns_records/{id}",
        remove: ["DELETE zones/{zoneId}/dns_records/{id}"],
    },
    idName: "dns_record_id",
    importParts: ["zoneId", "id"],
    problems: (inputs) =>
        known(inputs.content) && known(inputs.data)
            ? [{ property: "content", problem: "Only one of content and data can be given" }]
            : [],
    // The released provider checks `ttl` of a proxied record only at a creation. It sends an update without this check.
    refuseCreate: ({ proxied, ttl }) =>
        proxied === true && ttl !== 1 ? "ttl must be set to 1 when `proxied` is true" : undefined,
    crash: ({ type, data }) =>
        DATA_TYPES.includes(type as string) && !isObject(data)
            ? "data is missing in the state, because the last read returned no value"
            : undefined,
};
