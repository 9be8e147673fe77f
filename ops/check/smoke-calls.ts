/** Calls of a smoke test, each with the expected result. Results never contain a credential. */
import { isOlder, OLDEST_APISIX } from "../../components/apisix/version";
import {
    AlpaClientError,
    ApiKey,
    Client,
    ConfigurationError,
    type Credential,
    type Seen,
} from "../../client/typescript/src/index";

/** Expected result of a call: an answer of Alpa, a 429 due to the caller's limit, or a rejection with one of the statuses. */
export type Expectation = "answer" | "limit" | { refused: number[] };

interface Asked {
    check: string;
    credential: string;
    route: "completions" | "logprobs";
    auth: Credential | undefined;
    expected: Expectation;
}

export interface Row {
    check: string;
    credential: string;
    route: string;
    /** Status of the answer, or the kind of error if there was no answer. */
    got: string;
    ok: boolean;
    milliseconds?: number;
    /** The problem; empty if there is none. */
    meaning: string;
}

/** A short and cheap prompt: the answer has one token. */
const PROMPT = "Paris is";

/** The service that is called. */
export interface Target {
    url: string;
    /** Longest time for one answer, in seconds. */
    timeoutSeconds: number;
    /** Whether credentials may be sent over plain HTTP to another host. */
    allowHttp: boolean;
}

/** Why credentials cannot be sent to an address; empty if they can. */
export function addressProblems({ url, allowHttp }: Pick<Target, "url" | "allowHttp">): string[] {
    try {
        void new Client({ url, allowHttp, auth: new ApiKey("not-sent") });
        return [];
    } catch (error) {
        if (error instanceof ConfigurationError) return error.problems;
        throw error;
    }
}

export class Caller {
    readonly #servers = new Set<string>();

    constructor(private readonly target: Target) {}

    /** Values of the header `Server`, sorted. */
    versions(): string[] {
        return [...this.#servers].sort();
    }

    async ask({ check, credential, route, auth, expected }: Asked): Promise<Row> {
        let seen: Seen | undefined;
        const client = new Client({
            url: this.target.url,
            auth,
            allowHttp: this.target.allowHttp,
            answerTimeoutSeconds: this.target.timeoutSeconds,
            // A call that must be answered is repeated after a 429, since earlier calls count toward the caller's limit.
            maxAttempts: expected === "answer" ? 3 : 1,
            onAnswer: (one) => (seen = one),
        });
        const error: unknown = await client[route](PROMPT, { maxTokens: 1, topK: 1 }).then(
            () => undefined,
            (reason: unknown) => reason,
        );
        const server = seen?.headers.get("server");
        if (server) this.#servers.add(server);
        const meaning = meaningOf(expected, seen, error) || (expected === "answer" ? ageOf(server) : "");
        const got = seen === undefined ? (error as Error).name : String(seen.status);
        return { check, credential, route, got, ok: meaning === "", milliseconds: seen?.milliseconds, meaning };
    }
}

/** Problem of an answer; empty if there is none. */
function meaningOf(expected: Expectation, seen: Seen | undefined, error: unknown): string {
    if (error !== undefined && !(error instanceof AlpaClientError)) throw error;
    if (expected === "answer") return error === undefined ? "" : error.message;
    if (expected === "limit") {
        if (error === undefined) return "no request was rejected with 429, although the caller has a request limit";
        if (seen?.status !== 429) return error.message;
        return error.retryAfterSeconds === undefined ? "429 without Retry-After" : "";
    }
    const { refused } = expected;
    if (error === undefined) return `the request was accepted (expected ${refused.join(" or ")})`;
    if (seen === undefined) return error.message;
    return refused.includes(seen.status) ? "" : `expected ${refused.join(" or ")}: ${error.message}`;
}

function ageOf(server: string | null | undefined): string {
    const [, version] = /^APISIX\/(.*)/.exec(server ?? "") ?? [];
    return isOlder(version, OLDEST_APISIX) ? `${server} is older than ${OLDEST_APISIX}: tokens can be forged` : "";
}
