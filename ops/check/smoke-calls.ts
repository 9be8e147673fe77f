/** Calls of a smoke test, each with the expected result. Results never contain a credential. */
import { isOlder, OLDEST_APISIX } from "../../components/apisix/version";
import type { Sample } from "../../components/server-checks";
import { errorMessage } from "../errors";
import { callService, type Answer, type Credential } from "../service-call";

/** Expected result of a call: an answer of the server, a 429 due to the caller's limit, or a rejection with one of the statuses. */
export type Expectation = "answer" | "limit" | { refused: number[] };

interface Asked {
    check: string;
    credential: string;
    sample: Sample;
    /** @default none */
    auth?: Credential;
    expected: Expectation;
}

export interface Row {
    check: string;
    credential: string;
    route: string;
    /** Status of the answer, or `no answer`. */
    got: string;
    ok: boolean;
    milliseconds?: number;
    /** The problem; empty if there is none. */
    meaning: string;
}

/** The service that is called. */
export interface Target {
    url: string;
    /** Longest time for one answer, in seconds. */
    timeoutSeconds: number;
}

export class Caller {
    readonly #servers = new Set<string>();
    /** Rows in which the server says that its model does not do this. */
    readonly lacking = new Set<Row>();

    constructor(private readonly target: Target) {}

    /** Values of the header `Server`, sorted. */
    versions(): string[] {
        return [...this.#servers].sort();
    }

    async ask({ check, credential, sample, auth, expected }: Asked): Promise<Row> {
        const { path: route } = sample;
        const answer = await callService({
            ...this.target,
            ...{ sample, credential: auth },
            // A call that must be answered is repeated after a 429, since earlier calls count toward the caller's limit.
            attempts: expected === "answer" ? 3 : 1,
        }).catch(errorMessage);
        if (typeof answer === "string")
            return { check, credential, route, got: "no answer", ok: false, meaning: answer };
        const { status, milliseconds, server, lacksTask } = answer;
        if (server) this.#servers.add(server);
        const meaning = meaningOf(expected, answer) || (expected === "answer" ? ageOf(server) : "");
        const row = { check, credential, route, got: String(status), ok: meaning === "", milliseconds, meaning };
        if (expected === "answer" && lacksTask) this.lacking.add(row);
        return row;
    }
}

/** Problem of an answer; empty if there is none. */
function meaningOf(expected: Expectation, { status, retryAfter, problem }: Answer): string {
    if (expected === "answer") return problem;
    if (expected === "limit") {
        if (problem === "") return "no request was rejected with 429, although the caller has a request limit";
        if (status !== 429) return problem;
        return retryAfter === undefined ? "429 without Retry-After" : "";
    }
    const { refused } = expected;
    if (problem === "") return `the request was accepted (expected ${refused.join(" or ")})`;
    return refused.includes(status) ? "" : `expected ${refused.join(" or ")}: ${problem}`;
}

function ageOf(server: string | undefined): string {
    const [, version] = /^APISIX\/(.*)/.exec(server ?? "") ?? [];
    return isOlder(version, OLDEST_APISIX) ? `${server} is older than ${OLDEST_APISIX}: tokens can be forged` : "";
}
