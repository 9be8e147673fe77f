import { createHash } from "node:crypto";
import type { ParsedGatewayOption } from "../gateway-option";

/**
 * A digest of the list of callers (limits, classes, methods), which shows whether the list has changed since a verification.
 * Keys that operators set are not part of the digest.
 */
export function digestOf({
    consumers,
    limits,
    classes,
}: Pick<ParsedGatewayOption, "consumers" | "limits" | "classes">): string {
    const plain = consumers.map(({ credentials, ...rest }) => ({
        ...rest,
        credentials: credentials.map(({ key, ...one }) => ({ ...one, brought: key !== undefined })),
    }));
    const callers = limits === undefined ? plain : [limits, plain];
    const all = classes === undefined ? callers : [classes, callers];
    return createHash("sha256").update(JSON.stringify(all)).digest("hex").slice(0, 16);
}
