import { createHash } from "node:crypto";
import type { Exported } from "./review/preview";

/**
 * Identifies a state of a stack by its time and by a digest of its resources. Some backends have no time. The digest leaves
 * out secrets, because their ciphertext may differ without a change.
 */
export function markOf({ manifest, resources = [] }: Exported): string {
    const all = JSON.stringify(resources.map(({ urn, id, modified }) => [urn, id, modified]));
    return `${manifest?.time ?? "no time"}, ${createHash("sha256").update(all).digest("hex").slice(0, 16)}`;
}
