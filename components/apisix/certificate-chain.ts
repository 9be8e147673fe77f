/** Parses the certificates of a PEM file. The server's own certificate comes first. */
import { X509Certificate } from "node:crypto";

export function chainOf(pem: string): { certificates: X509Certificate[]; unreadable?: string } {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
    const certificates: X509Certificate[] = [];
    for (const [i, block] of blocks.entries())
        try {
            certificates.push(new X509Certificate(block));
        } catch {
            return { certificates, unreadable: `certificate ${i + 1} cannot be read` };
        }
    return certificates.length === 0 ? { certificates, unreadable: "there is none" } : { certificates };
}

/** Expired certificates, with their name in messages and their expiry date. */
export function endedIn(certificates: X509Certificate[], today: Date): { name: string; on: string }[] {
    return certificates.flatMap((one, i) => (hasEnded(one, today) ? [{ name: which(i), on: day(one.validTo) }] : []));
}

export function hasEnded({ validTo }: X509Certificate, today: Date): boolean {
    return new Date(validTo) <= today;
}

/** Name of the certificate at this position of a chain, for messages. */
export function which(index: number): string {
    return index === 0 ? "the certificate" : `certificate ${index + 1} of the chain`;
}

/** Formats the date of a certificate like `2027-01-31`. @param date in the form of `X509Certificate.validTo` */
export function day(date: string): string {
    return new Date(date).toISOString().slice(0, 10);
}
