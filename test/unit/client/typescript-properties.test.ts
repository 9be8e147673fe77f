// Proves for arbitrary texts that a credential is rejected or arrives unchanged in its header. Proves for arbitrary
// addresses that each call requests exactly the address and the method's path.
import { strict as assert } from "node:assert";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { ApiKey, Client, ServiceToken } from "../../../client/typescript/src/index";
import { ConfigurationError } from "../../../client/typescript/src/errors";

/** The same random numbers in every run, so that a failure can be reproduced. */
const RUNS = { numRuns: 150, seed: 20261125 };
const RESULT = '{"choices":[]}';

describe("TypeScript client, for any text", () => {
    let server: http.Server;
    let origin: string;
    let seen: http.IncomingMessage[] = [];

    before(async () => {
        server = http.createServer((request, response) => {
            seen.push(request);
            request.resume().on("end", () => response.writeHead(200).end(RESULT));
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    after(() => new Promise<void>((resolve) => void server.close(() => resolve())));

    const visible = fc.string({
        unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
        minLength: 1,
    });
    const anything = fc.oneof(
        visible,
        fc.string({ unit: "binary" }),
        fc.string().map((text) => `${text}\r\nX-Injected: 1`),
    );

    it("sends a key unchanged, or rejects it", async () => {
        await fc.assert(
            fc.asyncProperty(anything, async (key) => {
                const fits = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(key);
                if (!fits) return void assert.throws(() => new ApiKey(key), ConfigurationError);
                seen = [];
                await new Client({ url: origin, auth: new ApiKey(key) }).completions("a");
                assert.deepEqual([seen.length, seen[0].headers.apikey], [1, key]);
                assert.equal(seen[0].headers["x-injected"], undefined);
            }),
            RUNS,
        );
    });

    it("sends a service token unchanged, in two headers or in one", async () => {
        const part = visible.filter((text) => text === text.trim());
        await fc.assert(
            fc.asyncProperty(part, part, fc.boolean(), async (clientId, clientSecret, single) => {
                seen = [];
                const auth = new ServiceToken({ clientId, clientSecret, header: single ? "Authorization" : undefined });
                await new Client({ url: origin, auth }).logprobs("a").catch(() => undefined);
                const { headers } = seen[0];
                const two = [headers["cf-access-client-id"], headers["cf-access-client-secret"]];
                const one = Object.values(JSON.parse(headers.authorization ?? "{}"));
                assert.deepEqual(single ? one : two, [clientId, clientSecret]);
            }),
            RUNS,
        );
    });

    it("requests the method below the address, with one slash between", async () => {
        const segment = fc
            .string({ unit: fc.constantFrom(..."abcXYZ019-._~!$&'()*+,;=:@"), minLength: 1 })
            .filter((text) => !/^\.{1,2}$/.test(text));
        const path = fc.array(fc.oneof(segment, fc.constant("%2F"), fc.constant("%20")), { maxLength: 4 });
        await fc.assert(
            fc.asyncProperty(path, fc.nat({ max: 3 }), async (parts, slashes) => {
                seen = [];
                const base = parts.map((part) => `/${part}`).join("");
                await new Client({ url: origin + base + "/".repeat(slashes) }).completions("a");
                assert.equal(seen[0].url, `${base}/completions`);
            }),
            RUNS,
        );
    });

    it("requests the given address, or rejects it", async () => {
        const tail = fc.oneof(
            fc.webPath(),
            fc.webQueryParameters().map((q) => `/?${q}`),
            fc.string(),
            fc.string({ unit: "grapheme" }),
        );
        await fc.assert(
            fc.asyncProperty(tail, async (text) => {
                seen = [];
                let client: Client;
                try {
                    client = new Client({ url: origin + text, maxAttempts: 1, answerTimeoutSeconds: 30 });
                } catch (error) {
                    assert.ok(error instanceof ConfigurationError);
                    return;
                }
                // Without a slash at its beginning, the text changes the host or port of the address.
                if (/^[^/]/.test(text)) return;
                await client.completions("a");
                assert.equal(seen[0].url, `${text.replace(/\/+$/, "")}/completions`);
            }),
            RUNS,
        );
    });
});
