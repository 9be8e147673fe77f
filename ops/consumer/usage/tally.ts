/** Number of requests with a status other than 2xx, by status and reason. */
interface Unsuccessful {
    status: number;
    /**
     * Reason in the access log; null if Alpa answered with this status, or if the source is Prometheus, which has no
     * reasons.
     */
    reason: string | null;
    requests: number;
}

export interface Figures {
    requests: number;
    /** Requests with a status of 2xx. */
    successes: number;
    /** Sorted by frequency, the most frequent first. */
    unsuccessful: Unsuccessful[];
    /** Time that Alpa took including its queue, in seconds; null if the source does not have it. */
    upstreamSeconds: number | null;
    /** Bytes of the answers, with their headers. */
    bytesSent: number;
}

/**
 * The consumer and the credential of a request, with APISIX's names. The consumer is empty for a request without a caller.
 */
export interface Owner {
    consumer: string;
    digest?: string;
}

/** Whether each row is for a caller or for one of its credentials. */
export type Grouping = "caller" | "credential";

/** Number of requests to add to the sums of a caller or credential. */
interface Added {
    status: number;
    reason: string | null;
    requests: number;
}

interface Sum {
    owner: Owner;
    statuses: Map<string, Added>;
    upstreamMs: number;
    bytesSent: number;
}

/** Sums by owner. */
export class Tally {
    private readonly sums = new Map<string, Sum>();

    /** @param source where the figures come from; `knowsUpstream` is true if they include the time that Alpa took */
    constructor(private readonly source: { knowsUpstream: boolean }) {}

    count(owner: Owner, { status, reason, requests }: Added): void {
        const { statuses } = this.of(owner);
        const key = `${status} ${reason ?? ""}`;
        const before = statuses.get(key)?.requests ?? 0;
        statuses.set(key, { status, reason, requests: before + requests });
    }

    addBytes(owner: Owner, bytes: number): void {
        this.of(owner).bytesSent += bytes;
    }

    /** @param milliseconds a whole number, so that the sum is exact */
    addUpstream(owner: Owner, milliseconds: number): void {
        this.of(owner).upstreamMs += milliseconds;
    }

    figures(): [Owner, Figures][] {
        return [...this.sums.values()].map(({ owner, ...sum }) => [owner, this.figuresOf(sum)]);
    }

    /** Figures for a caller or credential that sent no requests. */
    get zero(): Figures {
        return this.figuresOf({ statuses: new Map(), upstreamMs: 0, bytesSent: 0 });
    }

    private figuresOf({ statuses, upstreamMs, bytesSent }: Omit<Sum, "owner">): Figures {
        const all = [...statuses.values()].filter(({ requests }) => requests > 0);
        const total = (some: Added[]) => some.reduce((sum, { requests }) => sum + requests, 0);
        const isSuccess = ({ status }: Added) => status >= 200 && status < 300;
        return {
            requests: total(all),
            successes: total(all.filter(isSuccess)),
            unsuccessful: all
                .filter((one) => !isSuccess(one))
                .sort((a, b) => b.requests - a.requests || a.status - b.status),
            upstreamSeconds: this.source.knowsUpstream ? upstreamMs / 1000 : null,
            bytesSent,
        };
    }

    private of(owner: Owner): Sum {
        const key = JSON.stringify([owner.consumer, owner.digest]);
        const found = this.sums.get(key) ?? { owner, statuses: new Map(), upstreamMs: 0, bytesSent: 0 };
        this.sums.set(key, found);
        return found;
    }
}
