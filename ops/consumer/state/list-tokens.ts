import { openApi, type ApiAccess } from "../../../components/cloudflare/api";
import { tokenName } from "../../../components/cloudflare/service-token";
import type { ListedCaller, ListedCredential } from "../../../config/keys/consumers/listed";
import { PROJECT } from "../../../config/stack-file";
import type { Context } from "../../context";
import { isOver } from "../../dates";
import { Failure, UsageError } from "../../errors";
import type { ReadStack } from "../../stack/settings";

/** Longest wait for Cloudflare, in seconds. */
const LIMIT_SECONDS = 30;

/** One service token in the config, at Cloudflare, or in both, without its secret. */
export interface TokenRow {
    consumer: string;
    /** Id of the credential; null for a consumer without credentials. */
    credential: string | null;
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
export async function tokenRows(context: Context, stack: ReadStack): Promise<TokenRow[]> {
    const { settings } = stack;
    if (settings.option !== "cloudflare") return [];
    const { account, callers } = settings;
    const access = accessOf(stack);
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
    return compareTokens(callers, answer.result, `${PROJECT}/${stack.short}`, context.today);
}

/** @param owner prefix of the names of this stack's tokens */
export function compareTokens(config: ListedCaller[], live: LiveToken[], owner: string, today: Date): TokenRow[] {
    const known = new Set<string>();
    const rows = config.flatMap(({ name: consumer, credentials }) =>
        credentials.length === 0
            ? [rowOf(consumer, null)]
            : credentials.map((one): TokenRow => {
                  const name = tokenName(owner, consumer, one.id);
                  known.add(name);
                  const found = live.find((token) => token.name === name);
                  const problems = problemsOf(one, found, today);
                  return { ...rowOf(consumer, one.id, found), expires: one.expires ?? null, problems };
              }),
    );
    const strangers = live.filter(({ name }) => name.startsWith(`${owner}/`) && !known.has(name));
    return [
        ...rows,
        ...strangers.map((token) => {
            const [consumer, credential = null] = token.name.slice(owner.length + 1).split("/");
            return { ...rowOf(consumer, credential, token), problems: ["not in the config"] };
        }),
    ];
}

function rowOf(consumer: string, credential: string | null, found?: LiveToken): TokenRow {
    const at = {
        ends: found?.expires_at ?? null,
        live: found !== undefined,
        enabled: found ? (found.enabled ?? true) : null,
    };
    return { consumer, credential, expires: null, ...at, problems: [] };
}

function problemsOf(
    { expires, enabled = true, secretVersion = 1 }: ListedCredential,
    found: LiveToken | undefined,
    today: Date,
) {
    if (isOver(expires, today)) return found ? ["expired, but works until the next pulumi up"] : [];
    if (!found) return ["not live"];
    const { client_secret_version: version = 0 } = found;
    const all: [is: boolean, problem: string][] = [
        [Date.parse(found.expires_at ?? "") <= today.getTime(), "expired at Cloudflare: rotate the credential"],
        // Without a refresh Pulumi does not detect manual changes.
        [enabled && found.enabled === false, "disabled at Cloudflare, but not in the config: pulumi up --refresh"],
        [!enabled && found.enabled === true, "disabled in the config, but not at Cloudflare: pulumi up --refresh"],
        // Pulumi never reads the version again, so a refresh does not detect a rotation by hand.
        [
            version > secretVersion,
            `rotated at Cloudflare to secretVersion ${version}, but not in the config: pulumi preview says what to set`,
        ],
    ];
    return all.flatMap(([is, problem]) => (is ? [problem] : []));
}

/** Access to the API, as the provider has it. @throws UsageError if there is no token */
export function accessOf({ api }: ReadStack): ApiAccess {
    if (api.token) return api;
    throw new UsageError(["CLOUDFLARE_API_TOKEN: required, since the stack file has no cloudflare:apiToken. Set it."]);
}
