import * as z from "zod";
import { text } from "../values";

/** Key `movedFrom` of every option. */
export const movedFrom = z
    .record(z.string(), text("the reason"))
    .default({})
    .meta({
        description:
            "Intended changes of what the stack is bound to: its cluster, its Cloudflare account and zone, and the SSH keys of its hosts. The stack records their identities, and rejects another one unless this mapping has the recorded one, with the reason for the change. Remove an entry after the update.",
        examples: [{ "0f9a1d3c-6c56-4c0e-9d0f-2f6f5d6a8f11": "new cluster since 2026-12-01" }],
        reason: "A changed identity is usually a mistake, for example a kubeconfig of another cluster.",
    });

/** Intended changes of identities. */
export type Moves = z.infer<typeof movedFrom>;
