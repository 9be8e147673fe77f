import { claimKey } from "../../components/parts/consumers";
import type { Outputs } from "../stack/stack";
import { signToken } from "../token/sign";
import { postStatus } from "./post";

/** Between two questions, in seconds: few enough not to count as an attack, soon enough to be exact. */
const PAUSE_SECONDS = 0.5;
/** Refusals in a row that count: a gateway may have several pods, which learn of a change one after the other. */
const IN_A_ROW = 3;
/** Where a credential is tried: a place that only an admitted request gets an answer from, and not from Alpa. */
interface Door {
    path: string;
    /** Status of the answer behind the check of the credential. */
    letIn: string;
    refused: readonly string[];
    /** Who to look at when it is not refused. */
    keeper: string;
}
/** A query string is refused by the gateway behind the check of the credential. */
const GATEWAY: Door = {
    path: "/completions?x=1",
    letIn: "400",
    refused: ["401"],
    keeper: "the ingress controller",
};
/** A path that Alpa does not have is answered by the connector, behind Access; which status Access gives depends on the team's mode. */
const EDGE: Door = {
    path: "/is-this-token-let-in",
    letIn: "404",
    refused: ["401", "403", "302"],
    keeper: "the Access application",
};
/** Of a token to ask with. */
const TOKEN_SECONDS = 120;

export interface Proof {
    text: string;
    failed: boolean;
}

/** A credential that is about to be stopped. */
export interface Probe {
    /** Asks until the gateway refuses it. */
    prove(limitSeconds: number): Promise<Proof>;
}

/**
 * Asks the gateway or the edge with a credential while it still works, so that a refusal afterwards means something.
 * Nothing of this reaches Alpa.
 * @param outputs of the time when it works: afterwards they no longer have what is to be tried
 * @param namespace of the consumers
 * @param publicKey of a credential whose tokens only the caller can sign
 * @param connectTo see {@link postStatus}
 */
export async function probe(
    outputs: Outputs,
    namespace: string,
    who: string,
    publicKey: string | undefined,
    connectTo?: string,
): Promise<Probe> {
    const { url } = outputs;
    const door = outputs.serviceTokens[who] === undefined ? GATEWAY : EDGE;
    const said = door.refused.join(", ").replace(/, (\d+)$/, " or $1");
    // Anew for each question: a token must not end while pulumi runs, and be refused for that.
    const ask = async () => {
        const header = await headerOf(outputs, namespace, who);
        return header === undefined || url === undefined ? undefined : postStatus(url + door.path, header, connectTo);
    };
    const before = await ask();
    const say = (text: string, failed = false): Proof => ({ text: `${who}: ${text}`, failed });
    return {
        prove: async (limitSeconds) => {
            if (before === undefined)
                return publicKey === undefined
                    ? say("not tried: the stack's outputs did not have it.")
                    : say("not tried: only the caller can sign its tokens.");
            const begin = Date.now();
            const elapsed = () => Math.round((Date.now() - begin) / 1000);
            let last: string | undefined;
            let refusals = 0;
            let since = 0;
            for (;;) {
                last = await ask();
                if (last === undefined || !door.refused.includes(last)) refusals = 0;
                else if (++refusals === 1) since = elapsed();
                if (refusals === IN_A_ROW) break;
                if (refusals === 0 && elapsed() >= limitSeconds) break;
                await new Promise((resolve) => setTimeout(resolve, PAUSE_SECONDS * 1000));
            }
            if (refusals === IN_A_ROW)
                return before === door.letIn
                    ? say(`refused by ${url} (${last} after ${since} s, ${before} before).`)
                    : say(
                          `${last} of ${url}, and it was not let in before either (${before}): no proof of this change.`,
                      );
            const advice = last === door.letIn ? "It still works" : "Whether it still works is not known";
            return say(
                `must be refused with ${said} by ${url} within ${limitSeconds} s (got ${last}). ${advice}: look at ${door.keeper}, then run: npm run ops -- consumer list --check`,
                true,
            );
        },
    };
}

async function headerOf(
    { credentials, jwtSecrets, serviceTokens }: Outputs,
    namespace: string,
    who: string,
): Promise<Record<string, string> | undefined> {
    if (credentials[who] !== undefined) return { apikey: credentials[who] };
    if (serviceTokens[who] !== undefined) {
        const { clientId, clientSecret } = serviceTokens[who];
        return { "CF-Access-Client-Id": clientId, "CF-Access-Client-Secret": clientSecret };
    }
    if (jwtSecrets[who] === undefined) return undefined;
    const [consumer, id] = who.split("/");
    const claims = { key: claimKey(namespace, consumer, id) };
    const token = await signToken(jwtSecrets[who], claims, TOKEN_SECONDS, new Date());
    return { Authorization: `Bearer ${token}` };
}
