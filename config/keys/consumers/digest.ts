import { createHash } from "node:crypto";
import type { ParsedGatewayOption } from "../../options/gateway/schema";

/** Tells one list of callers from another, with their limits and methods; keys that were brought along are not in it. */
export function digestOf({ consumers, limits }: Pick<ParsedGatewayOption, "consumers" | "limits">): string {
    const plain = consumers.map(({ credentials, ...rest }) => ({
        ...rest,
        credentials: credentials.map(({ key, ...one }) => ({ ...one, brought: key !== undefined })),
    }));
    const all = limits === undefined ? plain : [limits, plain];
    return createHash("sha256").update(JSON.stringify(all)).digest("hex").slice(0, 16);
}
