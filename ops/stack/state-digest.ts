/** A mark that identifies a state of a stack. */
import { createHash } from "node:crypto";
import type { Exported } from "../review/plan";

/**
 * Time of the state, and a digest of its resources without secrets, whose ciphertext may differ without a change. Some
 * backends have no time.
 */
export function markOf({ manifest, resources = [] }: Exported): string {
    const all = JSON.stringify(resources.map(({ urn, id, modified }) => [urn, id, modified]));
    return `${manifest?.time ?? "no time"}, ${createHash("sha256").update(all).digest("hex").slice(0, 16)}`;
}
