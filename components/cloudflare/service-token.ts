/** One service token of the stack config. */
export interface TokenCredential {
    id: string;
    /** Validity of the token at Cloudflare, for example `8760h`, or `forever`. */
    duration: string;
    enabled: boolean;
    /** Version of the secret: raising it by one creates a new secret in place. Default: 1. */
    secretVersion?: number;
    /** Day on which the previous secret stops working (UTC); required with `secretVersion`. */
    previousSecretExpires?: string;
}

/** One caller of the stack config. */
export interface TokenConsumer {
    name: string;
    /** The caller's credentials, all of which are valid at the same time. */
    credentials: TokenCredential[];
}

/** What a token is, in plain values. */
export interface TokenMeaning extends Omit<TokenCredential, "id"> {
    method: "service-token";
    /** Day on which the config removes the token (UTC). Unset if it names none. */
    expires?: string;
}

/** Name of a token at Cloudflare. It begins with the owner, so that Cloudflare's dashboard shows who owns the token. */
export function tokenName(owner: string, consumer: string, credential: string): string {
    return `${owner}/${consumer}/${credential}`;
}
