import * as z from "zod";
import { text } from "../values";

/** Key `movedFrom` of every option. */
export const movedFrom = z
    .array(
        z.strictObject({
            id: text("the recorded identity").meta({
                description: "The recorded identity, from the error of the preview.",
                examples: ["0f9a1d3c-6c56-4c0e-9d0f-2f6f5d6a8f11"],
            }),
            reason: text("the reason").meta({
                description: "Why the change is intended.",
                examples: ["new cluster since 2026-12-01"],
            }),
        }),
    )
    .default([])
    .meta({
        description:
            "Intended changes of what the stack is bound to: its cluster, its Cloudflare account and zone, and the SSH keys of its hosts. The stack records their identities, and rejects another one unless this list names the recorded one. Remove an entry after the update.",
        reason: "A changed identity is usually a mistake, for example a kubeconfig of another cluster.",
    });

/** Intended changes of identities. */
export type Moves = z.infer<typeof movedFrom>;
