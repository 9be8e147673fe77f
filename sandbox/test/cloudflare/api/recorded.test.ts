/**
 * Proves that every recorded request of the official provider gets a usable answer. It has the recorded status, and all
 * fields of the smallest answer with which the provider worked.
 * The recordings were made against a different emulator, not the real service.
 */
import assert from "node:assert/strict";
import { TestApi } from "../kit";
import { differences, prepare, recordedCalls, resolve, type Recorded } from "./recorded";

/** Requests for which the recorded answer is wrong. The test expects this status instead. */
const DIFFERENT: Record<string, [status: number, why: string]> = {
    "DnsRecord: update proxied CNAME to ttl 300": [400, "a proxied record has ttl 1; the recorder did not check"],
};

/**
 * The recorded answer comes from a faulty or busy server, but the emulator gives a valid answer. Other tests prove how
 * the provider handles faulty answers.
 */
const BROKEN = [
    "Zone: error: refresh without account",
    "DnsRecord: error: 409 with x-should-retry false",
    "DnsRecord: error: 409 without header",
    "DnsRecord: error: 429 with Retry-After-Ms 10, three times",
    "DnsRecord: error: 429 with Retry-After-Ms 10, for ever",
    "DnsRecord: error: 500 with x-should-retry false, body not JSON",
    "DnsRecord: error: 200 with success false and result null",
    "DnsRecord: error: 200 with a body that is not JSON",
    "DnsRecord: error: 200 with modified_on as a number",
    "DnsRecord: error: text/plain on delete",
    "DnsRecord: error: refresh of a CAA record without data",
    "ZoneSetting: error: refresh without value",
    "Healthcheck: error: 204 on delete",
];

/** Tokens of requests that did not use the account owner's token. */
const TOKENS: Record<string, (api: TestApi) => string> = {
    "DnsRecord: error: 403": (api) => api.token({ permissions: ["DNS Read"] }),
    "NotificationPolicy: error: 401": () => "x".repeat(40),
};

const calls = recordedCalls();
const nameOf = ({ resource, step }: Recorded) => `${resource}: ${step}`;
if (calls.length > 0) {
    describe("Cloudflare API emulator, against the recorded calls", () => {
        let api: TestApi | undefined;
        afterEach(async () => {
            await api?.close();
            api = undefined;
        });

        /** Sends the recorded request to an account in the state of the recording. */
        async function send(recorded: Recorded) {
            // A health check needs a paid plan; the recorded zone is on plan Free.
            const plan = recorded.resource === "Healthcheck" ? "pro" : "free";
            api = await TestApi.start({ name: "Acct", plan });
            api.account.delegation = () => ["ns1.old.test"];
            const known = await prepare(api, recorded);
            const query = new URLSearchParams(resolve(recorded.query, known)).toString();
            const path = resolve(recorded.path, known).slice(1) + (query && `?${query}`);
            const body = recorded.requestBody === null ? undefined : resolve(recorded.requestBody, known);
            return api.call(recorded.method, path, body, TOKENS[nameOf(recorded)]?.(api));
        }

        for (const recorded of calls) {
            const name = nameOf(recorded);
            if (BROKEN.includes(name)) {
                it(`gives a valid answer where a faulty answer was recorded: ${name}`, async () => {
                    const { status, headers, body } = await send(recorded);
                    assert.deepEqual([status, body.success, body.errors], [200, true, []]);
                    assert.match(headers.get("content-type")!, /^application\/json/);
                    if (recorded.method !== "DELETE") assert.ok(body.result.id, JSON.stringify(body));
                });
                continue;
            }
            const [status, why] = DIFFERENT[name] ?? [recorded.responseStatus, undefined];
            it(why ? `answers ${name} with ${status}: ${why}` : `answers ${name}`, async () => {
                const got = await send(recorded);
                assert.equal(got.status, status, got.text);
                const wanted = recorded.responseBodyMinimalThatWorked;
                if (!why && wanted) assert.deepEqual(differences(wanted, got.body), []);
            });
        }

        it("has a recording of each case that this test names", () => {
            const told = [...Object.keys(DIFFERENT), ...Object.keys(TOKENS), ...BROKEN];
            assert.deepEqual(
                told.filter((name) => !calls.map(nameOf).includes(name)),
                [],
            );
        });
    });
}
