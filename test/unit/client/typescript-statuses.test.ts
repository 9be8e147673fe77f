// Proves that the status of an answer decides which error the TypeScript client throws, whatever the body says, and that no
// rejection is ever a result.
import { strict as assert } from "node:assert";
import { readAnswer } from "../../../client/typescript/src/answer";
import { ApiKey, Jwt, ServiceToken, type Credential } from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";
import { far, token } from "./typescript-problems";
import { LOGPROBS, RESULT } from "./typescript-server";

type Type = abstract new (...given: any[]) => errors.AlpaClientError;
const PAGE = "<html><head><title>t</title></head></html>";
const BODIES: Record<string, string> = {
    "a completion": RESULT,
    "log probabilities": LOGPROBS,
    "the gateway's shape": '{"message":"m"}',
    "its other shape": '{"error_msg":"m"}',
    "Alpa's format without a stack trace": '{"type":"error","message":"m","stacktrace":""}',
    "a page": PAGE,
    nothing: "",
    null: "null",
};
const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const named = [401, 403, 429, 504, 524];
const others = (statuses: number[]) => statuses.filter((status) => !named.includes(status));
const STATUSES: [type: Type, withNone: Type, statuses: number[]][] = [
    [errors.RedirectError, errors.RedirectError, [0, ...from(300, 399)]],
    [errors.InvalidCredentialError, errors.MissingCredentialError, [401]],
    [errors.NotAllowedError, errors.MissingCredentialError, [403]],
    [errors.RateLimitedError, errors.RateLimitedError, [429]],
    [errors.AnswerTimeoutError, errors.AnswerTimeoutError, [504, 524]],
    [errors.ModelUnreachableError, errors.ModelUnreachableError, others(from(500, 599))],
    [errors.RequestRefusedError, errors.RequestRefusedError, others(from(400, 499))],
];
const CREDENTIALS: (Credential | undefined)[] = [
    undefined,
    new ApiKey("KEY-of-team"),
    new Jwt({ token: token({ alg: "HS256" }, far) }),
    new ServiceToken({ clientId: "id.access", clientSecret: "SECRET-of-team" }),
];

/** The thrown error; fails when there is a result. */
function thrown(status: number, text: string, headers: Record<string, string> = {}, auth?: Credential) {
    const isResult = () => true;
    const call = {
        url: "https://a.example/completions",
        auth,
        apiKey: false,
        redact: (said: string) => said,
        isResult,
    };
    const answer = { status, headers: new Headers(headers), text, milliseconds: 1 };
    try {
        assert.fail(`a result: ${JSON.stringify(readAnswer(answer, call))}`);
    } catch (error) {
        assert.ok(error instanceof errors.AlpaClientError, String(error));
        return error;
    }
}

describe("TypeScript client, by status", () => {
    for (const [type, withNone, statuses] of STATUSES)
        for (const [what, text] of Object.entries(BODIES))
            it(`throws ${type.name} for ${statuses.length === 1 ? statuses[0] : "its statuses"} with ${what}`, () => {
                for (const status of statuses)
                    for (const auth of CREDENTIALS) {
                        const error = thrown(status, text, { Location: "https://b.example/" }, auth);
                        assert.equal(error.constructor, auth === undefined ? withNone : type, String(status));
                        assert.equal(error.status, status);
                        assert.ok(error.nextStep.length > 10 && error.message.endsWith(error.nextStep));
                    }
            });

    it("throws AlpaError for Alpa's own statuses with a stack trace, and for nothing else", () => {
        const text = '{"type":"error","message":"m","stacktrace":"s"}';
        for (const status of [200, 400, 500]) assert.equal(thrown(status, text).constructor, errors.AlpaError);
        for (const status of [401, 403, 404, 429, 502, 503, 504])
            assert.notEqual(thrown(status, text).constructor, errors.AlpaError);
    });

    for (const ray of [{}, { "CF-Ray": "1-AMS" }] as Record<string, string>[])
        for (const number of [1003, 1006, 1010, 1020])
            it(`recognizes the edge's ${number} ${"CF-Ray" in ray ? "with" : "without"} its ray, whatever the credential`, () => {
                for (const auth of CREDENTIALS) {
                    const headers = { "Content-Type": "text/plain; charset=UTF-8", ...ray };
                    const error = thrown(403, `error code: ${number}\n`, headers, auth);
                    assert.equal(error.constructor, errors.NotAllowedError);
                    assert.match(error.message, new RegExp(`error code: ${number}`));
                    assert.match(error.nextStep, number === 1003 ? /the service's host name/ : /rule of the edge/);
                }
            });

    it("distinguishes the edge's 403 from the gateway's, with what to do about each", () => {
        const [, key, , pair] = CREDENTIALS;
        const ray = { "CF-Ray": "1-AMS", "Content-Type": "text/html" };
        assert.match(
            thrown(403, PAGE, ray, pair).nextStep,
            /Compare both parts.*is also possible that no policy admits the credential/,
        );
        assert.match(
            thrown(403, PAGE, ray, key).nextStep,
            /The edge requires a service token before a request reaches the gateway:/,
        );
        // The gateway may be behind the edge.
        assert.match(thrown(403, '{"message":"m"}', ray, key).nextStep, /known, but not admitted/);
        assert.match(thrown(403, '{"message":"m"}', {}, key).nextStep, /known, but not admitted/);
    });

    it("names the clock to correct when a token is rejected", () => {
        const jwt = CREDENTIALS[2];
        const date = (seconds: number) => ({ Date: new Date(Date.now() + seconds * 1000).toUTCString() });
        assert.match(thrown(401, "", date(7200), jwt).nextStep, /clock is 7\d\d\d s behind: set it/);
        assert.match(thrown(401, "", date(-7200), jwt).nextStep, /clock is 7\d\d\d s ahead: set it/);
        assert.doesNotMatch(thrown(401, "", date(10), jwt).nextStep, /clock/);
    });
});
