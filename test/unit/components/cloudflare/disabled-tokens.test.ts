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

    it("warns about a token whose state is missing in the answer, and ignores a deleted token", async () => {
        const warned: string[] = [];
        const { warn } = pulumi.log;
        const log = pulumi.log as { warn: typeof warn };
        log.warn = async (text) => void warned.push(text);
        try {
            assert.equal(await problem([{ 1: undefined }]), "none");
        } finally {
            log.warn = warn;
        }
        assert.equal(warned.length, 1);
        assert.match(warned[0], /^consumers: lab\/a: enabled is false, but Cloudflare's API does not show whether/);
    });

    it("names each token that is still accepted, and says what to do", async () => {
        const [first, second, ...others] = (await problem([{ 1: true, 2: true }])).split("\n");
        assert.match(
            first,
            /^consumers: lab\/a: Cloudflare still accepts this token, .* Run: pulumi up --refresh\. .* PATH has .* older than 6\.20, .* from PATH, .* remove the credential and run: pulumi up$/,
        );
        assert.match(second, /^consumers: nlp\/a: Cloudflare still accepts this token/);
        assert.deepEqual(others, []);
    });

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
