// Proves that the emulator answers every recorded request like Alpa's own HTTP code. In the recordings, texts and
// numbers of successful answers come from a stubbed model, so only their structure is a fact about Alpa.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";

import { startAlpa, type Alpa, type AlpaMode } from "../../alpa/server";
import { ask, good, inOneBatch, withAlpa, type Ask } from "./kit";

interface Recorded {
    id: string;
    server: string;
    request: RecordedRequest | RecordedRequest[];
    response: any;
}
interface RecordedRequest extends Ask {
    body?: any;
}

const shared = process.env.ALPA_AUTH_SHARED ?? path.join(__dirname, "../../../../shared");
const file = path.join(shared, "reference/data/recorded/alpa-http.json");
const cases: Recorded[] = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")).cases : [];

/** Requests that end the batch loop. The recordings send one to a new service before each case whose name ends with "-next". */
const KILLERS: Record<string, Ask> = {
    "n-two": { body: { ...good, n: 2 } },
    "min-tokens-over-length": { body: { ...good, min_tokens: 2000 } },
    "logprobs-top-k-negative": { path: "/logprobs", body: { model: "default", prompt: "abc", top_k: -1 } },
    "token-id-too-big": { body: { ...good, prompt: [2 ** 31] } },
};

/** The request with its placeholders filled in. */
function toSend(request: RecordedRequest, cacheIds: Map<string, string>): Ask {
    let body = request.body;
    if (body === "<prompt of 8 MiB>") body = { ...good, prompt: "a".repeat(8 * 1024 * 1024) };
    else if (typeof body === "string") body = Buffer.from(body, "latin1");
    else if (body) {
        const list = /^<list of (\d+) times (\d+)>$/.exec(String(body.prompt));
        if (list) body = { ...body, prompt: Array(Number(list[1])).fill(Number(list[2])) };
        const cached = /^<cache_id of (.*)>$/.exec(String(body.cache_id));
        if (cached) body = { ...body, cache_id: cacheIds.get(cached[1]) };
    }
    return { ...request, body };
}

const PLACEHOLDERS: [pattern: RegExp, holds: (value: any, found: RegExpExecArray) => boolean][] = [
    [/^<uuid>$/, (value) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)],
    [/^<unix seconds>$/, (value) => Number.isInteger(value)],
    [/^<stacktrace>$/, (value) => typeof value === "string" && value.length > 0],
    [/^<(\d+) characters>$/, (value, found) => value.length === Number(found[1])],
    [/^<(\d+)x(\d+)>$/, (value, [, rows, columns]) => value.length === +rows && value[0].length === +columns],
];

/**
 * Returns `actual` with placeholders. A value is replaced by the expected placeholder if the value has the right format
 * for it.
 */
function masked(expected: any, actual: any): any {
    if (typeof expected === "string") {
        for (const [pattern, holds] of PLACEHOLDERS) {
            const found = pattern.exec(expected);
            if (found) return holds(actual, found) ? expected : actual;
        }
    }
    if (Array.isArray(expected) && Array.isArray(actual)) return actual.map((item, i) => masked(expected[i], item));
    if (expected && actual && typeof expected === "object" && typeof actual === "object") {
        return Object.fromEntries(Object.entries(actual).map(([key, item]) => [key, masked(expected[key], item)]));
    }
    return actual;
}

async function check(alpa: Alpa, request: Ask, expected: any): Promise<any> {
    const answer = await ask(alpa.port, request);
    assert.equal(answer.status, expected.status, answer.text);
    const { date, ...headers } = answer.headers;
    assert.ok(date);
    // The test closes each connection, so the service sends `Connection: close`; the recording kept its connection open.
    delete headers.connection;
    assert.deepEqual(headers, expected.headers);
    const body = answer.json ?? answer.text;
    assert.deepEqual(masked(expected.body, body), expected.body);
    return body;
}

if (cases.length > 0) {
    describe("Alpa emulator, compared with the recordings,", () => {
        const running = new Map<string, Promise<Alpa>>();
        const cacheIds = new Map<string, string>();
        const on = (mode: string) => {
            if (!running.has(mode)) {
                running.set(mode, startAlpa({ port: 0, mode: mode as AlpaMode, batchWindow: async () => {} }));
            }
            return running.get(mode) as Promise<Alpa>;
        };
        after(async () => {
            for (const alpa of running.values()) await (await alpa).close();
        });

        for (const recorded of cases) {
            it(`answers ${recorded.id}`, async () => {
                const { request, response } = recorded;
                if (Array.isArray(request)) {
                    await inOneBatch(
                        {},
                        request.map((one, i) => (alpa: Alpa) => check(alpa, toSend(one, cacheIds), response[i])),
                    );
                    return;
                }
                if (recorded.server === "fresh default server") return checkAfterDeath(recorded);
                const body = await check(await on(recorded.server), toSend(request, cacheIds), response);
                if (body.cache_id) cacheIds.set(recorded.id, body.cache_id);
            });
        }
    });
}

/** Sends the recorded request to a service after an earlier request has ended its batch loop. */
async function checkAfterDeath({ id, request, response }: Recorded): Promise<void> {
    const [, cause, next] = /^(.*?)(-next(?:-error)?)?$/.exec(id) as RegExpExecArray;
    await withAlpa({}, async (alpa) => {
        const silent: Promise<unknown>[] = [];
        if (next) silent.push(ask(alpa.port, KILLERS[cause]));
        if (response.noResponse) silent.push(ask(alpa.port, toSend(request as RecordedRequest, new Map())));
        const answered = silent.map((asked) => asked.then(() => true).catch(() => false));
        if (!response.noResponse) await check(alpa, toSend(request as RecordedRequest, new Map()), response);
        else await check(alpa, { body: { ...good, stop: "x" } }, ERROR_AFTER);
        assert.ok(alpa.died());
        await alpa.close();
        assert.deepEqual(
            await Promise.all(answered),
            silent.map(() => false),
            "answered, though the batch loop is dead",
        );
    });
}

const ERROR_AFTER = {
    status: 400,
    headers: { server: "uvicorn", "content-type": "application/json", "transfer-encoding": "chunked" },
    body: { type: "error", message: "The stop argument is not implemented", stacktrace: "<stacktrace>" },
};
