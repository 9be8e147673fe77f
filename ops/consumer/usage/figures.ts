/** Number of requests with a status other than 2xx. */
interface Unsuccessful {
    status: number;
    requests: number;
}

/** Figures of one caller. */
export interface Figures {
    requests: number;
    /** Requests with a status of 2xx. */
    successes: number;
    /** Sorted by frequency, the most frequent first. */
    unsuccessful: Unsuccessful[];
    /** Bytes of the answers, with their headers. */
    bytesSent: number;
    /** Unset for Alpa, whose answers contain no number of tokens. */
    tokens?: Tokens;
}

/** Tokens of one caller. */
export interface Tokens {
    /** Sorted by the name of the model. */
    models: { model: string; prompt: number; completion: number }[];
    /** Answers whose tokens could not be counted, for example streams without `usage`. */
    uncountedAnswers: number;
}

/** Figures of a caller. @param statuses number of requests with each status */
export function figuresOf(statuses: [status: number, requests: number][], bytesSent: number): Figures {
    const all = statuses.filter(([, requests]) => requests > 0).map(([status, requests]) => ({ status, requests }));
    const total = (some: Unsuccessful[]) => some.reduce((sum, { requests }) => sum + requests, 0);
    const isSuccess = ({ status }: Unsuccessful) => status >= 200 && status < 300;
    return {
        requests: total(all),
        successes: total(all.filter(isSuccess)),
        unsuccessful: all
            .filter((one) => !isSuccess(one))
            .sort((a, b) => b.requests - a.requests || a.status - b.status),
        bytesSent,
    };
}
