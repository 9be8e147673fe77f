import { credentialIn, type Credential } from "../../service-call";
import type { Outputs } from "../../stack/stack";
import { askRejected, type PodEvidence, type ProvingPods } from "./pod-evidence";
import { postStatus } from "./empty-post";

/** Pause between two requests, in seconds: long enough not to look like an attack, short enough for an exact time. */
const PAUSE_SECONDS = 0.5;
/**
 * Number of rejections in a row that prove a revocation at the public address, where each request may reach another
 * pod.
 */
const IN_A_ROW = 3;
/**
 * A request that tests a credential: only a valid credential gets the status `accepted`, and no request reaches the server.
 */
interface ProbedAddress {
    path: string;
    /** Status of the answer to an accepted credential. */
    accepted: string;
    rejected: readonly string[];
    /** Component to check if the credential is not rejected. */
    enforcedBy: string;
}
/** The gateway checks the credential first, and then rejects the query string with 400. */
const GATEWAY: Omit<ProbedAddress, "path"> = {
    accepted: "400",
    rejected: ["401"],
    enforcedBy: "the ingress controller",
};
/** The connector, behind Access, answers 404 to a path that the server does not have. Access rejects with one of three statuses. */
const EDGE: ProbedAddress = {
    path: "/is-this-token-let-in",
    accepted: "404",
    rejected: ["401", "403", "302"],
    enforcedBy: "the Access application",
};

interface Proof {
    text: string;
    failed: boolean;
}

/** A credential that is about to be revoked. */
export interface Probe {
    /** Sends requests until the gateway or the edge rejects the credential. */
    prove(limitSeconds: number): Promise<Proof>;
}

/** Stack and pods that a credential is tested with. */
interface Tried {
    /** Outputs from before the change: afterwards they no longer contain the credential. */
    outputs: Outputs;
    /** Namespace of the consumers. */
    namespace: string;
    /** The gateway's pods. Unset for service tokens, which the edge checks. */
    pods?: ProvingPods;
    /** Path below the URL for callers: see `ServerChecks`. */
    evidence: string;
    /** See `flag` of a stack. */
    flag: string;
    /** See {@link postStatus}. */
    connectTo?: string;
}

/**
 * Sends a credential to the gateway or the edge while it is still valid, so that a later rejection proves the revocation.
 * No request reaches the server.
 * @param publicKey public key of a credential whose tokens only the caller can sign
 */
export async function probe(tried: Tried, who: string, publicKey: string | undefined): Promise<Probe> {
    const { outputs, namespace, pods, evidence, flag, connectTo } = tried;
    const { url } = outputs;
    const address = outputs.serviceTokens[who] === undefined ? { ...GATEWAY, path: evidence } : EDGE;
    // Each request gets a new token: an old one could expire while pulumi runs, and its rejection would prove nothing.
    const headers = credentialIn(outputs, namespace, who);
    const say = (text: string): Proof => ({ text: `${who}: ${text}`, failed: false });
    const fail = (text: string): Proof => ({ ...say(text), failed: true });
    if (headers === undefined || url === undefined)
        return {
            prove: async () =>
                publicKey === undefined
                    ? say("not tried: the stack's outputs did not contain the credential.")
                    : say("not tried: only the caller can sign its tokens."),
        };
    const ask = async () => postStatus(url + address.path, await headers(), connectTo);
    const before = await ask();
    return {
        prove: async (limitSeconds) => {
            const evidence = pods && (await podsReject(pods, who, headers, limitSeconds));
            const trouble = evidence && podTrouble(evidence, limitSeconds);
            if (trouble !== undefined) return fail(`${trouble} ${LOOK}${flag}`);
            const { status, after, rejected } = await addressRejects(address, ask, limitSeconds);
            if (!rejected) {
                const advice =
                    status === address.accepted ? "The credential still works" : "The credential may still work";
                const statuses = address.rejected.join(", ").replace(/, (\d+)$/, " or $1");
                return fail(
                    `is not rejected with ${statuses} by ${url} after ${limitSeconds} s (got ${status}). ${advice}: check ${address.enforcedBy}, then run: npm run ops -- consumer list --check${flag}`,
                );
            }
            if (before !== address.accepted)
                return say(
                    `rejected with ${status} by ${url}, but it was not accepted before this change either (${before}), so the revocation is not proven.`,
                );
            const seen = `${url} (${status} after ${after} s, ${before} before)`;
            if (evidence?.isPartial)
                return say(
                    `the proof is partial. The credential is rejected by ${seen}, but not every gateway pod was queried: ${evidence.unasked.join("; ")}. A pod that was not queried may still accept the credential: ask an operator who may query the pods (RBAC) to check this.`,
                );
            return say(`rejected by ${evidence ? `${everyPod(evidence.asked)} and by ` : ""}${seen}.`);
        },
    };
}

const LOOK = "Check the ingress controller and the pods named here, then run: npm run ops -- consumer list --check";

/** Queries the pods until all reject the credential, or the time limit is reached. */
async function podsReject(
    pods: ProvingPods,
    who: string,
    headers: Credential,
    limitSeconds: number,
): Promise<PodEvidence> {
    const end = Date.now() + limitSeconds * 1000;
    for (;;) {
        const evidence = await askRejected(pods, { who, headers: await headers() });
        const { lagging, unasked, isPartial } = evidence;
        if (lagging.length === 0 && (unasked.length === 0 || isPartial)) return evidence;
        if (Date.now() >= end) return evidence;
        await pause();
    }
}

/** Why the answers of the pods prove nothing; undefined if they are a complete or a partial proof. */
function podTrouble({ asked, lagging, unasked, isPartial }: PodEvidence, limitSeconds: number): string | undefined {
    const within = `by every gateway pod within ${limitSeconds} s`;
    if (lagging.length > 0)
        return `is not rejected ${within} (${lagging.length} of the ${asked} queried pods do not reject it: ${lagging.join("; ")}). It may still work.`;
    if (unasked.length > 0 && !isPartial)
        return `is not proven to be rejected ${within} (${unasked.join("; ")}). These pods may still accept the credential.`;
    return undefined;
}

function everyPod(asked: number): string {
    return asked === 1 ? "the 1 gateway pod" : `each of ${asked} gateway pods`;
}

/** Queries the public address until it has rejected the credential several times in a row, or the time limit is reached. */
async function addressRejects(address: ProbedAddress, ask: () => Promise<string>, limitSeconds: number) {
    const begin = Date.now();
    const elapsed = () => Math.round((Date.now() - begin) / 1000);
    let refusals = 0;
    let after = 0;
    for (;;) {
        const status = await ask();
        if (!address.rejected.includes(status)) refusals = 0;
        else if (++refusals === 1) after = elapsed();
        const rejected = refusals === IN_A_ROW;
        if (rejected || (refusals === 0 && elapsed() >= limitSeconds)) return { status, after, rejected };
        await pause();
    }
}

function pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, PAUSE_SECONDS * 1000));
}
