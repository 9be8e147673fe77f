import { logicalName, type ZoneRecord } from "../../../components/cloudflare/dns-record";
import { delegationOf, isWithin, upTo } from "../../../dns/names";
import { at, type Problems } from "../../cross-check";
import { repeats } from "../../values";

/** A record of the file. Messages use `where` to name the record. */
export interface Placed {
    record: ZoneRecord;
    where: string;
}

/** Certificate authorities of Cloudflare's edge certificates, by their names in CAA records. */
const EDGE_AUTHORITIES = ["letsencrypt.org", "pki.goog", "ssl.com"];
/** Suffixes of targets that serve mail or ownership checks. Cloudflare cannot, or must not, proxy names with such targets. */
const NOT_FOR_THE_PROXY = ["dkim.amazonses.com", "onmicrosoft.com", "acm-validations.aws"];

const isAddress = ({ record: { type } }: Placed) => type === "A" || type === "AAAA";

export function* relationProblems(placed: Placed[], zone: string): Iterable<string> {
    for (const [i, first] of repeats(placed.map(({ record }) => logicalName(record))))
        // A name can have only one CNAME, even if the targets differ.
        yield placed[i].record.type === "CNAME"
            ? `${placed[i].where}: must be the only CNAME of its name (${placed[first].where} has the same name). Remove one.`
            : `${placed[i].where}: must be listed only once (${placed[first].where} is the same). Remove one.`;
    for (const { record, where } of placed.filter((one) => one.record.name === zone))
        if (record.type === "NS")
            yield `${where}: must not be in this file: Cloudflare sets the NS records of the zone's own name. Remove it.`;
        else if (record.type === "DS")
            yield `${where}: must not be in this file: the DS record of the zone is set at the registrar. Remove it.`;
    const names = [...new Set(placed.map(({ record }) => record.name))];
    for (const group of names.map((name) => placed.filter(({ record }) => record.name === name)))
        yield* sameName(group, zone);
    const proxied = new Set(placed.filter(({ record }) => record.proxied).map(({ record }) => record.name));
    for (const one of placed) yield* proxyProblems(one, proxied);
}

export function* zoneWarnings(placed: Placed[], zone: string): Iterable<string> {
    yield* new Set(forbiddenAuthorities(placed, zone));
    for (const one of placed) yield* depthWarnings(one, zone);
    yield* belowDelegations(placed, zone);
}

/**
 * Checks that the stack can point each name of the service to the tunnel by updating a single record.
 * @param hostnames names of the service. Names that are not in the file are not checked
 * @param zone name of the zone. A CNAME of this name is possible only at Cloudflare, not at the old name servers
 */
export function* serviceProblems(records: ZoneRecord[], hostnames: string[], zone: unknown): Problems {
    const where = ["dns", "records"];
    for (const hostname of hostnames) {
        const types = [...new Set(records.filter(({ name }) => name === hostname).map(({ type }) => type))];
        if (types.length > 0 && !types.some((type) => ["A", "AAAA", "CNAME"].includes(type)))
            yield at`${where}: ${hostname} must have a CNAME record that the stack can point to the tunnel (got ${types.join(", ")}). The stack adds no record to a name that has records in this file. Choose another hostname, or remove the records of this name here and at the old name servers.`;
    }
    for (const { name, type, proxied } of records.filter((one) => hostnames.includes(one.name))) {
        const isAddress = type === "A" || type === "AAAA";
        if (isAddress && name === zone)
            yield at`${where}: ${name} ${type} must be a CNAME in this file, so that the stack can point it to the tunnel in one update. Add a name origin.${name} with the same addresses to this file and to the old name servers. Then replace this record, in this file only, by: ${name} CNAME origin.${name}, proxied: true. Keep ${name} as it is at the old name servers: only Cloudflare supports a CNAME of the zone's own name. Or choose a hostname below ${name}, and keep this record.`;
        else if (isAddress)
            yield at`${where}: ${name} ${type} must be a CNAME, so that the stack can point it to the tunnel in one update. Move the addresses to another name, for example origin.${name}, and make ${name} a CNAME to that name. Do this first at the old name servers, then here.`;
        else if (type === "CNAME" && !proxied)
            yield at`${where}: ${name} CNAME: proxied must be true, since the name points to the tunnel in phase proxied and all later phases. Set it to true.`;
    }
}

function* sameName(group: Placed[], zone: string): Iterable<string> {
    // At the apex only address records conflict with a CNAME, because Cloudflare answers there with addresses instead of it.
    const cname = group.find(({ record }) => record.type === "CNAME");
    for (const one of cname ? group : [])
        if (one.record.type !== "CNAME" && (one.record.name !== zone || isAddress(one)))
            yield `${one.where}: must not have the same name as a CNAME (${cname!.where}). Remove one.`;
    // Cloudflare proxies a whole name.
    const addresses = group.filter(isAddress);
    for (const { record, where } of addresses.some((one) => one.record.proxied) ? addresses : [])
        if (!record.proxied)
            yield `${where} proxied: must be the same for all A and AAAA records of a name. Set it to true here too.`;
}

/** @param proxied names behind the proxy */
function* proxyProblems({ record, where }: Placed, proxied: Set<string>): Iterable<string> {
    const target = record.type === "MX" ? record.content : record.type === "SRV" ? record.data.target : undefined;
    if (target !== undefined && proxied.has(target))
        yield `${where}: must not point to a proxied name, which serves HTTP only (got ${target}). Point it to a name that is not proxied.`;
    if (record.proxied && record.name.split(".").some((label) => label.startsWith("_")))
        yield `${where} proxied: must not be set for a name with _, which other services look up in DNS. Remove it.`;
    else if (
        record.proxied &&
        record.type === "CNAME" &&
        NOT_FOR_THE_PROXY.some((end) => isWithin(record.content, end))
    )
        yield `${where} proxied: must not be set for a name that mail servers or ownership checks look up in DNS. Remove it.`;
}

/**
 * Warns about CAA records that block the edge certificate. If a name has no CAA records, the records of its nearest parent
 * name with CAA records apply.
 */
function* forbiddenAuthorities(placed: Placed[], zone: string): Iterable<string> {
    const proxied = placed.filter(({ record }) => record.proxied).map(({ record }) => record.name);
    for (const name of new Set([zone, ...proxied])) {
        const holder = upTo(name.replace(/^\*\./, ""), zone).find((above) =>
            placed.some(({ record }) => record.type === "CAA" && record.name === above),
        );
        // A universal certificate contains the zone and *.zone. Tag issue applies to the zone. Tag issuewild applies to the
        // wildcard. If there is no issuewild, issue applies to the wildcard too.
        for (const tag of ["issue", "issuewild"]) {
            const allowed = placed.flatMap(({ record, where }) =>
                record.type === "CAA" && record.name === holder && record.data.tag === tag
                    ? [{ authority: record.data.value.split(";")[0].trim(), where }]
                    : [],
            );
            if (allowed.length > 0 && !allowed.some(({ authority }) => EDGE_AUTHORITIES.includes(authority)))
                yield `${allowed[0].where}: lets none of Cloudflare's certificate authorities issue the edge certificate. Allow one of ${EDGE_AUTHORITIES.join(", ")}.`;
        }
    }
}

function* depthWarnings({ record, where }: Placed, zone: string): Iterable<string> {
    if (record.type === "CNAME" && record.name === zone)
        yield `${where}: is a CNAME at the apex, so Cloudflare answers with the addresses of the target instead of the CNAME.`;
    if (record.proxied && record.name.split(".").length - zone.split(".").length > 1)
        yield `${where}: is more than one level below the zone, so the universal certificate does not cover it. Order a certificate for this name.`;
}

/** Warns about records below a delegation: the delegated zone answers for all names below it. */
function* belowDelegations(placed: Placed[], zone: string): Iterable<string> {
    const cuts = new Set(placed.filter(({ record }) => record.type === "NS").map(({ record }) => record.name));
    const glue = new Set(placed.flatMap(({ record }) => (record.type === "NS" ? [record.content] : [])));
    for (const one of placed.filter((one) => !isAddress(one) || !glue.has(one.record.name))) {
        const { name, type } = one.record;
        const cut = delegationOf(name, zone, cuts);
        if (cut !== undefined && (name !== cut || (type !== "NS" && type !== "DS")))
            yield `${one.where}: is at or below a delegated name (NS), so resolvers ask the name servers of the delegation and never see this record.`;
    }
}
