import { openApi, type ApiAccess } from "../../../components/cloudflare/api";
import { tokenName } from "../../../components/cloudflare/service-tokens";
import type { Context } from "../../context";
import { isOver } from "../../dates";
import { Failure, UsageError } from "../../errors";
import { ask } from "../../stack/pulumi";
import { callersOf, type Stack } from "../../stack/stack";
import { PROJECT, readValue, type Consumer } from "../../stack/stack-file";

/** Longest wait for Cloudflare, in seconds. */
const LIMIT_SECONDS = 30;

/** One service token in the config, at Cloudflare, or in both, without its secret. */
export interface TokenRow {
    consumer: string;
    /** Id of the credential; null for a consumer without credentials. */
    credential: string | null;
    method: "service-token" | null;
    expires: string | null;
    /** When the token expires at Cloudflare. */
    ends: string | null;
    live: boolean;
    /** Whether Cloudflare accepts the token; null if Cloudflare does not have it. */
    enabled: boolean | null;
    /** Differences between config and Cloudflare, and a secret that the caller lacks. */
    problems: string[];
}

interface LiveToken {
    name: string;
    expires_at?: string;
    enabled?: boolean;
    /** Some versions of the API do not return this field. */
    client_secret_version?: number;
}

/** Compares the callers of the config with the service tokens of the account. */
export async function tokenRows(context: Context, stack: Stack): Promise<TokenRow[]> {
    const access = await accessOf(context, stack);
    const account = String(readValue(stack.text, "account"));
    const api = openApi(access, AbortSignal.timeout(LIMIT_SECONDS * 1000));
    const answer = await api
        .list<LiveToken>(`accounts/${account}/access/service_tokens`)
        .catch((error: Error & { cause?: { code?: string } }) => ({
            status: 0,
            result: undefined,
            said: error.cause?.code ?? error.name,
        }));
    if (answer.result === undefined)
        throw new Failure(
            `Cloudflare: the API at ${access.baseUrl} does not list the service tokens of account ${account} (${answer.said}). Check the token, its permission "Account: Access: Service Tokens: Read", and the network.`,
        );
    return compareTokens(callersOf(stack), answer.result, `${PROJECT}/${stack.short}`, context.today);
}

/** @param owner prefix of the names of this stack's tokens */
export function compareTokens(config: Consumer[], live: LiveToken[], owner: string, today: Date): TokenRow[] {
    const known = new Set<string>();
    const rows = config.flatMap(({ name: consumer, credentials }): TokenRow[] => {
        const nothing = { method: null, expires: null, ends: null, live: false, enabled: null, problems: [] };
        if (credentials.length === 0) return [{ consumer, credential: null, ...nothing }];
        return credentials.map(({ id, expires, enabled = true, secretVersion = 1 }) => {
            const name = tokenName(owner, consumer, id);
            known.add(name);
            const found = live.find((token) => token.name === name);
            const over = isOver(expires, today);
            const problems: string[] = [];
            if (over && found) problems.push("expired, but works until the next pulumi up");
            if (!over && !found) problems.push("not live");
            const ends = found?.expires_at ?? null;
            if (!over && ends !== null && Date.parse(ends) <= today.getTime())
                problems.push("expired at Cloudflare: rotate the credential");
            // Without a refresh Pulumi does not detect manual changes.
            if (!over && enabled && found?.enabled === false)
                problems.push("disabled at Cloudflare, but not in the config: pulumi up --refresh");
            if (!over && !enabled && found?.enabled === true)
                problems.push("disabled in the config, but not at Cloudflare: pulumi up --refresh");
            // Pulumi never reads the version again, so a refresh does not detect a rotation by hand.
            const version = found?.client_secret_version ?? 0;
            if (!over && version > secretVersion)
                problems.push(
                    `rotated at Cloudflare to secretVersion ${version}, but not in the config: pulumi preview says what to set`,
                );
            return {
                consumer,
                credential: id,
                method: "service-token",
                expires: expires ?? null,
                ends,
                live: found !== undefined,
                enabled: found === undefined ? null : (found.enabled ?? true),
                problems,
            };
        });
    });
    const strangers = live
        .filter(({ name }) => name.startsWith(`${owner}/`) && !known.has(name))
        .map(({ name, expires_at, enabled }): TokenRow => {
            const [consumer, credential = null] = name.slice(owner.length + 1).split("/");
            return {
                consumer,
                credential,
                method: "service-token",
                expires: null,
                ends: expires_at ?? null,
                live: true,
                enabled: enabled ?? true,
                problems: ["not in the config"],
            };
        });
    return [...rows, ...strangers];
}

/** Finds the API token as the provider does: in the stack file, else in the environment. It stays in this process. */
export async function accessOf({ pulumi }: Context, stack: Stack): Promise<ApiAccess> {
    const base = readValue(stack.text, "cloudflare:baseUrl") ?? process.env.CLOUDFLARE_BASE_URL;
    const baseUrl = String(base ?? "https://api.cloudflare.com/client/v4").replace(/\/$/, "");
    if (readValue(stack.text, "cloudflare:apiToken") === undefined) {
        const token = process.env.CLOUDFLARE_API_TOKEN;
        if (token) return { token, baseUrl };
        throw new UsageError([
            "CLOUDFLARE_API_TOKEN: required, since the stack file has no cloudflare:apiToken. Set it.",
        ]);
    }
    const args = ["config", "get", "cloudflare:apiToken", "--stack", stack.name, "--config-file", stack.file];
    return { token: await ask(pulumi, args), baseUrl };
}
