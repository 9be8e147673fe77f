/** Key of a signed zone (RFC 4034, algorithm 13), and the changes of its DNSSEC status. */
import { createHash, generateKeyPairSync } from "node:crypto";
import type { Account } from "./account";
import type { DnssecKey, Zone } from "./objects";

const KEY_SIGNING = 257;
const PROTOCOL = 3;
export const ALGORITHM = 13;
const SHA256 = 2;

export function makeKey(zoneName: string): DnssecKey {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwk = publicKey.export({ format: "jwk" });
    const point = Buffer.concat([jwk.x, jwk.y].map((part) => Buffer.from(part as string, "base64url")));
    const rdata = Buffer.concat([Buffer.from([KEY_SIGNING >> 8, KEY_SIGNING & 255, PROTOCOL, ALGORITHM]), point]);
    const digest = createHash("sha256").update(wireName(zoneName)).update(rdata).digest("hex").toUpperCase();
    const key_tag = keyTag(rdata);
    return {
        privateKey,
        public_key: point.toString("base64"),
        key_tag,
        digest,
        ds: `${zoneName}. 3600 IN DS ${key_tag} ${ALGORITHM} ${SHA256} ${digest}`,
    };
}

function wireName(name: string): Buffer {
    const labels = name.split(".").map((label) => Buffer.from(label));
    return Buffer.concat([...labels.flatMap((l) => [Buffer.from([l.length]), l]), Buffer.from([0])]);
}

/** Computes the key tag of a DNSKEY (RFC 4034, appendix B). */
function keyTag(rdata: Buffer): number {
    const sum = rdata.reduce((total, byte, i) => total + (i % 2 === 0 ? byte << 8 : byte), 0);
    return (sum + (sum >> 16)) & 0xffff;
}

/**
 * Updates the DNSSEC status from the parent zone: `active` when the parent zone has the DS record, `disabled` after the
 * record's removal.
 */
export function followParent(account: Account, zone: Zone): void {
    const { dnssec } = zone;
    if (dnssec.status === "disabled" || !dnssec.key) return;
    const digest = dnssec.key.digest;
    const there = account.dsAtParent(zone.name).some((ds) => ds.toUpperCase().replace(/\s/g, "").endsWith(digest));
    const on = dnssec.status === "active" || dnssec.status === "pending";
    const status = on ? (there ? "active" : "pending") : there ? "pending-disabled" : "disabled";
    if (status === dnssec.status) return;
    Object.assign(dnssec, { status, modified_on: account.stamp() });
    account.changed("zone", zone.id);
}
