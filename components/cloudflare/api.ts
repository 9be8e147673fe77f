/** Address of the Cloudflare API, and the token. */
export interface ApiAccess {
    token?: string;
    /** URL without a trailing slash. */
    baseUrl: string;
}

/** Answer of the API. */
export interface Answer<T> {
    status: number;
    /** Result; set only in a successful answer. */
    result?: T;
    /** Cloudflare's error as `code message`. It never contains request headers. */
    said: string;
}

/** Read-only access to the API. */
export interface ApiReader {
    /** Reads one object. @throws Error if the API does not answer */
    get<T>(path: string): Promise<Answer<T>>;
    /** Reads all pages of a list. @throws Error if the API does not answer */
    list<T>(path: string): Promise<Answer<T[]>>;
}

/** Number of entries on one page. */
const PAGE = 50;
/** Largest number of pages to read. Together they hold more entries than any list that this project reads. */
const MOST_PAGES = 40;

interface Envelope<T> {
    result?: T;
    errors?: { code?: number; message?: string }[];
    result_info?: { total_pages?: number };
}

/** @param signal aborts every request */
export function openApi({ token, baseUrl }: ApiAccess, signal: AbortSignal): ApiReader {
    const ask = async <T>(path: string): Promise<Answer<T> & { pages?: number }> => {
        const response = await fetch(`${baseUrl}/${path}`, {
            headers: { Authorization: `Bearer ${token}`, Accept: "application/json" },
            redirect: "error", // A redirect would send the token to another address.
            signal,
        });
        const body = (await response.json().catch(() => ({}))) as Envelope<T>;
        const { status } = response;
        if (status >= 400 || body.result === undefined) return { status, said: errorMessage(response, body) };
        return { status, result: body.result, said: "", pages: body.result_info?.total_pages };
    };
    return {
        get: ask,
        list: async <T>(path: string) => {
            const all: T[] = [];
            for (let page = 1; page <= MOST_PAGES; page++) {
                const mark = path.includes("?") ? "&" : "?";
                const answer = await ask<T[]>(`${path}${mark}page=${page}&per_page=${PAGE}`);
                if (answer.result === undefined) return answer;
                all.push(...answer.result);
                // Some lists have no number of pages, so a page that is not full is the last one.
                if (answer.result.length < PAGE && page >= (answer.pages ?? 1)) break;
            }
            return { status: 200, result: all, said: "" };
        },
    };
}

function errorMessage(response: Response, { errors }: Envelope<unknown>): string {
    const words = (errors ?? []).map(({ code, message }) => [code, message].filter((w) => w !== undefined).join(" "));
    return [response.status, ...words].join(", ");
}

/** Why a request got no answer. */
export function reasonOf(error: unknown): string {
    const { message, cause } = error as Error & { cause?: { code?: string; message?: string } };
    return String(cause?.code ?? cause?.message ?? message).split("\n")[0];
}
