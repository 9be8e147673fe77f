/** The tunnel token: base64 of `{"a": account, "t": tunnel, "s": secret}` */

export interface TunnelToken {
    accountTag: string;
    tunnelId: string;
    /** Secret of the tunnel in base64, as in the token. */
    secret: string;
}

/** @throws Error for an invalid token. Its message does not contain the token. */
export function parseToken(text: string): TunnelToken {
    try {
        const { a, t, s } = JSON.parse(Buffer.from(text, "base64").toString("utf8")) as Record<string, unknown>;
        const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(String(t));
        if (isUuid && typeof a === "string" && typeof s === "string")
            return { accountTag: a, tunnelId: String(t), secret: s };
    } catch {
        // not JSON
    }
    throw new Error("Provided Tunnel token is not valid.");
}
