/** One account with its API for a test, and short functions to call it. */
import { Account, type AccountOptions, type ApiToken } from "../../cloudflare/account";
import { startCloudflareApi, type CloudflareApi } from "../../cloudflare/api/server";

export const ADMIN = "admin-token-of-forty-characters-or-more-0";
/** 2026-11-25, on the hour. */
export const START = Date.parse("2026-11-25T12:00:00Z");

export interface Answered {
    status: number;
    /** `result` of the envelope. */
    result: any;
    code?: number;
    message: string;
    text: string;
}

export class TestApi {
    private constructor(
        readonly account: Account,
        readonly api: CloudflareApi,
    ) {}

    static async start(options: AccountOptions = {}): Promise<TestApi> {
        const account = new Account({ clock: () => START, ...options });
        return new TestApi(account, await startCloudflareApi({ port: 0, token: ADMIN, account }));
    }

    /** @param path without a slash at the start. `{account}` is replaced by the account's id */
    async call(method: string, path: string, body?: unknown, token: string | null = ADMIN): Promise<Answered> {
        const response = await fetch(`${this.api.url}/${path.replace("{account}", this.account.id)}`, {
            method,
            headers: {
                ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
                ...(body === undefined ? {} : { "Content-Type": "application/json" }),
            },
            body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
        });
        const text = await response.text();
        const json = text.startsWith("{") ? JSON.parse(text) : undefined;
        return {
            status: response.status,
            result: json?.result,
            code: json?.errors?.[0]?.code,
            message: json?.errors?.[0]?.message ?? "",
            text,
        };
    }
    get = (path: string) => this.call("GET", path);
    post = (path: string, body: unknown) => this.call("POST", path, body);
    put = (path: string, body: unknown) => this.call("PUT", path, body);
    patch = (path: string, body: unknown) => this.call("PATCH", path, body);
    delete = (path: string) => this.call("DELETE", path);

    /** Creates a zone. @returns its id */
    async zone(name = "example.test"): Promise<string> {
        const made = await this.post("zones", { name, account: { id: this.account.id } });
        return made.result.id;
    }
    /** Creates a token with these permissions. @returns its value */
    token(limits: Pick<ApiToken, "permissions">): string {
        const value = `limited-token-${this.account.apiTokens.length}`.padEnd(40, "0");
        this.account.apiTokens.push({ value, ...limits });
        return value;
    }
    close = () => this.api.close();
}
