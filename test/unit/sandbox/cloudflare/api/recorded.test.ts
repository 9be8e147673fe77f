/**
 * Claim: what the official provider was recorded to ask gets an answer that it can work with: the recorded status, and
 * everything in the smallest answer that worked. The recordings were made against another emulator, not the real service.
 */
import assert from "node:assert/strict";
import { TestApi } from "../kit";
import { differences, prepare, recordedCalls, resolve, type Recorded } from "./recorded";

/** Recorded answers that the stand-in does not give: the request is sent, and must get this status instead. */
const DIFFERENT: Record<string, [status: number, why: string]> = {
    "DnsRecord: update proxied CNAME to ttl 300": [400, "a proxied record has ttl 1; the recorder did not check"],
};

/** Failures, and answers that were wrong on purpose: the stand-in gives them on order only. */
const onOrder = ({ step }: Recorded) => step.startsWith("error:") && !/404|unknown id/.test(step);

const calls = recordedCalls();
if (calls.length > 0) {
    describe("Cloudflare API stand-in, against the recorded calls", () => {
        let api: TestApi;
        afterEach(() => api.close());

        for (const recorded of calls) {
            const name = `${recorded.resource}: ${recorded.step}`;
            const [status, why] = DIFFERENT[name] ?? [recorded.responseStatus, undefined];
            it(why ? `answers ${name} with ${status}: ${why}` : `answers ${name}`, async () => {
                // a health check needs a plan; the recorded zone is a free one
                const plan = recorded.resource === "Healthcheck" ? "pro" : "free";
                api = await TestApi.start({ name: "Acct", plan });
                api.account.delegation = () => ["ns1.old.test"];
                const known = await prepare(api, recorded);
                const wanted = recorded.responseBodyMinimalThatWorked;
                if (onOrder(recorded)) api.account.faults.add({ status, body: wanted ?? "no JSON" });

                const query = new URLSearchParams(resolve(recorded.query, known)).toString();
                const path = resolve(recorded.path, known).slice(1) + (query && `?${query}`);
                const body = recorded.requestBody === null ? undefined : resolve(recorded.requestBody, known);
                const got = await api.call(recorded.method, path, body);
                assert.equal(got.status, status, got.text);
                if (!why && wanted) assert.deepEqual(differences(wanted, got.body), []);
            });
        }
    });
}
