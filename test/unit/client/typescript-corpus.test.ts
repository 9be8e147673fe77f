// Proves that the TypeScript client does what client/corpus says. Tests in client/python prove the same for the Python client.
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAnswer } from "../../../client/typescript/src/answer";
import { readCredentialsFile } from "../../../client/typescript/src/credentials-file";
import { readEnvironment } from "../../../client/typescript/src/environment";
import * as errors from "../../../client/typescript/src/errors";
import { Client, type ClientOptions } from "../../../client/typescript/src/index";
import { clock, prepareCertificates, runCall } from "./corpus-calls";
import { claimsOf, credentialOf, fill, here, runCorpus, VALUES, type Fields } from "./corpus";
import { RECORDED, runRecorded } from "./typescript-recorded";
import { runRedaction } from "./typescript-redaction";

let folder: string;
before(async () => {
    folder = mkdtempSync(join(tmpdir(), "alpa-auth-corpus-"));
    await prepareCertificates();
});
after(() => rmSync(folder, { recursive: true }));

let files = 0;
/** @returns the name of a file with this text */
function fileOf(text: string): string {
    const file = join(folder, `${files++}.md`);
    writeFileSync(file, text);
    return file;
}

const HEAD = "# Access to https://api.example.com/alpa\n\nCredential a/b. It works {until}.\n\n";
/** Files that a case uses, by the names in the case. */
const filesOf = () => ({
    "file of ES256": fileOf(fill("{ES256}")),
    "file of handout": fileOf(`${HEAD.replace("{until}", "until it is revoked")}    apikey: k 1\n`),
});

/**
 * Creates the client that a case describes.
 * @returns the client's options, and the client as a string. If a case describes only a credential, no client is
 * created and `shown` is undefined.
 */
function made(fields: Fields): { shown?: string; options: ClientOptions } {
    const { auth = null, client, env, until, page, text = page && HEAD.replace("{until}", until) + page } = fields;
    if (env !== undefined) {
        const given = Object.fromEntries(
            Object.entries(fill(env, filesOf())).filter(([, value]) => value !== null),
        ) as NodeJS.ProcessEnv;
        return { shown: String(Client.fromEnv(client, given)), options: readEnvironment(given, client?.url) };
    }
    if (text !== undefined) {
        const [file, privateKey] = [fileOf(text), fill(fields.privateKey)];
        const shown = String(Client.fromCredentialsFile(file, { privateKey }));
        return { shown, options: readCredentialsFile(file, privateKey) };
    }
    if (client === undefined) return { options: { auth: credentialOf(auth) } };
    return { shown: String(new Client({ ...client, auth: credentialOf(client.auth ?? null) })), options: {} };
}

/** `where: what must hold (got). What to do.` The advice may be missing if the first sentence says what to do. */
const FORM = /^[^:]+: (must be .* \(got .*\)\.|.*( \(.*\)|, since .*)\. [A-Z].*[^ ])$/;

async function runSettings(fields: Fields): Promise<void> {
    const { problems, error, says, shows = "", warns, headers = {}, claims, answerTimeoutSeconds } = fields;
    const warned = new Promise<Error>((resolve) => warns === undefined || process.once("warning", resolve));
    let found: ReturnType<typeof made>;
    try {
        clock.start(true);
        found = made(fields);
    } catch (thrown) {
        assert.ok(thrown instanceof errors.AlpaClientError, String(thrown));
        assert.equal(thrown.name, problems === undefined ? error : "ConfigurationError", thrown.message);
        assert.ok(thrown.message.includes(here(says) ?? ""), thrown.message);
        assert.doesNotMatch(`${thrown.stack}`, /S3CRET|PRIVATE KEY-----\n/);
        if (thrown instanceof errors.ConfigurationError) checkProblems(thrown.problems, problems);
        return;
    } finally {
        clock.stop();
    }
    assert.deepEqual([problems, error], [undefined, undefined], "nothing was rejected");
    assert.ok((found.shown ?? "").includes(shows), found.shown);
    if (warns !== undefined) assert.ok((await warned).message.includes(warns));
    if (answerTimeoutSeconds !== undefined) assert.equal(found.options.answerTimeoutSeconds, answerTimeoutSeconds);
    clock.start(true);
    const sent = await found.options.auth?.headers().finally(clock.stop);
    for (const [name, value] of Object.entries(fill(headers)))
        assert.deepEqual(typeof value === "object" ? JSON.parse(sent![name]) : sent![name], value);
    if (claims !== undefined) assert.deepEqual(claimsOf(sent!.Authorization), claims);
}

function checkProblems(found: string[], expected: unknown[]): void {
    assert.equal(found.length, expected.length, found.join("\n"));
    const plain = found.map((problem) => problem.replace(/^(Jwt|ServiceToken)\./, "").replace(/^ApiKey:/, "key:"));
    for (const start of expected.map(here))
        assert.ok(
            plain.some((problem) => problem.startsWith(start)),
            found.join("\n"),
        );
    for (const problem of found) assert.match(problem, FORM);
}

async function runStatus(fields: Fields, { bodies }: Fields): Promise<void> {
    const { statuses, body, error, withoutCredential = error } = fields;
    const isResult = (value: object) => "choices" in value || "logprobs" in value;
    const texts: string[] = body === undefined ? Object.values(bodies) : [body];
    for (const [first, last = first] of statuses.map((one: string) => one.split("-").map(Number)))
        for (let status = first; status <= last; status++)
            for (const auth of [undefined, ...Object.keys(VALUES.credentials).map((name) => credentialOf(name))])
                for (const text of texts.map((one) => fill(one))) {
                    const call = { url: "https://a.example", auth, apiKey: false, redact: String, isResult };
                    const headers = new Headers({ Location: "https://b.example/" });
                    const content = typeof text === "string" ? text : JSON.stringify(text);
                    const read = () => readAnswer({ status, headers, text: content, milliseconds: 1 }, call);
                    const name = auth === undefined ? withoutCredential : error;
                    assert.throws(read, { name, status }, `${status} with ${content}`);
                }
}

async function runTokens({ auth, calls, claims, after }: Fields): Promise<void> {
    clock.start(true);
    const tokens: string[] = [];
    try {
        const credential = credentialOf(auth)!;
        for (const [seconds, [number, end]] of Object.entries<number[]>(calls)) {
            clock.now = VALUES.now + Number(seconds);
            const { Authorization: sent } = await credential.headers();
            if (!tokens.includes(sent)) tokens.push(sent);
            assert.equal(claimsOf(sent).exp - VALUES.now, end, `at ${seconds} s`);
            assert.equal(tokens.indexOf(sent) + 1, number, `at ${seconds} s`);
        }
        if (claims !== undefined) assert.deepEqual(claimsOf(tokens[0]), claims);
        if (after === undefined) return;
        const [seconds, name] = after;
        clock.now = VALUES.now + seconds;
        await assert.rejects(credential.headers(), { name });
    } finally {
        clock.stop();
    }
}

runCorpus("", {
    call: (fields) => runCall(fields, {}),
    settings: runSettings,
    status: runStatus,
    tokens: runTokens,
    redaction: runRedaction,
    recorded: RECORDED.cases.length === 0 ? undefined : runRecorded,
});
