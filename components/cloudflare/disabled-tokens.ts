import * as pulumi from "@pulumi/pulumi";
import { openApi, type ApiAccess } from "./api";

/** Longest wait for Cloudflare, in seconds. It is short, since an operator who disables a token waits for the result. */
const LIMIT_SECONDS = 15;

/** Pause between two requests, in milliseconds. */
const PAUSE_MILLISECONDS = 500;

interface LiveToken {
    id?: string;
    enabled?: boolean;
}

export interface DisabledTokens {
    account: string;
    /** Ids of the tokens, by `<consumer>/<credential>`. */
    ids: Record<string, string>;
}

/**
 * Waits until Cloudflare's API reports these tokens as disabled. Pulumi's result is not enough: providers before 6.20 ignore
 * `enabled`, so the tokens would still work, and only a refresh detects a token that was enabled by hand. The function warns
 * of a token that the API lists without the field `enabled`.
 * @throws RunError with each token that is still enabled after the limit, or with the reason why the API did not answer
 */
export async function untilDisabled(
    { account, ids }: DisabledTokens,
    access: ApiAccess,
    limitSeconds = LIMIT_SECONDS,
): Promise<void> {
    if (Object.keys(ids).length === 0) return;
    const end = AbortSignal.timeout(limitSeconds * 1000);
    const api = openApi(access, end);
    let accepted: string[] = [];
    let silence = "";
    do {
        const { result, said } = await api
            .list<LiveToken>(`accounts/${account}/access/service_tokens`)
            .catch((error: Error & { cause?: { code?: string } }) => ({
                result: undefined,
                said: error.cause?.code ?? error.message,
            }));
        // An aborted request says nothing about the API, so the error of the previous request is kept.
        if (result !== undefined || !end.aborted) silence = said;
        if (result !== undefined) {
            accepted = Object.entries(ids).flatMap(([who, id]) =>
                result.some((token) => token.id === id && token.enabled === true) ? [who] : [],
            );
            if (accepted.length === 0) return warnOfUntold(ids, result);
        }
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
    } while (!end.aborted);
    throw failure(accepted.length > 0 ? accepted.map(stillAccepted) : [unknown(Object.keys(ids), silence)]);
}

/** Warns of tokens that the API lists without the field `enabled`. */
async function warnOfUntold(ids: Record<string, string>, list: LiveToken[]): Promise<void> {
    const isUntold = (id: string) => list.some((token) => token.id === id && typeof token.enabled !== "boolean");
    const whos = Object.keys(ids).filter((who) => isUntold(ids[who]));
    if (whos.length > 0) await pulumi.log.warn(cannotTell(whos));
}

function cannotTell(whos: string[]): string {
    return `consumers: ${whos.join(", ")}: enabled is false, but Cloudflare's API does not show whether Cloudflare rejects these tokens. Send a request with each token: the answer must be 401 or 403. To revoke a token in any case, remove its credential.`;
}

function stillAccepted(who: string): string {
    return (
        `consumers: ${who}: Cloudflare still accepts this token, although enabled is false. Run: pulumi up --refresh. ` +
        "If this error occurs again, PATH has a Cloudflare provider older than 6.20, which ignores enabled. " +
        "Remove pulumi-resource-cloudflare from PATH, and run the command again. To stop the caller at once, remove the credential and run: pulumi up"
    );
}

function unknown(whos: string[], said: string): string {
    return (
        `consumers: ${whos.join(", ")}: enabled is false, but Cloudflare's API did not confirm that Cloudflare rejects these tokens (${said || "no answer"}). ` +
        "Check later: npm run ops -- consumer list --check"
    );
}

/**
 * Error that fails the run but does not stop the run's other resources. Pulumi prints the message at the end of the
 * run.
 */
function failure(problems: string[]): pulumi.RunError {
    const error = new pulumi.RunError(problems.join("\n"));
    error.stack = ""; // Without a stack trace, as in config/problem-list.ts.
    return error;
}
