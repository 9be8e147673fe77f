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

/** Problems and warnings that concern several records together. */
export function relations(placed: Placed[], zone: string): { problems: string[]; warnings: string[] } {
    const byName = new Map<string, Placed[]>();
    for (const one of placed) byName.set(one.record.name, [...(byName.get(one.record.name) ?? []), one]);
    return {
        problems: [
            ...twice(placed),
            ...placed.flatMap((one) => apexProblems(one, zone)),
            ...[...byName.values()].flatMap((group) => [...besideCname(group, zone), ...halfProxied(group)]),
            ...placed.flatMap((one) => proxyProblems(one, byName)),
        ],
        warnings: [
            ...forbiddenAuthorities(placed, zone),
            ...placed.flatMap((one) => depthWarnings(one, zone)),
            ...belowDelegations(placed, zone),
        ],
    };
}

function twice(placed: Placed[]): string[] {
    return repeats(placed.map(({ record }) => logicalName(record))).map(([i, first]) => {
        // A name can have only one CNAME, even if the targets differ.
        const what =
            placed[i].record.type === "CNAME"
                ? `be the only CNAME of its name (${placed[first].where} has the same name)`
                : `be listed only once (${placed[first].where} is the same)`;
        return `${placed[i].where}: must ${what}. Remove one.`;
    });
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
            yield at(
                where,
                `${hostname} must have a CNAME record that the stack can point to the tunnel (got ${types.join(", ")}). The stack adds no record to a name that has records in this file. Choose another hostname, or remove the records of this name here and at the old name servers.`,
            );
    }
    for (const { name, type, proxied } of records.filter((one) => hostnames.includes(one.name))) {
        const isAddress = type === "A" || type === "AAAA";
        if (isAddress && name === zone)
            yield at(
                where,
                `${name} ${type} must be a CNAME in this file, so that the stack can point it to the tunnel in one update. Add a name origin.${name} with the same addresses to this file and to the old name servers. Then replace this record, in this file only, by: ${name} CNAME origin.${name}, proxied: true. Keep ${name} as it is at the old name servers: only Cloudflare supports a CNAME of the zone's own name. Or choose a hostname below ${name}, and keep this record.`,
            );
        else if (isAddress)
            yield at(
                where,
                `${name} ${type} must be a CNAME, so that the stack can point it to the tunnel in one update. Move the addresses to another name, for example origin.${name}, and make ${name} a CNAME to that name. Do this first at the old name servers, then here.`,
            );
        else if (type === "CNAME" && !proxied)
            yield at(
                where,
                `${name} CNAME: proxied must be true, since the name points to the tunnel in phase proxied and all later phases. Set it to true.`,
            );
    }
}

function apexProblems({ record, where }: Placed, zone: string): string[] {
    if (record.name !== zone) return [];
    if (record.type === "NS")
        return [
            `${where}: must not be in this file: Cloudflare sets the NS records of the zone's own name. Remove it.`,
        ];
    if (record.type === "DS")
        return [`${where}: must not be in this file: the DS record of the zone is set at the registrar. Remove it.`];
    return [];
}

/**
 * Rejects other records at a name with a CNAME. At the apex only address records conflict, because Cloudflare answers there
 * with addresses instead of the CNAME.
 */
function besideCname(group: Placed[], zone: string): string[] {
    const cname = group.find(({ record }) => record.type === "CNAME");
    if (!cname) return [];
    const apex = cname.record.name === zone;
    return group
        .filter(({ record }) => record.type !== "CNAME" && (!apex || record.type === "A" || record.type === "AAAA"))
        .map(({ where }) => `${where}: must not have the same name as a CNAME (${cname.where}). Remove one.`);
}

/** Rejects names that are partly proxied: Cloudflare proxies a whole name. */
function halfProxied(group: Placed[]): string[] {
    const addresses = group.filter(({ record }) => record.type === "A" || record.type === "AAAA");
    if (!addresses.some(({ record }) => record.proxied)) return [];
    return addresses
        .filter(({ record }) => !record.proxied)
        .map(
            ({ where }) =>
                `${where} proxied: must be the same for all A and AAAA records of a name. Set it to true here too.`,
        );
}

function proxyProblems({ record, where }: Placed, byName: Map<string, Placed[]>): string[] {
    const target = record.type === "MX" ? record.content : record.type === "SRV" ? record.data.target : undefined;
    if (target !== undefined && byName.get(target)?.some((other) => other.record.proxied))
        return [
            `${where}: must not point to a proxied name, which serves HTTP only (got ${target}). Point it to a name that is not proxied.`,
        ];
    if (!record.proxied) return [];
    if (record.name.split(".").some((label) => label.startsWith("_")))
        return [`${where} proxied: must not be set for a name with _, which other services look up in DNS. Remove it.`];
    if (record.type === "CNAME" && NOT_FOR_THE_PROXY.some((end) => isWithin(record.content, end)))
        return [
            `${where} proxied: must not be set for a name that mail servers or ownership checks look up in DNS. Remove it.`,
        ];
    return [];
}

/**
 * Warns about CAA records that block the edge certificate. If a name has no CAA records, the records of its nearest parent
 * name with CAA records apply.
 */
function forbiddenAuthorities(placed: Placed[], zone: string): string[] {
    const names = new Set([zone, ...placed.filter(({ record }) => record.proxied).map(({ record }) => record.name)]);
    const warnings = new Set<string>();
    for (const name of names) {
        const holder = upTo(name.replace(/^\*\./, ""), zone).find((above) =>
            placed.some(({ record }) => record.type === "CAA" && record.name === above),
        );
        const caa = placed.flatMap(({ record, where }) =>
            record.type === "CAA" && record.name === holder ? [{ ...record.data, where }] : [],
        );
        // A universal certificate contains the zone and *.zone. Tag issue applies to the zone. Tag issuewild applies to the
        // wildcard. If there is no issuewild, issue applies to the wildcard too.
        for (const tag of ["issue", "issuewild"]) {
            const allowed = caa.filter((one) => one.tag === tag);
            const fits = (value: string) => EDGE_AUTHORITIES.includes(value.split(";")[0].trim());
            if (allowed.length > 0 && !allowed.some(({ value }) => fits(value)))
                warnings.add(
                    `${allowed[0].where}: lets none of Cloudflare's certificate authorities issue the edge certificate. Allow one of ${EDGE_AUTHORITIES.join(", ")}.`,
                );
        }
    }
    return [...warnings];
}

function depthWarnings({ record, where }: Placed, zone: string): string[] {
    const warnings: string[] = [];
    if (record.type === "CNAME" && record.name === zone)
        warnings.push(
            `${where}: is a CNAME at the apex, so Cloudflare answers with the addresses of the target instead of the CNAME.`,
        );
    const depth = record.name.split(".").length - zone.split(".").length;
    if (record.proxied && depth > 1)
        warnings.push(
            `${where}: is more than one level below the zone, so the universal certificate does not cover it. Order a certificate for this name.`,
        );
    return warnings;
}

/** Warns about records below a delegation: the delegated zone answers for all names below it. */
function belowDelegations(placed: Placed[], zone: string): string[] {
    const cuts = new Set(placed.filter(({ record }) => record.type === "NS").map(({ record }) => record.name));
    const glue = new Set(placed.flatMap(({ record }) => (record.type === "NS" ? [record.content] : [])));
    return placed
        .filter(({ record }) => {
            if ((record.type === "A" || record.type === "AAAA") && glue.has(record.name)) return false;
            const cut = delegationOf(record.name, zone, cuts);
            return cut !== undefined && (record.name !== cut || (record.type !== "NS" && record.type !== "DS"));
        })
        .map(
            ({ where }) =>
                `${where}: is at or below a delegated name (NS), so resolvers ask the name servers of the delegation and never see this record.`,
        );
}
