// Proves how the commands call the service: what they send, what counts as a result, and what is repeated. The server here
// gives prepared answers.
import { strict as assert } from "node:assert";
import type { IncomingHttpHeaders } from "node:http";
import { addressProblem, apiKey, bearer, callService, jwt, serviceToken } from "../../../ops/service-call";
import { ALPA_SAMPLES } from "../../../components/alpa/sample";
import { serve } from "../kit/http";

const KEY = "KEY-of-team-0123456789";
const RESULT = '{"choices":[{"text":"one"}]}';
type Prepared = [status: number, headers: Record<string, string>, body: string];

let seen: { headers: IncomingHttpHeaders; body: string }[];

/** Starts a service that gives each answer once, and the last one again and again. */
const service = (...answers: Prepared[]) =>
    serve((request, response) => {
        let body = "";
        request.on("data", (part: Buffer) => (body += part.toString()));
        request.on("end", () => {
            const [status, headers, text] = answers[Math.min(seen.length, answers.length - 1)];
            seen.push({ headers: request.headers, body });
            response.writeHead(status, headers).end(text);
        });
    });
const call = (url: string, more: object = {}) =>
    callService({
        ...{ url, sample: ALPA_SAMPLES.completions, credential: apiKey(KEY) },
        ...{ timeoutSeconds: 5, ...more },
    });

describe("ops, a call of the service", () => {
    beforeEach(() => void (seen = []));

    const secret = "SECRET-of-team-0123456789-abcdefgh";
    const credentials = [
        { name: "a key", credential: apiKey(KEY), sent: { apikey: KEY } },
        { name: "a finished token", credential: bearer("a.b.c"), sent: { authorization: "Bearer a.b.c" } },
        {
            name: "a service token",
            credential: serviceToken({ clientId: "id.access", clientSecret: secret }),
            sent: { "cf-access-client-id": "id.access", "cf-access-client-secret": secret },
        },
    ];
    for (const { name, credential, sent } of credentials)
        it(`sends ${name}`, async () => {
            const { result } = await call(await service([200, {}, RESULT]), { credential });
            assert.deepEqual(result, JSON.parse(RESULT));
            for (const [header, value] of Object.entries(sent)) assert.equal(seen[0].headers[header], value);
            assert.deepEqual(JSON.parse(seen[0].body), { model: "default", prompt: "Paris is", max_tokens: 1 });
        });

    it("signs a token with the claim key and an expiry", async () => {
        await call(await service([200, {}, RESULT]), { credential: jwt("ns_team.hs", secret) });
        const [, claims] = seen[0].headers.authorization!.split(".");
        const { key, iat, exp } = JSON.parse(Buffer.from(claims, "base64url").toString());
        assert.deepEqual([key, exp - iat], ["ns_team.hs", 900]);
    });

    it("does not follow a redirect", async () => {
        const elsewhere = await service([200, {}, RESULT]);
        const { status, problem } = await call(await service([307, { Location: elsewhere }, ""]));
        assert.deepEqual([status, problem, seen.length], [307, "answered 307", 1]);
    });

    const others: [status: number, body: string, problem: string][] = [
        [401, '{"message":"authentication required"}', 'answered 401 "authentication required"'],
        [403, `{"message":"unknown key ${KEY}"}`, "answered 403"],
        [404, '{"error":{"message":"no such model"}}', 'answered 404 "no such model"'],
        [200, "<html></html>", "answered 200"],
        [200, '{"choices":[{}]}', "answered 200"],
        [200, "null", "answered 200"],
    ];
    for (const [status, body, expected] of others)
        it(`does not take ${status} with ${body} for a result, and does not quote the credential`, async () => {
            const { result, problem } = await call(await service([status, {}, body]));
            assert.deepEqual([result, problem], [undefined, expected]);
        });

    it("ends after the time limit", () =>
        assert.rejects(
            serve((request) => void request.resume()).then((url) => call(url, { timeoutSeconds: 0.1 })),
            /^Error: no complete answer in 0\.1 s$/,
        ));

    it("fails if the answer is incomplete", async () => {
        const url = await serve((_, response) => {
            response.writeHead(200, { "Content-Length": "100" }).write("{", () => response.destroy());
        });
        await assert.rejects(call(url, { attempts: 3 }), /^Error: the connection failed \(/);
    });

    const wait = (status: number): Prepared => [status, { "Retry-After": "0" }, ""];
    const repeats: [what: string, first: Prepared, attempts: number, requests: number][] = [
        ["repeats a call after 429 with Retry-After", wait(429), 3, 2],
        ["repeats a call after 503 with Retry-After", wait(503), 3, 2],
        ["makes no more attempts than allowed", wait(503), 1, 1],
        ["does not repeat a call after 503 without Retry-After", [503, {}, ""], 3, 1],
        ["does not repeat a call after 504, since the model may work on it", wait(504), 3, 1],
        ["does not wait for more than a minute", [429, { "Retry-After": "61" }, ""], 3, 1],
    ];
    for (const [what, first, attempts, requests] of repeats)
        it(what, async () => {
            const { status } = await call(await service(first, [200, {}, RESULT]), { attempts });
            assert.deepEqual([status, seen.length], [requests === 1 ? first[0] : 200, requests]);
        });

    const addresses: [address: string, allowHttp: boolean, problem: RegExp | undefined][] = [
        ["https://api.example.com/alpa", false, undefined],
        ["http://127.0.0.1:9080/alpa", false, undefined],
        ["http://localhost:9080/alpa", false, undefined],
        ["http://api.example.com/alpa", true, undefined],
        ["http://api.example.com/alpa", false, /^must be https/],
        ["https://user:password@api.example.com", true, /^must not contain a user name or password/],
        ["https://api.example.com/alpa?apikey=a", true, /^must not have a query/],
        ["ftp://api.example.com", true, /^must be an address/],
        ["api.example.com", true, /^must be an address/],
    ];
    for (const [address, allowHttp, expected] of addresses)
        it(`${expected === undefined ? "accepts" : "rejects"} ${address}${allowHttp ? " where HTTP is allowed" : ""}`, () => {
            const problem = addressProblem(address, allowHttp);
            if (expected === undefined) assert.equal(problem, undefined);
            else assert.match(problem ?? "", expected);
        });
});
