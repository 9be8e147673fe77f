// Proves how the gateway handles callers' requests: which ones reach Alpa, what Alpa sees of them, and the format of every
// error. The gateway is an emulator.
import { strict as assert } from "node:assert";
import { claimKey } from "../../../components/consumers/consumer";
import { call, takeAlpaRequests } from "../kit";
import { NAMESPACE, PATH_PREFIX, useCallers } from "../kit/callers";
import { hs256, now } from "../kit/tokens";
import { rawRequest } from "../kit/raw-request";

describe("the route", () => {
    const callers = useCallers();
    let url: string;
    let key: string;
    let token: string;

    before(() => {
        const { credentials, jwtSecrets } = callers();
        url = callers().url;
        key = credentials["alice/k1"];
        token = hs256({ key: claimKey(NAMESPACE, "alice", "hs"), exp: now() + 600 }, jwtSecrets["alice/hs"]);
    });

    for (const path of ["/completions", "/logprobs", "//completions"])
        it(`forwards POST ${path} to Alpa`, async () => {
            const body = path.includes("logprobs")
                ? { model: "default", prompt: "Paris is", top_k: 5 }
                : { model: "default", prompt: "Paris is", max_tokens: 4 };
            const answer = await call(url, { path, key, body });
            assert.equal(answer.status, 200, answer.body);
        });

    const closed: [what: string, method: string, path: string][] = [
        ["the prefix without a path", "GET", ""],
        ["another method at the root", "POST", "/"],
        ["another path", "POST", "/other"],
        ["a path below an allowed one", "POST", "/completions/more"],
        ["another method", "GET", "/completions"],
        ["PUT, which Alpa would accept", "PUT", "/completions"],
        ["a path that leaves the prefix", "POST", "/../logprobs"],
        ["Alpa's path without the prefix", "POST", "/../completions"],
    ];
    for (const [what, method, path] of closed)
        it(`answers ${what} with an Alpa-shaped 404, before Alpa`, async () => {
            takeAlpaRequests();
            const answer = await raw(method, `/alpa${path}`, { apikey: key });
            assert.equal(answer.status, 404);
            assertAlpaError(answer);
            assert.deepEqual(takeAlpaRequests(), []);
        });

    it("describes itself, with example requests that work as printed", async () => {
        takeAlpaRequests();
        for (const path of ["/alpa/", `${PATH_PREFIX}/`]) {
            const stranger = await raw("GET", path, {});
            assert.equal(stranger.status, 401);
            assertAlpaError(stranger);
            const credentials: Record<string, string>[] = [{ apikey: key }, { Authorization: token }];
            for (const credential of credentials) {
                const { status, type, challenge } = await raw("GET", path, credential);
                assert.deepEqual([status, type, challenge], [200, "application/json", undefined]);
            }
        }
        const { requests, headers } = JSON.parse((await raw("GET", `${PATH_PREFIX}/`, { apikey: key })).body);
        assert.deepEqual(takeAlpaRequests(), []);
        for (const { path, body } of requests) {
            const answer = await call(url.replace(PATH_PREFIX, ""), { path, key, body, headers });
            assert.equal(answer.status, 200, answer.body);
        }
        assert.equal((await raw("GET", `/alpa/?apikey=${key}`, {})).status, 404);
    });

    it("keeps keys, tokens and names of the caller from Alpa, whatever the caller sends", async () => {
        takeAlpaRequests();
        const sent = {
            Authorization: "Bearer token-of-the-caller",
            Cookie: "jwt=cookie-of-the-caller",
            "Proxy-Authorization": "Basic secret-of-the-caller",
            "X-Consumer-Username": "another-caller",
            "X-Credential-Identifier": "another-caller",
            "X-Consumer-Custom-ID": "another-caller",
            X_Consumer_Username: "another-caller",
            "X-Credential_Identifier": "another-caller",
            "CF-Access-Client-Secret": "secret-of-the-caller",
        };
        const answer = await raw("POST", "/alpa/completions", { ...sent, apikey: key });
        assert.equal(answer.status, 200, answer.body);
        const [seen] = takeAlpaRequests();
        const text = JSON.stringify(seen);
        for (const forbidden of [key, "-of-the-caller", "another-caller", "x-consumer", "apikey", "alpa-auth_alice"])
            assert.ok(!text.toLowerCase().includes(forbidden.toLowerCase()), `${forbidden} reached Alpa: ${text}`);
    });

    it("sends Alpa the client address that the gateway saw, not the address that the caller claims", async () => {
        takeAlpaRequests();
        await raw("POST", "/alpa/completions", { apikey: key, "X-Forwarded-For": "203.0.113.9, 10.0.0.1" });
        const [seen] = takeAlpaRequests();
        const told = seen.headers.filter((_, i) => seen.headers[i - 1]?.toLowerCase() === "x-forwarded-for");
        // Behind a real gateway, Alpa sees the address of the node (127.0.0.2) instead of 127.0.0.1.
        assert.match(told.join(), /^127\.0\.0\.[12]$/);
    });

    it("passes Alpa's own errors on unchanged", async () => {
        const answer = await call(url, { key, body: { model: "unknown", prompt: "x" } });
        assert.equal(answer.status, 400);
        assert.match(JSON.parse(answer.body).message, /Model 'unknown' is not registered/);
        assert.notEqual(JSON.parse(answer.body).stacktrace, "");
    });

    const raw = (method: string, path: string, headers: Record<string, string>, sent?: object) =>
        rawRequest(callers().stack.nodePort, path, { method, headers, sent });
});

function assertAlpaError(answer: { type: string; body: string }): void {
    assert.equal(answer.type, "application/json");
    const { type, message, stacktrace } = JSON.parse(answer.body);
    assert.equal(type, "error");
    assert.equal(typeof message, "string");
    assert.equal(stacktrace, "");
}
