// Proves the figures of `consumer usage`, from log lines of the gateway's emulator and from a fake Prometheus. Also proves
// that it prints nothing of a line that is not from the access log.
import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type RequestListener } from "node:http";
import { join } from "node:path";
import { stringify } from "yaml";
import { accessLogSettings, CONSUMER_VARIABLE, CREDENTIAL_VARIABLE } from "../../../../components/apisix/access-log";
import { VERIFIER } from "../../../../components/opt/conversion-phases";
import { readAccessLog } from "../../../../ops/consumer/usage/access-log";
import { readPeriod } from "../../../../ops/consumer/usage/period";
import { readPrometheus } from "../../../../ops/consumer/usage/prometheus";
import { bar } from "../../../../ops/consumer/usage/render";
import type { Context } from "../../../../sandbox/gateway/request/context";
import { AccessLog } from "../../../../sandbox/gateway/observed/access-log";
import { observedOf } from "../../../../sandbox/workloads/gateway-settings/observed";
import { bench, exits, STACK_FILE, TODAY } from "../kit";
import { serve } from "../../kit/http";

const PERIOD = readPeriod("7d", new Date(TODAY))!;

interface Request {
    consumer?: string;
    credential?: string;
    status?: number;
    /** Requests left in the caller's limit, if the answer has the header. */
    remaining?: string;
    /** Seconds of each attempt, with Alpa's status. */
    upstream?: [seconds: number, status: string][];
    sent?: number;
    /** Minutes before now; negative: in the future. */
    ago?: number;
}

const digest = (consumer: string, id: string) => createHash("sha1").update(`${consumer}.${id}`).digest("hex");

/** A log line of the gateway about a completed request. */
function line({ consumer = "", credential = "", status = 200, remaining, upstream, sent = 500, ago = 60 }: Request) {
    const written: string[] = [];
    const { accessLog } = observedOf(stringify({ nginx_config: accessLogSettings() }));
    const log = new AccessLog(accessLog!, (text) => written.push(text));
    const tries = upstream ?? (status === 200 ? [[1.5, "200"] as [number, string]] : []);
    const id = consumer === "" || credential === "" ? "" : digest(consumer, credential);
    const values: Record<string, string | undefined> = {
        uri: "/alpa/completions",
        remote_addr: "10.20.96.7",
        sent_http_x_ratelimit_remaining: remaining,
    };
    const ctx = {
        variables: new Map([
            ...log.variables,
            [CONSUMER_VARIABLE, consumer] as const,
            [CREDENTIAL_VARIABLE, id] as const,
        ]),
        upstreamTries: tries.map(() => ({ start: 0, end: 1 })),
        upstreamStatuses: tries.map(([, of]) => of),
        lookup: (name: string) => values[name],
    };
    const seconds = tries.map(([one]) => one);
    log.add(ctx as unknown as Context, { status, requestSeconds: 2, upstreamSeconds: seconds, received: 300, sent });
    // The log uses the machine's clock.
    const at = new Date(Date.parse(TODAY) - ago * 60_000).toISOString().replace(/\.\d+Z$/, "+00:00");
    return written[0].replace(/"time":"[^"]+"/, `"time":"${at}"`);
}

const ALICE = "alpa-auth_alice";
const LOG = [
    line({ consumer: ALICE, credential: "a1", upstream: [[2.25, "200"]], sent: 1000 }),
    line({ consumer: ALICE, credential: "a1", upstream: [[0.1, "502"], [2.2, "200"]], sent: 200 }), // oxfmt-ignore
    line({ consumer: ALICE, credential: "a2", status: 429, remaining: "0", upstream: [] }),
    line({ consumer: ALICE, credential: "a2", status: 429, upstream: [] }),
    line({ consumer: ALICE, credential: "a2", status: 429, remaining: "0", upstream: [] }),
    line({ consumer: ALICE, credential: "a1", status: 422, upstream: [[0.5, "422"]] }),
    line({ status: 401 }),
    line({ consumer: "alpa-auth_eve", credential: "x" }),
    line({ consumer: "other_alice" }),
    line({ consumer: `alpa-auth_${VERIFIER}` }),
].join("\n");

async function used(stdin: string, ...args: string[]) {
    const { out, note } = await exits(0, bench({ stdin }).ops("consumer", "usage", "--log", "-", "--json", ...args));
    return { note, ...JSON.parse(out) };
}
const row = (callers: any[], name: string | null) => callers.find(({ caller }) => caller === name);

describe("ops consumer usage of the access log", () => {
    it("sums requests, successes, seconds of Alpa and bytes of a caller", async () => {
        const { callers, source, isEstimate } = await used(LOG);
        const { requests, successes, upstreamSeconds, bytesSent, kind } = row(callers, "alice");
        assert.deepEqual([requests, successes, upstreamSeconds, bytesSent], [6, 2, 5.05, 3200]);
        assert.deepEqual([kind, source, isEstimate], ["caller", "log", false]);
    });

    it("separates rejections by the gateway's reason, and Alpa's by their status", async () => {
        const { callers } = await used(LOG);
        assert.deepEqual(row(callers, "alice").unsuccessful, [
            { status: 429, reason: "too-many-requests", requests: 2 },
            { status: 422, reason: null, requests: 1 },
            { status: 429, reason: "too-many-open-requests", requests: 1 },
        ]);
        assert.deepEqual(row(callers, null).unsuccessful, [{ status: 401, reason: "not-authenticated", requests: 1 }]);
    });

    it("lists callers without a request with 0, and marks those that the stack does not have", async () => {
        const { callers } = await used(LOG);
        assert.deepEqual(
            callers.map(({ caller, kind, requests }: any) => [caller, kind, requests]),
            [
                ["alice", "caller", 6],
                [null, "no-caller", 1],
                [VERIFIER, "verification", 1],
                ["eve", "unknown", 1],
                ["other_alice", "unknown", 1],
                ["tokens", "caller", 0],
            ],
        );
    });

    it("recognizes the stack's callers in another namespace", async () => {
        const text = STACK_FILE.replace("config:", "config:\n    alpa-auth:namespace: llm");
        const stdin = line({ consumer: "llm_alice" });
        const { out } = await bench({ text, stdin }).ops("consumer", "usage", "--log", "-", "--json");
        const { callers } = JSON.parse(out);
        assert.deepEqual(
            callers.map(({ caller, requests }: any) => [caller, requests]),
            [
                ["alice", 1],
                ["tokens", 0],
            ],
        );
    });

    it("has a row for each credential with --by credential, and no digest otherwise", async () => {
        const { callers } = await used(LOG, "--by", "credential");
        const of = callers.map(({ caller, credential, digest: id, requests }: any) => [
            caller,
            credential,
            id,
            requests,
        ]);
        assert.deepEqual(of.slice(0, 2), [
            ["alice", "a1", digest(ALICE, "a1"), 3],
            ["alice", "a2", digest(ALICE, "a2"), 3],
        ]);
        assert.ok(of.some((one: unknown[]) => one[0] === "alice" && one[1] === "old" && one[3] === 0));
        assert.ok(
            of.some((one: unknown[]) => one[0] === "eve" && one[1] === null && one[2] === digest("alpa-auth_eve", "x")),
        );
        for (const form of [[], ["--json"], ["--csv"]]) {
            const { out, note } = await bench({ stdin: LOG }).ops("consumer", "usage", "--log", "-", ...form);
            assert.doesNotMatch(out + note, /[0-9a-f]{40}/);
        }
    });

    it("counts only lines of the period, by their time", async () => {
        const stdin = [line({ ago: 30 }), line({ ago: 89 }), line({ ago: 91 }), line({ ago: 8 * 24 * 60 })].join("\n");
        const { callers, lines, from, to } = await used(stdin, "--since", "90m");
        assert.equal(row(callers, null).requests, 2);
        assert.deepEqual([lines.counted, lines.older], [2, 2]);
        assert.deepEqual([from, to], ["2026-11-25T10:30:00.000Z", "2026-11-25T12:00:00.000Z"]);
        assert.equal(row((await used(stdin, "--since", "24h")).callers, null).requests, 3);
        assert.equal(row((await used(stdin)).callers, null).requests, 3);
    });

    it("omits lines more than 5 minutes in the future, and says how many", async () => {
        const { lines, note } = await used([line({ ago: -4 }), line({ ago: -6 }), line({ ago: -60 })].join("\n"));
        assert.deepEqual([lines.counted, lines.ahead], [1, 2]);
        assert.match(note, /2 more than 5 minutes ahead of this machine's clock/);
    });

    it("says on standard error how many lines are not of the log, and prints nothing of these lines", async () => {
        const secret = "the-key-of-alice";
        const valid = line({ consumer: ALICE });
        const others = [
            `2026/11/25 11:00:00 [error] 45#45: GET /alpa?apikey=${secret}`,
            `{"apikey":"${secret}"}`,
            valid.replace('"reason":""', `"reason":"${secret} x"`),
            valid.replace(/"time":"[^"]+"/, `"time":"${secret}"`),
            valid.replace("200", `"${secret}"`),
            `[pod/apisix] ${valid}`,
            valid.slice(0, -1),
            "null",
            `"${secret}"`,
        ];
        const stdin = [...others, valid, "", ""].join("\r\n");
        for (const form of [[], ["--json"], ["--csv"]]) {
            const { out, note } = await exits(0, bench({ stdin }).ops("consumer", "usage", "--log", "-", ...form));
            assert.match(note, /Counted 1 of 10 lines; not counted: 9 not of the access log\./);
            assert.ok(!(out + note).includes(secret));
        }
    });

    it("reports that the log begins within the period", async () => {
        assert.match(
            (await used(line({ ago: 60 }))).note,
            /The oldest line of the log is from 2026-11-25T11:00:00\.000Z/,
        );
        assert.doesNotMatch((await used(line({ ago: 8 * 24 * 60 }))).note, /oldest/);
    });

    it("reads a file, in chunks of any size", async () => {
        const one = bench();
        const file = join(one.folder, "gateway.log");
        writeFileSync(file, `${LOG}\n`);
        const { out } = await exits(0, one.ops("consumer", "usage", "--log", file, "--json"));
        assert.equal(row(JSON.parse(out).callers, "alice").requests, 6);
        const bytes = Buffer.from(LOG.replace("eve", "évé"));
        const parts = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) => bytes.subarray(i * 7, i * 7 + 7));
        const { tally, lines } = await readAccessLog(asStream(parts), PERIOD, "caller");
        assert.equal(lines.counted, 10);
        assert.ok(tally.figures().some(([{ consumer }]) => consumer === "alpa-auth_évé"));
    });

    it("skips a line that is longer than any of the log", async () => {
        const long = line({}).replace("{", `{"more":"${"x".repeat(200_000)}",`);
        const parts = long.match(/.{1,10000}/g)!;
        const { lines } = await readAccessLog(asStream([...parts, `\n${line({})}\n`]), PERIOD, "caller");
        assert.deepEqual([lines.read, lines.counted, lines.other], [2, 1, 1]);
    });

    for (const [what, stdin] of [
        ["is empty", ""],
        ["has no line of the access log", "2026/11/25 [error] of APISIX\n"],
    ])
        it(`is an error when the log ${what}: zeros would look like figures`, async () => {
            const { code, out, note } = await bench({ stdin }).ops("consumer", "usage", "--log", "-", "--csv");
            assert.deepEqual([code, out], [2, ""]);
            assert.match(note, /--log: must have lines of the access log \(standard input has [01] lines/);
        });
});

async function* asStream<T>(parts: T[]): AsyncGenerator<T> {
    yield* parts;
}

describe("ops consumer usage prints", () => {
    const print = (stdin: string, ...args: string[]) =>
        bench({ stdin }).ops("consumer", "usage", "--log", "-", ...args);

    it("a table with a bar for each caller, the longest for the most requests", async () => {
        const { out } = await print(LOG);
        const [alice, none, , eve, , tokens] = out.split("\n").filter((one) => /^│ [a-z(]/.test(one)).slice(1); // oxfmt-ignore
        assert.match(alice, /│ alice +│ 6 +│ █{20} │ 2 +│ 2 × 429 too-many-requests +│ 5\.0 +│ 3200 +│/);
        assert.match(none, /│ \(no caller\) +│ 1 +│ ███▍ +│ 0 +│ 1 × 401 not-authenticated/);
        assert.match(eve, /│ eve \(not in the config\) /);
        assert.match(tokens, /│ tokens +│ 0 +│ {22}│ 0 /);
    });

    it("the table that the docs show", async () => {
        const team = (consumer: string, times: number, request: Request) =>
            Array.from({ length: times }, () => line({ consumer: `alpa-auth_${consumer}`, ...request }));
        const stdin = [
            ...team("mbzuai-nlp", 412, { upstream: [[2.31, "200"]], sent: 640 }),
            ...team("mbzuai-nlp", 9, { status: 504, upstream: [[120, "504"]], sent: 350 }),
            ...team("team-b", 57, { upstream: [[1.75, "200"]], sent: 580 }),
            ...team("team-b", 31, { status: 429, remaining: "0", upstream: [], sent: 410 }),
            ...Array.from({ length: 4 }, () => line({ status: 401, sent: 300 })),
        ].join("\n");
        const consumers = ["mbzuai-nlp", "team-b"].map((name) => ({ name, credentials: [] }));
        const text = stringify({ config: { "alpa-auth:option": "intra-a", "alpa-auth:consumers": consumers } });
        const { out } = await bench({ text, stdin }).ops("consumer", "usage", "--log", "-");
        const page = readFileSync(join(__dirname, "../../../../docs/operate/watch.md"), "utf8");
        assert.ok(page.includes(`\`\`\`text\n${out}\`\`\``), out);
    });

    it("a bar of at most 20 characters, which is never empty for a caller with a request", () => {
        assert.deepEqual([bar(0, 9), bar(1, 1_000_000), bar(9, 9)], ["", "▏", "█".repeat(20)]);
        for (let n = 0; n <= 1000; n++) assert.ok([...bar(n, 1000)].length <= 20);
    });

    it("CSV with a header, and a field for each figure", async () => {
        const { out } = await print(LOG, "--csv");
        assert.ok(out.endsWith("\r\n"));
        const [head, alice] = out.split("\r\n");
        assert.equal(
            head,
            "stack,from,to,caller,kind,requests,successes,unsuccessful,unsuccessful_by_reason,upstream_seconds,bytes_sent",
        );
        const period = "2026-11-18T12:00:00.000Z,2026-11-25T12:00:00.000Z";
        const reasons = "too-many-requests=2;422=1;too-many-open-requests=1";
        assert.equal(alice, `intra,${period},alice,caller,6,2,4,${reasons},5.050,3200`);
    });

    for (const [what, consumer, field] of [
        ["an equals sign", '=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
        ["a plus", "+1", "'+1"],
        ["a minus", "-1", "'-1"],
        ["an at sign", "@SUM(A1)", "'@SUM(A1)"],
        ["a comma and a line", "a,b\r\nc", '"a,b??c"'],
    ])
        it(`CSV that no spreadsheet interprets as a formula, with a name from the log that has ${what}`, async () => {
            const text = line({}).replace('"consumer":""', `"consumer":${JSON.stringify(consumer)}`);
            const { out } = await print(text, "--csv");
            assert.ok(out.includes(`Z,${field},unknown,1,`), out);
        });

    it("no control character of a name from the log", async () => {
        const text = line({}).replace('"consumer":""', '"consumer":"a\\u001b[31mb"');
        for (const form of [[], ["--csv"], ["--json"]]) assert.ok(!(await print(text, ...form)).out.includes("\u001b"));
    });
});

describe("ops consumer usage of Prometheus", () => {
    type Result = [labels: Record<string, string>, value: string][];
    const GATEWAYS: Result = [[{}, "2"]];
    const STATUSES: Result = [
        [{ consumer: ALICE, code: "200" }, "41.7"],
        [{ consumer: ALICE, code: "429" }, "3.2"],
        [{ consumer: ALICE, code: "504" }, "0.2"],
        [{ consumer: "", code: "401" }, "7"],
    ];
    const BYTES: Result = [[{ consumer: ALICE }, "20850.4"], [{}, "70"]]; // oxfmt-ignore
    /** The three queries, each with Prometheus' answer. */
    const prometheus = (results: Record<string, Result>, asked: URL[] = [], more: object = {}) =>
        serve((request, response) => {
            const url = new URL(request.url!, "http://127.0.0.1");
            asked.push(url);
            const query = url.searchParams.get("query")!;
            const [, result] = Object.entries(results).find(([metric]) => query.includes(metric))!;
            const vector = result.map(([metric, value]) => ({ metric, value: [1764072000.1, value] }));
            response.setHeader("Content-Type", "application/json");
            response.end(
                JSON.stringify({ status: "success", data: { resultType: "vector", result: vector }, ...more }),
            );
        });
    const all = { apisix_node_info: GATEWAYS, apisix_http_status: STATUSES, apisix_bandwidth: BYTES };
    const ask = (address: string, ...args: string[]) =>
        bench().ops("consumer", "usage", "--prometheus", address, ...args);

    it("sums statuses and bytes, rounded, and has no seconds of Alpa", async () => {
        const { out, note } = await exits(0, ask(await prometheus(all), "--json"));
        const { callers, source, isEstimate, lines } = JSON.parse(out);
        assert.deepEqual([source, isEstimate, lines], ["prometheus", true, null]);
        assert.deepEqual(row(callers, "alice"), {
            caller: "alice",
            kind: "caller",
            requests: 45,
            successes: 42,
            unsuccessful: [{ status: 429, reason: null, requests: 3 }],
            upstreamSeconds: null,
            bytesSent: 20850,
        });
        assert.deepEqual([row(callers, null).requests, row(callers, null).bytesSent], [7, 70]);
        assert.deepEqual([row(callers, "tokens").requests, row(callers, "tokens").upstreamSeconds], [0, null]);
        assert.match(note, /Estimates: .*contain neither Alpa's time by caller nor the reasons of rejections/);
    });

    it("shows unknown values as unknown, and as empty in CSV", async () => {
        const address = await prometheus(all);
        assert.match((await ask(address)).out, /│ alice .*│ unknown │ 20850 /);
        assert.match((await ask(address, "--csv")).out, /,alice,caller,45,42,3,429=3,,20850\r\n/);
    });

    it("queries only the period, and the routes of the stack's namespace", async () => {
        const asked: URL[] = [];
        await ask(`${await prometheus(all, asked)}/prefix/`, "--since", "24h");
        assert.deepEqual(new Set(asked.map(({ pathname }) => pathname)), new Set(["/prefix/api/v1/query"]));
        const queries = asked.map(({ searchParams }) => searchParams.get("query")!).sort();
        assert.deepEqual(queries, [
            "count(last_over_time(apisix_node_info[24h]))",
            'sum by (consumer) (increase(apisix_bandwidth{type="egress",route=~"alpa-auth_alpa.*"}[24h]))',
            'sum by (consumer, code) (increase(apisix_http_status{route=~"alpa-auth_alpa.*"}[24h]))',
        ]);
    });

    for (const [what, results] of [
        ["statuses without a code", { ...all, apisix_http_status: [[{ consumer: ALICE }, "3"]] as Result }],
        ["an invalid number", { ...all, apisix_bandwidth: [[{ consumer: ALICE }, "NaN"]] as Result }],
    ] as const)
        it(`exits with 1 for ${what}`, async () => {
            const { code, out, note } = await ask(await prometheus(results));
            assert.deepEqual([code, out], [1, ""]);
            assert.match(note, /must have numbers by consumer and code/);
        });

    it("shows 0 for every caller where the gateway has had no request", async () => {
        const { code, out } = await ask(await prometheus({ ...all, apisix_http_status: [], apisix_bandwidth: [] }), "--json"); // oxfmt-ignore
        assert.equal(code, 0);
        assert.deepEqual(JSON.parse(out).callers.map((one: any) => one.requests), [0, 0]); // oxfmt-ignore
    });

    it("forwards a warning of Prometheus: figures may be partial", async () => {
        const { note } = await ask(await prometheus(all, [], { warnings: ["partial response\u001b[0m"] }));
        assert.match(note, /^warning: Prometheus says: partial response\?\[0m$/m);
    });

    const wrong: [what: string, listener: RequestListener, says: RegExp][] = [
        ["is not Prometheus", (_, response) => response.end("<html>Grafana</html>"), /must be the address of a Prometheus server \(\/api\/v1\/query returns HTTP 200\)/], // oxfmt-ignore
        ["has another answer", (_, response) => response.end('{"status":"success","data":{"resultType":"matrix","result":[]}}'), /must be the address of a Prometheus server/], // oxfmt-ignore
        ["requires a login", (_, response) => response.writeHead(401).end("no"), /returns HTTP 401/],
        ["rejects the query", (_, response) => response.writeHead(422).end('{"status":"error","errorType":"execution","error":"too many samples"}'), /rejects a query: execution: too many samples/], // oxfmt-ignore
        [
            "closes the connection",
            (request) => request.socket.destroy(),
            /does not answer \((UND_ERR_SOCKET|ECONNRESET)\)/,
        ],
    ];
    for (const [what, listener, says] of wrong)
        it(`exits with 1 and the reason when the server ${what}`, async () => {
            const { code, out, note } = await ask(await serve(listener));
            assert.deepEqual([code, out], [1, ""]);
            assert.match(note, says);
            assert.doesNotMatch(note, /\n +at /);
        });

    it("follows no redirect", async () => {
        let led = 0;
        const target = await serve((_, response) => void (led++, response.end("{}")));
        const { code, note } = await ask(
            await serve((_, response) => response.writeHead(302, { Location: target }).end()),
        );
        assert.deepEqual([code, led], [1, 0]);
        assert.match(note, /returns HTTP 302, a redirect, which is not followed/);
    });

    it("exits with 1 when nothing listens at the address", async () => {
        assert.match(
            (await exits(1, ask("http://127.0.0.1:1"))).note,
            /does not answer \((ECONNREFUSED|bad port)\)\. .*--prometheus http:\S+; or read the access log: --log/,
        );
    });

    it("times out when a server does not answer", async () => {
        const address = await serve(() => undefined);
        await assert.rejects(
            readPrometheus(address, "alpa-auth", PERIOD, () => undefined, 0.05),
            /does not answer within 0\.05 s/,
        );
    });

    it("exits with 1 when Prometheus has no metrics of a gateway", async () => {
        const { note } = await exits(1, ask(await prometheus({ ...all, apisix_node_info: [] })));
        assert.match(note, /has had no metrics of a gateway for 7d \(apisix_node_info\)/);
    });
});

describe("ops consumer usage rejects", () => {
    const rejected = async (args: string[], text = STACK_FILE) => {
        const one = bench({ text, stdin: LOG });
        mkdirSync(join(one.folder, "logs"));
        const { code, out, note } = await one.ops("consumer", "usage", ...args.map((arg) => arg.replace("FOLDER", one.folder))); // oxfmt-ignore
        assert.deepEqual([code, out], [2, ""]);
        return note;
    };

    for (const since of ["", "7", "7w", "0d", "-1d", "1.5h", "7 d", "d", "99999d", "7d; drop"])
        it(`--since ${JSON.stringify(since)}`, async () =>
            assert.match(
                await rejected(["--log", "-", `--since=${since}`]),
                /--since: must be minutes, hours or days/,
            ));

    it("a request without a source", async () =>
        assert.match(await rejected([]), /required\. Give --prometheus <url>, for example \S+, or --log <file>/));

    it("an invalid file", async () => {
        assert.match(await rejected(["--log", "FOLDER/none.log"]), /--log: .*none\.log cannot be read \(ENOENT\)/);
        assert.match(await rejected(["--log", "FOLDER/logs"]), /is a directory/);
    });

    for (const address of ["127.0.0.1:9090", "ftp://127.0.0.1", "http://127.0.0.1/?a=b", "http://u:s3cret@127.0.0.1"])
        it(`the address ${address}, without printing a password`, async () => {
            const note = await rejected(["--prometheus", address]);
            assert.match(note, /--prometheus: must be an address with http/);
            assert.ok(!note.includes("s3cret"));
        });

    it("option cloudflare, which has no gateway", async () =>
        assert.match(await rejected(["--log", "-"], STACK_FILE.replace("intra-a", "cloudflare")), /no gateway/));

    it("several problems at once", async () => {
        const both = ["--log", "FOLDER/none.log", "--prometheus", "x", "--since", "soon", "--by", "credential"];
        const note = await rejected([...both, "--json", "--csv"]);
        assert.match(note, /^6 problems/);
        for (const one of [
            "only one of them can be the source",
            "--by: ",
            "--prometheus: must",
            "none.log",
            "--since: ",
            "--json, --csv: ",
        ])
            // oxfmt-ignore
            assert.ok(note.includes(one), one);
    });
});
