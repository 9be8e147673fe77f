import { VERIFIER } from "../../../components/opt/conversion-phases";
import { printable, table } from "../../output";
import type { ListedCaller } from "../../../config/keys/consumers/listed";

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

export interface UsageRow extends Figures {
    /** Name in the stack; APISIX's name for a caller of another namespace; null for requests without a caller. */
    caller: string | null;
    /** `unknown`: the config does not have the caller. `verification`: the program's own checks of option intra-b. */
    kind: "caller" | "unknown" | "verification" | "no-caller";
}

/**
 * Rows for all callers of the config, also those without requests, and for unknown callers with requests. Sorted by
 * requests, most first.
 * @param found figures by APISIX's name of the consumer; empty name: requests without a caller
 */
export function usageRows(found: ReadonlyMap<string, Figures>, callers: ListedCaller[], namespace: string): UsageRow[] {
    const none = figuresOf([], 0);
    const consumerOf = ({ name }: ListedCaller) => `${namespace}_${name}`;
    const known = callers.map((one): UsageRow => {
        return { caller: one.name, kind: "caller", ...(found.get(consumerOf(one)) ?? none) };
    });
    const names = new Set(callers.map(consumerOf));
    const others = [...found]
        .filter(([consumer]) => !names.has(consumer))
        .map(([consumer, figures]): UsageRow => ({ ...identified(consumer, namespace), ...figures }));
    const nameOf = ({ caller }: UsageRow) => caller ?? "";
    return [...known, ...others].sort((a, b) => b.requests - a.requests || (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** A consumer that is no caller of the config. */
function identified(consumer: string, namespace: string): Pick<UsageRow, "caller" | "kind"> {
    if (consumer === "") return { caller: null, kind: "no-caller" };
    const own = `${namespace}_`;
    if (!consumer.startsWith(own)) return { caller: consumer, kind: "unknown" };
    const caller = consumer.slice(own.length);
    return { caller, kind: caller === VERIFIER ? "verification" : "unknown" };
}

const MARKS: Record<UsageRow["kind"], string> = {
    caller: "",
    unknown: " (not in the config)",
    verification: " (checks of option intra-b)",
    "no-caller": "(no caller)",
};

export function renderTable(rows: UsageRow[]): string {
    const hasTokens = rows.some(({ tokens }) => tokens !== undefined);
    return table(
        [
            ...["caller", "requests", "successes", "without success", "bytes out"],
            ...(hasTokens ? ["model", "tokens in", "tokens out", "uncounted answers"] : []),
        ],
        rows.map((row) => [
            `${printable(row.caller ?? "")}${MARKS[row.kind]}`,
            String(row.requests),
            String(row.successes),
            row.unsuccessful.map((one) => `${one.requests} × ${one.status}`).join("\n"),
            String(row.bytesSent),
            ...(hasTokens ? tokenCells(row) : []),
        ]),
    );
}

function tokenCells({
    tokens: { models, uncountedAnswers } = { models: [], uncountedAnswers: 0 },
}: UsageRow): string[] {
    const column = (cell: (one: (typeof models)[number]) => string) => models.map(cell).join("\n");
    return [
        column(({ model }) => printable(model)),
        column(({ prompt }) => String(prompt)),
        column(({ completion }) => String(completion)),
        String(uncountedAnswers),
    ];
}
