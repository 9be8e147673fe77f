/** What tells one state of a stack from another. */
import { createHash } from "node:crypto";
import type { Exported } from "../review/plan";

/**
 * When it was written, and a digest of what it says of each resource but its secrets: their ciphertext may differ where nothing
 * was changed. Some backends keep no time.
 */
export function markOf({ manifest, resources = [] }: Exported): string {
    const all = JSON.stringify(resources.map(({ urn, id, modified }) => [urn, id, modified]));
    return `${manifest?.time ?? "no time"}, ${createHash("sha256").update(all).digest("hex").slice(0, 16)}`;
}
