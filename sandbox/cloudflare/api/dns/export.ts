/** Writes a zone as a BIND zone file, as `dns_records/export` does. */
import type { Account, DnsRecord, Zone } from "../../account";

/** Types whose content is a name. In the file, such a name ends with a dot. */
const NAMES = ["CNAME", "MX", "NS", "PTR"];

export function zoneFile(account: Account, zone: Zone): string {
    const records = [...account.records(zone.id).values()];
    const types = [...new Set(records.map((r) => r.type))].sort();
    const serial = 2_000_000_000 + (Math.floor(account.now().getTime() / 1000) % 2_000_000_000);
    const soa = `${zone.name_servers[0]}. dns.cloudflare.com. ${serial} 10000 2400 604800 3600`;
    return [
        ";;",
        `;; Domain:     ${zone.name}.`,
        `;; Exported:   ${account.stamp()}`,
        ";;",
        "",
        ";; SOA Record",
        line(zone.name, 3600, "SOA", soa),
        "",
        ";; NS Records",
        ...zone.name_servers.map((server) => line(zone.name, 86400, "NS", `${server}.`)),
        ...types.flatMap((type) => [
            "",
            `;; ${type} Records`,
            ...records.filter((r) => r.type === type).map((r) => line(r.name, r.ttl, r.type, value(r)) + remarks(r)),
        ]),
        "",
    ].join("\n");
}

function line(name: string, ttl: number, type: string, text: string): string {
    return [`${name}.`, ttl, "IN", type, text].join("\t");
}

function value(record: DnsRecord): string {
    const text = NAMES.includes(record.type) ? `${record.content}.` : record.content;
    if (record.type === "TXT") return quoted(record.content);
    if (record.type === "SRV" && !text.endsWith(".")) return `${record.priority} ${text}.`;
    return record.priority === undefined ? text : `${record.priority} ${text}`;
}

/** Splits a text into strings of at most 255 bytes. Quoted text stays unchanged. */
function quoted(content: string): string {
    if (content.startsWith('"')) return content;
    const chunks = content.match(/[\s\S]{1,255}/g) ?? [""];
    return chunks.map((chunk) => `"${chunk.replace(/["\\]/g, "\\$&")}"`).join(" ");
}

function remarks(record: DnsRecord): string {
    const tags = [
        ...(["A", "AAAA", "CNAME"].includes(record.type) ? [`cf-proxied:${record.proxied}`] : []),
        ...record.tags,
    ];
    const remark = [record.comment ?? "", tags.length > 0 ? `cf_tags=${tags.join(",")}` : ""].filter(Boolean).join(" ");
    return remark === "" ? "" : ` ; ${remark}`;
}
