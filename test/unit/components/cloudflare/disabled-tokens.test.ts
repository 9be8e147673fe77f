// Proves that a run that disables a token fails while Cloudflare's API, which is a fake here, still reports the token
// as enabled.
import { strict as assert } from "node:assert";
import * as pulumi from "@pulumi/pulumi";
import { untilDisabled } from "../../../../components/cloudflare/disabled-tokens";
import { serve } from "../../kit/http";

const ACCOUNT = "0".repeat(32);
const SECRET = "s3cret".repeat(8);
const IDS = { "lab/a": "1", "nlp/a": "2" };

describe("untilDisabled", () => {
    let baseUrl: string;
    /**
     * Successive answers to requests for the list of tokens; the last one is repeated. Each is `enabled` by token id,
     * an HTTP status, or null for no answer.
     */
    let answers: (Record<string, boolean | undefined> | number | null)[];
    let asked: string[];

    beforeEach(async () => {
        asked = [];
        baseUrl = await serve((request, response) => {
            asked.push(request.url!.split("?")[0]);
            const answer = answers.length > 1 ? answers.shift()! : answers[0];
            if (answer === null) return;
            const isError = typeof answer === "number";
            response.writeHead(isError ? answer : 200, { "Content-Type": "application/json" });
            const result = isError ? null : Object.entries(answer).map(([id, enabled]) => ({ id, enabled }));
            const errors = isError ? [{ code: 10000, message: "Authentication error" }] : [];
            response.end(JSON.stringify({ result, errors }));
        });
    });

    const wait = (list: typeof answers, ids: Record<string, string> = IDS, seconds = 1) => {
        answers = list;
        return untilDisabled({ account: ACCOUNT, ids }, { token: SECRET, baseUrl }, seconds);
    };
    const problem = async (list: typeof answers): Promise<string> => {
        try {
            await wait(list);
        } catch (error) {
            assert.ok(pulumi.RunError.isInstance(error), "Pulumi prints only the message");
            assert.doesNotMatch((error as Error).message, /s3cret/);
            return (error as Error).message;
        }
        return "none";
    };

    it("sends no request where no token is disabled", async () => {
        await wait([], {});
        assert.deepEqual(asked, []);
    });

    it("ends when Cloudflare rejects all removed tokens, and ignores other tokens", async () => {
        await wait([{ 1: false, 2: false, 3: true }]);
        assert.deepEqual(asked, [`/accounts/${ACCOUNT}/access/service_tokens`]);
    });

    it("polls while a token is still accepted", async () => {
        await wait([{ 1: true, 2: false }, 503, { 1: false, 2: false }], IDS, 60);
        assert.equal(asked.length, 3);
    });

    it("does not accept an answer without the state of a token, and ignores a deleted token", async () =>
        assert.match(await problem([{ 1: undefined }]), /^consumers: lab\/a: .* does not report/));

    it("names each token that is still accepted, and says what to do", async () =>
        assert.match(
            await problem([{ 1: true, 2: true }]),
            /^consumers: lab\/a, nlp\/a: enabled is false, but Cloudflare does not report these tokens as disabled\. Run: pulumi up --refresh\. .* PATH has .* older than 6\.20, .* from PATH, .* remove the credentials and run: pulumi up$/,
        ));

    it("names the token that is still accepted, and not the rejected token", async () =>
        assert.doesNotMatch(await problem([{ 1: true, 2: false }]), /nlp/));

    it("does not treat an API that does not answer as a rejection of the tokens", async () => {
        assert.match(
            await problem([403]),
            /^consumers: lab\/a, nlp\/a: .*\(403, 10000 Authentication error\)\. Check later: npm run ops -- consumer list --check$/,
        );
        assert.match(await problem([null]), /^consumers: lab\/a, nlp\/a: .* Cloudflare's API did not confirm .* \(/);
    });
});
