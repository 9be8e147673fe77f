/** A text that identifies a state of a stack. */
import { createHash } from "node:crypto";
import type { Exported } from "./review/plan";

/**
 * Returns the time of the state, which some backends lack, and a digest of its resources. Secrets are not part of the
 * digest, since ciphertext may differ without a change.
 */
export function markOf({ manifest, resources = [] }: Exported): string {
    const all = JSON.stringify(resources.map(({ urn, id, modified }) => [urn, id, modified]));
    return `${manifest?.time ?? "no time"}, ${createHash("sha256").update(all).digest("hex").slice(0, 16)}`;
}
