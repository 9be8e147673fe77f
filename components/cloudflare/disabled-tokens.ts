import * as pulumi from "@pulumi/pulumi";
import { openApi, reasonOf, type ApiAccess } from "./api";

/** Longest wait for Cloudflare, in seconds. It is short, since an operator who disables a token waits for the result. */
const LIMIT_SECONDS = 15;

/** Pause between two requests, in milliseconds. */
const PAUSE_MILLISECONDS = 500;

export interface DisabledTokens {
    account: string;
    /** Ids of the tokens, by `<consumer>/<credential>`. */
    ids: Record<string, string>;
}

/**
 * Waits until Cloudflare's API reports these tokens as disabled. Pulumi's result is not enough: providers before 6.20 ignore
 * `enabled`, so the tokens would still work, and only a refresh detects a token that was enabled by hand.
 * @throws RunError with each token that the API does not report as disabled within the limit
 */
export async function untilDisabled(
    { account, ids }: DisabledTokens,
    access: ApiAccess,
    limitSeconds = LIMIT_SECONDS,
): Promise<void> {
    const end = AbortSignal.timeout(limitSeconds * 1000);
    const api = openApi(access, end);
    let accepted = Object.entries(ids);
    let silence = "no answer";
    while (accepted.length > 0 && !end.aborted) {
        const { result, said } = await api
            .list<{ id?: string; enabled?: boolean }>(`accounts/${account}/access/service_tokens`)
            .catch((error: unknown) => ({ result: undefined, said: reasonOf(error) }));
        // An aborted request says nothing about the API, so the answer of the previous request is kept.
        if (result === undefined && !end.aborted) silence = said;
        if (result !== undefined) {
            accepted = accepted.filter(([, id]) => result.some((one) => one.id === id && one.enabled !== false));
            silence = "";
        }
        if (accepted.length > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
    }
    if (accepted.length === 0) return;
    const whos = accepted.map(([who]) => who).join(", ");
    const why = silence
        ? `Cloudflare's API did not confirm that Cloudflare rejects these tokens (${silence}). Check later: npm run ops -- consumer list --check`
        : "Cloudflare does not report these tokens as disabled. Run: pulumi up --refresh. If this error occurs again, PATH has a Cloudflare provider older than 6.20, which ignores enabled. Remove pulumi-resource-cloudflare from PATH, and run the command again. To stop the callers at once, remove the credentials and run: pulumi up";
    // Fails the run, but does not stop its other resources.
    const error = new pulumi.RunError(`consumers: ${whos}: enabled is false, but ${why}`);
    error.stack = ""; // Without a stack trace, as in config/problem-list.ts.
    throw error;
}
