import type { Limits } from "../../components/consumers/limits";
import { SERVER_CHECKS, type Sample } from "../../components/server-checks";
import {
    label,
    stackFlag,
    timeLimit,
    wholeNumber,
    withExamples,
    withJson,
    withStack,
    type AddCommand,
} from "../arguments";
import type { ListedCaller } from "../../config/keys/consumers/listed";
import type { Context } from "../context";
import { Failure, FindingsError, UsageError } from "../errors";
import { json, rightCell, table } from "../output";
import { addressProblem, type Credential } from "../service-call";
import { gatewayOf, serverOf } from "../stack/gateway";
import { limitsInForce } from "../stack/limits";
import { isEdge, readStack, type ReadStack } from "../stack/settings";
import { readOutputs, type Outputs, type Stack } from "../stack/stack";
import { Caller, type Expectation, type Row } from "./smoke-calls";
import { credentialsOf, type Presented } from "./smoke-credentials";
import { samplesOf, withoutLacking } from "./smoke-samples";

export const command: AddCommand = (check, context) =>
    withExamples(
        withJson(withStack(check.command("smoke"))),
        "check smoke --stack intra",
        "check smoke --consumer smoke-2 --most-requests 40 --json",
    )
        .description(
            "Call the running API as a test caller with every authentication method; exit with 3 on an unexpected answer",
        )
        .option(
            "--consumer <name>",
            "the test caller, used for nothing else: the check uses up its limit",
            label,
            SMOKE_CONSUMER,
        )
        .option("--most-requests <n>", "most requests that may reach the server", wholeNumber(1), 20)
        .option("--timeout <seconds>", "longest time for one answer", timeLimit, 120)
        .option("--url <url>", "another address of the same service (default: that of the stack)")
        .action((args) => smoke(context, args));

interface SmokeArgs {
    stack?: string;
    json?: boolean;
    consumer: string;
    mostRequests: number;
    timeout: number;
    url?: string;
}

/** Default name of the test caller. */
const SMOKE_CONSUMER = "smoke";

/** Concurrent requests while the limit is tested: one batch of Alpa. */
const AT_ONCE = 4;

/** Calls the service from outside as the test caller: each path, with valid and with invalid credentials. */
async function smoke(context: Context, args: SmokeArgs): Promise<void> {
    const stack = await readStack(context, args.stack);
    const access = isEdge(stack);
    const consumer = testCaller(stack, args.consumer, access);
    const outputs = await readOutputs(context, stack);
    const url = addressOf(stack, outputs, args.url);
    const checks = SERVER_CHECKS[serverOf(stack)];
    const { bearerKeys } = checks;
    const namespace = access ? undefined : gatewayOf(stack).namespace;
    const presented = await credentialsOf(consumer, outputs, { namespace, bearerKeys });
    const good = presented.filter(({ expect }) => expect === "answer");
    const target = { url, timeoutSeconds: args.timeout };
    const samples = await samplesOf(stack, consumer, checks, { ...target, credential: good[0]?.auth });
    // Each accepted request takes computing time of the server. The gateway answers those without a body itself.
    const needed = good.length * samples.filter(({ body }) => body !== undefined).length;
    if (needed > args.mostRequests)
        throw new UsageError([
            `--most-requests: must be at least ${needed} for ${good.length} credentials (got ${args.mostRequests}). Raise it, or use a caller with fewer credentials.`,
        ]);

    const caller = new Caller(target);
    const refused = access ? [401, 403, 302] : [401];
    const rows: Row[] = [];
    const ask = async (check: string, credential: string, auth: Credential | undefined, expected: Expectation) => {
        for (const sample of samples) rows.push(await caller.ask({ check, credential, sample, auth, expected }));
    };
    await ask("no credential", "", undefined, { refused });
    for (const { check, who, auth, expect } of presented)
        await ask(check, who, auth, expect === "answer" ? "answer" : { refused });
    if (good.length > 0 && !access)
        for (const { check, sample, status } of checks.rejected(samples)) {
            const { who: credential, auth } = good[0];
            rows.push(await caller.ask({ check, credential, sample, auth, expected: { refused: [status] } }));
        }
    const untried = good.length === 0 ? [`${consumer.name} has no credential that this check can use`] : [];
    untried.push(
        ...notTried(consumer, presented),
        ...(access ? [] : methodsNotTried(consumer.name, presented, stack.flag)),
    );
    const shared = consumer.class;
    const limit = access
        ? "the limit: the edge counts requests by IP address, which other callers may share"
        : shared !== undefined
          ? `the limit: other callers of class ${shared} may use all of its slots`
          : await limitRow(
                caller,
                samples[0],
                good[0],
                limitsInForce(stack, consumer.name),
                args.mostRequests - needed,
            );
    if (typeof limit === "string") untried.push(limit);
    else rows.push(limit);
    const { tried, lacking } = withoutLacking(rows, caller.lacking);
    report(context, args, {
        ...{ url, stack: stack.short, rows: tried, versions: caller.versions() },
        untried: [...untried, ...lacking],
    });
}

function testCaller(stack: ReadStack, name: string, access: boolean): ListedCaller {
    const consumer = stack.settings.callers.find((one) => one.name === name);
    const limits = access ? "" : "--requests 10 --per-seconds 60 ";
    if (consumer === undefined)
        throw new UsageError([
            `--consumer: must be a test caller (${stack.short} has no ${name}). Run: npm run ops -- consumer add ${name} ${limits}--yes${stack.flag}`,
        ]);
    return consumer;
}

function addressOf(stack: Stack, outputs: Outputs, given: string | undefined): string {
    const url = given ?? outputs.url;
    if (url === undefined)
        throw new UsageError([`--stack: ${stack.short} has no outputs yet. Run: pulumi up -s ${stack.short}`]);
    // Plain HTTP is allowed only if the stack's own address uses it.
    const allowHttp = outputs.url?.startsWith("http:") === true;
    const unusable = given === undefined ? undefined : addressProblem(given, allowHttp);
    if (unusable !== undefined) throw new UsageError([`--url: ${unusable}`]);
    return url;
}

function notTried(
    { name, credentials }: { name: string; credentials: { id: string; method: string; algorithm?: string }[] },
    presented: Presented[],
): string[] {
    const tried = new Set(presented.map(({ who }) => who));
    return credentials
        .filter(({ id }) => !tried.has(`${name}/${id}`))
        .map(({ id, method, algorithm }) =>
            method === "jwt" && algorithm !== "HS256"
                ? `${name}/${id}: only the caller has the private key for its tokens`
                : `${name}/${id}: is not in the stack's outputs; it may have expired`,
        );
}

/** Authentication methods of the gateway that are not tested, because the caller has no credential for them. */
function methodsNotTried(name: string, presented: Presented[], flag: string): string[] {
    const has = (check: string) => presented.some((one) => one.check === check);
    const add = (options: string) =>
        `Add one: npm run ops -- consumer add ${name} --credential ${options} --yes${flag}`;
    return [
        ...(has("key") ? [] : [`a key: ${name} has none in the stack's outputs. ${add("key")}`]),
        ...(has("token")
            ? []
            : [
                  `a token, an expired token and a token signed with another secret: ${name} has no HS256 secret in the stack's outputs. ${add("token --method jwt --algorithm HS256")}`,
              ]),
    ];
}

/** Sends requests until the limit rejects one, at most --most-requests. @returns a row, or why the limit was not tried */
async function limitRow(
    caller: Caller,
    sample: Sample,
    credential: Presented | undefined,
    limits: Limits,
    most: number,
): Promise<Row | string> {
    const { requests, perSeconds, concurrent } = limits;
    if (credential === undefined) return "the limit: the caller has no valid credential for this test";
    if (requests === undefined || perSeconds === undefined)
        return "the limit: limits.requests is not set for this caller";
    if (requests + 1 > most)
        return `the limit: testing it takes more than ${requests} requests, and --most-requests leaves ${most}`;
    let row: Row | undefined;
    const began = Date.now();
    for (let sent = 0; sent <= requests && row?.ok !== true;) {
        const group = Math.min(AT_ONCE, concurrent ?? AT_ONCE, requests + 1 - sent);
        const ask = { check: "limit", credential: credential.who, sample, auth: credential.auth };
        const asked = await Promise.all(Array.from({ length: group }, () => caller.ask({ ...ask, expected: "limit" })));
        sent += group;
        row = asked.find(({ ok }) => ok) ?? asked.find(({ got }) => got !== "200") ?? asked[0];
    }
    if (row!.got === "200" && Date.now() - began >= perSeconds * 1000)
        return `the limit: ${requests + 1} answers took longer than its window of ${perSeconds} s`;
    return row!;
}

interface Report {
    stack: string;
    url: string;
    rows: Row[];
    versions: string[];
    untried: string[];
}

function report(context: Context, args: SmokeArgs, result: Report): void {
    const { json: asJson } = args;
    const { rows, versions, untried, stack, url } = result;
    const head = ["check", "credential", "route", "got", "right", "ms", "problem"];
    context.out(
        asJson
            ? json({ stack, url, checks: rows, latency: latency(rows), versions, notTried: untried })
            : table(
                  head,
                  rows.map((row) => [
                      ...[row.check, row.credential, row.route, row.got, rightCell(row)],
                      ...[row.milliseconds === undefined ? "" : String(row.milliseconds), row.meaning],
                  ]),
                  "problem",
              ),
    );
    const { median, longest } = latency(rows);
    if (median !== undefined) context.note(`answers took ${median} ms (median), at most ${longest} ms.`);
    context.note(`server versions seen: ${versions.join(", ") || "unknown"}.`);
    // With --json, standard output is one document. It lists these checks in `notTried`.
    const say = asJson ? context.note : context.out;
    untried.forEach((one) => say(`not tried: ${one}.`));
    if (rows.every(({ got }) => !/^\d+$/.test(got)))
        throw new Failure(`smoke: no answer from ${url} (${rows[0].meaning}). Check the address and the network.`);
    const wrong = rows.filter(({ ok }) => !ok).length;
    if (wrong > 0)
        throw new FindingsError(
            `smoke: ${wrong} of ${rows.length} checks failed at ${url}. Read the rows with NO, then run: npm run ops -- consumer list --check${stackFlag(args)}`,
        );
    if (!rows.some(({ got }) => got === "200"))
        throw new Failure(
            `smoke: no credential to use at ${url}. Give the caller a key, a token of HS256 or a service token.`,
        );
    context.note(`smoke: all ${rows.length} checks passed, as seen from this machine.`);
}

/** Latency of the server's answers, in milliseconds. */
function latency(rows: Row[]): { median?: number; longest?: number } {
    const times = rows.flatMap(({ got, milliseconds }) =>
        got === "200" && milliseconds !== undefined ? [milliseconds] : [],
    );
    times.sort((a, b) => a - b);
    return times.length === 0 ? {} : { median: times[Math.floor(times.length / 2)], longest: times.at(-1) };
}
