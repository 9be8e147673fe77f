// Proves which answers of a service count as a proof: the answers that are recorded before a conversion, and the refusal of
// callers while it has no Alpa. The service here gives prepared answers.
import { strict as assert } from "node:assert";
import { apiKey } from "../../../../ops/service-call";
import { recordAnswers } from "../../../../ops/convert/service/answers";
import { proveRefused } from "../../../../ops/convert/service/public-endpoint";
import { serve } from "../../kit/http";

const KEY = "KEY-of-the-verifier-0123456789";

/** Starts a service. @param text gives the text of a completion, by the number of the request */
const alpa = (text: (nth: number) => string) => {
    let nth = 0;
    return serve((request, response) => {
        request.resume().on("end", () => {
            const answer = request.url!.endsWith("/completions")
                ? { id: "1", object: "text_completion", created: 1, choices: [{ text: text(nth++) }] }
                : { cache_id: "1", logprobs: [[-0.5, -1.5]], indices: [[11, 12]] };
            response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
        });
    });
};
const recorded = async (url: string) => recordAnswers({ url, key: KEY }, { timeoutSeconds: 5 });

describe("ops convert, answers recorded before it", () => {
    it("are those that the service gives twice in a row", async () => {
        const answers = await recorded(await alpa((nth) => (nth === 0 ? "of another batch" : "Paris")));
        assert.deepEqual(
            answers.flatMap(({ text }) => text ?? []),
            ["Paris", "Paris", "Paris"],
        );
    });

    it("fail if the service never gives the same answer twice, so that no random answer is compared later", async () =>
        assert.rejects(recorded(await alpa(String)), /^Error: completions of "Paris is .* twice in a row \(6 answers/));
});

describe("ops convert, proof that callers get 503", () => {
    const refused = async (status: number, headers: Record<string, string> = {}) => {
        const url = await serve((request, response) => {
            request.resume().on("end", () => response.writeHead(status, headers).end("{}"));
        });
        const callers = [{ who: "smoke/key", auth: apiKey(KEY) }];
        return proveRefused({ url, callers, timeoutSeconds: 5, patienceSeconds: 0.01 });
    };

    it("is 503 with Retry-After", async () =>
        assert.match(await refused(503, { "retry-after": "60" }), /^smoke\/key got 503 .*, Retry-After 60$/));

    const others: [status: number, headers: Record<string, string>, problem: RegExp][] = [
        [503, {}, /got 503 without Retry-After/],
        [502, { "retry-after": "60" }, /got 502 instead of 503/],
        [401, {}, /got 401 instead of 503/],
    ];
    for (const [status, headers, problem] of others)
        it(`is not ${status} ${Object.keys(headers).length > 0 ? "with" : "without"} Retry-After`, async () =>
            assert.rejects(refused(status, headers), problem));
});
