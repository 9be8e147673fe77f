import { DEFAULT_NAMESPACE } from "../../config/schema";
import { claimKey } from "../../components/parts/consumers";
import type { Outputs } from "../stack/stack";
import { readValue } from "../stack/stack-file";
import { signToken } from "../token/sign";

/** Between two questions, in seconds: few enough not to count as an attack, soon enough to be exact. */
const PAUSE_SECONDS = 1;
const ONE_QUESTION_SECONDS = 10;
/** Of a token to ask with. */
const TOKEN_SECONDS = 120;

export interface Proof {
    text: string;
    failed: boolean;
}

/**
 * Asks the gateway with a credential until it is refused. A query string is refused with 400 behind the check of the
 * credential, so nothing of this reaches Alpa.
 * @param before outputs of the time when it worked
 */
export async function proveRefused(
    before: Outputs,
    text: string,
    who: string,
    method: string | undefined,
    limitSeconds: number,
): Promise<Proof> {
    const header = await headerOf(before, text, who);
    if (header === undefined || before.url === undefined)
        return {
            text:
                method === "jwt"
                    ? `${who}: not tried: only the caller can sign its tokens.`
                    : `${who}: not tried: it was not in the stack's outputs, so it was not in the gateway.`,
            failed: false,
        };
    const begin = Date.now();
    const elapsed = () => Math.round((Date.now() - begin) / 1000);
    let last = "";
    do {
        last = await status(before.url, header);
        if (last === "401")
            return { text: `${who}: refused by ${before.url} (401, after ${elapsed()} s).`, failed: false };
        await new Promise((resolve) => setTimeout(resolve, PAUSE_SECONDS * 1000));
    } while (elapsed() < limitSeconds);
    const text401 = "must be refused with 401 by";
    const advice = last === "400" ? "It still works" : "Whether it still works is not known";
    return {
        text: `${who}: ${text401} ${before.url} within ${limitSeconds} s (got ${last}). ${advice}: look at the ingress controller, then run: npm run ops -- consumer list --check`,
        failed: true,
    };
}

async function headerOf(
    { credentials, jwtSecrets }: Outputs,
    text: string,
    who: string,
): Promise<Record<string, string> | undefined> {
    if (credentials[who] !== undefined) return { apikey: credentials[who] };
    if (jwtSecrets[who] === undefined) return undefined;
    const [consumer, id] = who.split("/");
    const namespace = String(readValue(text, "namespace") ?? DEFAULT_NAMESPACE);
    const claims = { key: claimKey(namespace, consumer, id) };
    const token = await signToken(jwtSecrets[who], claims, TOKEN_SECONDS, new Date());
    return { Authorization: `Bearer ${token}` };
}

/** Status of the answer, or why there was none. Never quotes the request. */
async function status(url: string, headers: Record<string, string>): Promise<string> {
    try {
        const response = await fetch(`${url}/completions?x=1`, {
            method: "POST",
            headers,
            redirect: "manual",
            signal: AbortSignal.timeout(ONE_QUESTION_SECONDS * 1000),
        });
        await response.body?.cancel();
        return String(response.status);
    } catch (error) {
        const { name, cause } = error as Error & { cause?: { code?: string } };
        return `no answer: ${cause?.code ?? name}`;
    }
}
