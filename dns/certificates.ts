/** Host names for which the edge has a certificate. */
import type { CertificatePack } from "./cloudflare";

/** Names without an active certificate. A wildcard covers one level. */
function uncovered(names: string[], packs: CertificatePack[]): string[] {
    const active = packs.filter(({ status }) => status === "active").flatMap(({ hosts }) => hosts);
    return names.filter((name) => !active.includes(name) && !active.includes(name.replace(/^[^.]+/, "*")));
}

/**
 * Returns what is missing if a name has no edge certificate, as a text that begins with "needs". Undefined if every name has
 * one.
 * @param packs the certificates, or the reason why they are unknown
 */
export function certificateNeed(names: string[], packs: CertificatePack[] | string): string | undefined {
    if (names.length === 0) return undefined;
    if (typeof packs === "string")
        return `needs the edge certificates, which cannot be read (${packs}). Give the token "Zone: SSL and Certificates: Read".`;
    const bare = uncovered(names, packs);
    if (bare.length === 0) return undefined;
    const states = [...new Set(packs.map(({ status }) => status))].join(", ") || "no certificate";
    return (
        `needs an active edge certificate for ${bare.join(", ")} (got ${states}). ` +
        "Wait up to 24 h; a name two levels below the zone needs an advanced certificate."
    );
}
