import type { Answer, ApiReader } from "../../components/cloudflare/api";

/** Collects the findings of the checks, and makes their API calls. */
export class FindingsReader {
    readonly problems: string[] = [];
    readonly warnings: string[] = [];

    constructor(private readonly api: ApiReader) {}

    /** Reads an object. @param permission permission that the token needs, as the dashboard names it */
    async get<T>(permission: string, path: string): Promise<T | undefined> {
        return this.judged(permission, await this.api.get<T>(path));
    }

    async list<T>(permission: string, path: string): Promise<T[] | undefined> {
        return this.judged(permission, await this.api.list<T>(path));
    }

    /** Reads an object; undefined, without a finding, if the token may not read it. */
    async getIfAllowed<T>(path: string): Promise<T | undefined> {
        return (await this.api.get<T>(path)).result;
    }

    private judged<T>(permission: string, { status, result, said }: Answer<T>): T | undefined {
        if (result !== undefined) return result;
        // Cloudflare returns the same error for an account outside the token's scope and for a missing permission.
        const cure = permission.startsWith("Account:")
            ? "Add the permission to the token, or correct account"
            : "Add the permission to the token";
        const problem =
            status === 401 || status === 403
                ? `cloudflare:apiToken: lacks the permission "${permission}" (${said}). ${cure}.`
                : status === 400 || status === 404
                  ? `account: the token may not use this account for "${permission}" (${said}). Correct account, or the account resources of the token.`
                  : `cloudflare: the API does not answer requests that need "${permission}" (${said}). Try again later.`;
        if (!this.problems.includes(problem)) this.problems.push(problem);
        return undefined;
    }
}
