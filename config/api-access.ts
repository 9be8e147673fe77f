import { at, type Problems } from "./cross-check";

export interface ApiAccess {
    token?: string;
    /** URL without a trailing slash. */
    baseUrl: string;
    /** Whether the token is in the stack file in plain text. */
    inPlain: boolean;
}

/** Form of a token that the Cloudflare provider accepts. */
const FORM = /^[0-9A-Za-z_-]{40,80}$/;

/**
 * Reads the API token and the URL like the Cloudflare provider: from the stack config, else from the environment.
 * @param isSecret whether a key is stored encrypted. Default: not checked
 */
export function readApiAccess(config: Record<string, string>, isSecret = (_key: string) => true): ApiAccess {
    const ours = config["cloudflare:apiToken"];
    const baseUrl = config["cloudflare:baseUrl"] ?? process.env.CLOUDFLARE_BASE_URL;
    return {
        token: ours ?? process.env.CLOUDFLARE_API_TOKEN,
        baseUrl: (baseUrl ?? "https://api.cloudflare.com/client/v4").replace(/\/$/, ""),
        inPlain: ours !== undefined && !isSecret("cloudflare:apiToken"),
    };
}

/** Problems of the API token. They never quote it. */
export function* apiProblems({ token, inPlain }: ApiAccess): Problems {
    const where = ["cloudflare:apiToken"];
    if (token === undefined || token === "")
        yield at`${where}: required with option cloudflare or exposure tunnel. Set CLOUDFLARE_API_TOKEN, or run: pulumi config set --secret cloudflare:apiToken`;
    else if (!FORM.test(token))
        yield at`${where}: must be an API token: 40 to 80 letters, digits, - and _. Copy the whole token, without blanks; a global API key does not work here.`;
    if (inPlain)
        yield at`${where}: must be stored encrypted (it is in the stack file in plain text). Anyone who can read that file can use the token. Create a new token, and run: pulumi config set --secret cloudflare:apiToken`;
}
