/** Runs the cases of calls, with a server that sends the answers of a case, or at an address. */
import { strict as assert } from "node:assert";
import { createRequire } from "node:module";
import * as net from "node:net";
import { Client } from "../../../client/typescript/src/index";
import * as errors from "../../../client/typescript/src/errors";
import { certificate, type Pair } from "../../certificates";
import { credentialOf, fill, here, VALUES, type Fields } from "./corpus";
import { shownOf } from "./typescript-redaction";
import { sendAnswer, Server, trust } from "./typescript-server";

/** A stopped clock for the client. A pause ends at once. `waits` records its length. */
export const clock = {
    now: 0,
    waits: [] as number[],
    /** @param fixed whether Date.now() returns the time of values.json instead of this machine's */
    start(fixed: boolean): void {
        clock.waits = [];
        clock.now = VALUES.now;
        timers.setTimeout = async (milliseconds: number) => void clock.waits.push(milliseconds / 1000);
        if (fixed) Date.now = () => clock.now * 1000;
    },
    stop: () => void Object.assign(Date, { now: realNow }, Object.assign(timers, { setTimeout: realPause })),
};
const timers = createRequire(__filename)("node:timers/promises");
const realPause = timers.setTimeout;
const realNow = Date.now;

/** Certificates by the kind of server. */
const pairs = new Map<string, Pair>();
let authority: Pair;

/** Creates the certificates, by this machine's clock. */
export async function prepareCertificates(): Promise<void> {
    const dates = { notBefore: new Date("2020-01-01"), notAfter: new Date("2020-02-01") };
    const by = (authority = await certificate(["authority"], { ca: true }));
    pairs.set("https", await certificate(["localhost"], { by }));
    pairs.set("https that has expired", await certificate(["localhost"], { by, ...dates }));
    pairs.set("https of another name", await certificate(["other.example"], { by }));
    pairs.set("https of an unknown authority", await certificate(["localhost"]));
}

interface Site {
    url: string;
    port: number;
    seen: Server["seen"];
    bodies: string[];
    close(): Promise<void>;
}

/** Starts a server that sends the `answers` one after the other. All further requests get the last answer. */
async function siteOf(kind: string, answers: Fields[]): Promise<Site> {
    if (kind === "http" || pairs.has(kind)) {
        const server = await Server.start(pairs.get(kind));
        const names = { port: server.port };
        server.respond = (_, { socket }, nth) =>
            sendAnswer(socket!, fill(answers[Math.min(nth, answers.length) - 1], names));
        const url = server.url.replace("https://127.0.0.1", "https://localhost");
        return { url, port: server.port, seen: server.seen, bodies: server.bodies, close: () => server.close() };
    }
    assert.ok(["bytes", "no TLS", "closed"].includes(kind), `${kind} is no kind of server`);
    const sockets = new Set<net.Socket>();
    const server = net.createServer((socket) => {
        sockets.add(socket.on("error", () => undefined).once("data", () => sendAnswer(socket, fill(answers[0]))));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    const close = () => {
        for (const socket of sockets) socket.destroy();
        return new Promise<void>((resolve) => void server.close(() => resolve()));
    };
    if (kind === "closed") await close();
    const url = `${kind === "no TLS" ? "https://localhost" : "http://127.0.0.1"}:${port}`;
    return { url, port, seen: [], bodies: [], close };
}

/** @param names values for the names in braces @param credentials those of the case's file */
export async function runCall(fields: Fields, names: Fields, credentials?: Fields): Promise<void> {
    const { method = "completions", server = "http", answers, address, path = "/alpa", times = 1 } = fields;
    for (const one of method === "both" ? ["completions", "logprobs"] : [method])
        for (let time = 0; time < times; time++) {
            const site = answers === undefined ? undefined : await siteOf(server, answers);
            const untrust = trust(server === "http" ? undefined : authority.certificate);
            try {
                const url = site === undefined ? fill(address, names) : site.url + path;
                clock.start(site !== undefined);
                const outcome = await outcomeOf(fields, one, url, names, credentials);
                check(outcome, fields);
                if (site !== undefined) checkRequests(site, fields);
            } finally {
                clock.stop();
                untrust();
                await site?.close();
            }
        }
}

async function outcomeOf(
    fields: Fields,
    method: string,
    url: string,
    names: Fields,
    credentials?: Fields,
): Promise<unknown> {
    const { auth = null, client = {}, later = 0, prompt = "a prompt", arguments: given = {}, handout, env } = fields;
    const options = { url, auth: credentialOf(auth, names, credentials), ...client };
    const made =
        handout !== undefined
            ? Client.fromCredentialsFile(fill(handout, names), { privateKey: fill(fields.privateKey, names) })
            : env !== undefined
              ? Client.fromEnv({}, fill(env, names))
              : new Client(options);
    clock.now += later;
    return (made as any)[method](fill(prompt), given).catch((error: unknown) => error);
}

function check(outcome: any, fields: Fields): void {
    const {
        error,
        says,
        lacks = [],
        status,
        retryAfterSeconds,
        requestId,
        sent,
        stacktrace,
        texts,
        waits = [],
    } = fields;
    assert.deepEqual(clock.waits, waits);
    if (error === undefined) {
        if (outcome instanceof Error) throw outcome;
        if (texts !== undefined)
            assert.deepEqual(
                outcome.choices.map(({ text }: { text: string }) => text),
                texts,
            );
        return;
    }
    assert.ok(outcome instanceof errors.AlpaClientError, String(outcome));
    const { message, nextStep } = outcome;
    assert.equal(outcome.name, here(error), message);
    assert.ok(nextStep.length > 10 && message.endsWith(nextStep));
    for (const text of [...lacks.map((one: string) => fill(one)), "a prompt"])
        assert.ok(!message.includes(text), message);
    assert.doesNotMatch(shownOf(outcome), /-of-team/i);
    assert.equal(outcome.cause, undefined, "a cause would contain the request");
    assert.ok(message.includes(here(says) ?? ""), message);
    same(outcome.status, status);
    same(outcome.requestId, here(requestId));
    same((outcome as errors.ConnectionFailedError).sent, sent);
    same((outcome as errors.AlpaError).stacktrace, here(stacktrace));
    if (!Array.isArray(retryAfterSeconds)) return same(outcome.retryAfterSeconds, retryAfterSeconds);
    const [least, most] = retryAfterSeconds;
    assert.ok(outcome.retryAfterSeconds! >= least && outcome.retryAfterSeconds! <= most, message);
}

/** Compares a value with the expected one, if the case has one. */
function same(value: unknown, expected: unknown): void {
    if (expected === "{any}") assert.ok(value);
    else if (expected !== undefined) assert.equal(value ?? null, expected);
}

function checkRequests({ seen, bodies }: Site, { requests = 1, sends = {} }: Fields): void {
    assert.equal(seen.length, requests, "requests");
    const { path, headers = {}, body } = fill(sends);
    if (path !== undefined) assert.deepEqual([seen[0].method, seen[0].url], ["POST", path]);
    if (body !== undefined) assert.equal(JSON.stringify(JSON.parse(bodies[0])), JSON.stringify(body));
    for (const [name, value] of Object.entries(headers)) {
        const arrived = seen[0].headers[name.toLowerCase()] as string | undefined;
        if (typeof value === "object" && value !== null) assert.deepEqual(JSON.parse(arrived!), value);
        else assert.equal(arrived ?? null, value, name);
    }
}
