import { type ZoneRecord } from "../../components/cloudflare/dns-record";

/** Data of a record, for the DNS packet library. */
export function wireData(record: ZoneRecord): unknown {
    switch (record.type) {
        case "MX":
            return { preference: record.priority, exchange: record.content };
        case "TXT":
            return record.content.match(/[\s\S]{1,255}/g) ?? [""];
        case "CAA":
        case "SRV":
            return record.data;
        case "DS":
            return { ...record.data, digest: Buffer.from(record.data.digest, "hex") };
        case "TLSA":
            return { ...record.data, certificate: Buffer.from(record.data.certificate, "hex") };
        default:
            return record.content;
    }
}
