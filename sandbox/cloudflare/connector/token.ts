/** The tunnel token: base64 of `{"a": account, "t": tunnel, "s": secret}` */

export interface TunnelToken {
    accountTag: string;
    tunnelId: string;
    /** Secret of the tunnel in base64, as in the token. */
    secret: string;
}

/** Thrown for an invalid token. The message does not contain the token. */
export class InvalidToken extends Error {
    constructor() {
        super("Provided Tunnel token is not valid.");
    }
}

export function parseToken(text: string): TunnelToken {
    let fields: { a?: unknown; t?: unknown; s?: unknown };
    try {
        if (!/^[A-Za-z0-9+/\r\n]+={0,2}[\r\n]*$/.test(text)) throw new InvalidToken();
        fields = JSON.parse(Buffer.from(text, "base64").toString("utf8")) as typeof fields;
    } catch {
        throw new InvalidToken();
    }
    const { a, t, s } = fields ?? {};
    if (typeof a !== "string" || typeof t !== "string" || typeof s !== "string") throw new InvalidToken();
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(t)) throw new InvalidToken();
    return { accountTag: a, tunnelId: t, secret: s };
}
