// Proves the figures of `consumer usage`, from a fake Prometheus, and how it prints them.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { type RequestListener } from "node:http";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { VERIFIER } from "../../../../components/opt/conversion-phases";
import { bench, EDGE_FILE, exits, STACK_FILE } from "../kit";
import { serve } from "../../kit/http";

type Result = [labels: Record<string, string>, value: string][];
const ALICE = "alpa-auth_alice";
const GATEWAYS: Result = [[{}, "2"]];
const STATUSES: Result = [
    [{ consumer: ALICE, code: "200" }, "41.7"],
    [{ consumer: ALICE, code: "422" }, "1"],
    [{ consumer: ALICE, code: "429" }, "3.2"],
    [{ consumer: ALICE, code: "504" }, "0.2"],
    [{ consumer: "", code: "401" }, "7"],
    [{ consumer: "other_alice", code: "200" }, "1"],
    [{ consumer: "alpa-auth_eve", code: "200" }, "2"],
    [{ consumer: `alpa-auth_${VERIFIER}`, code: "200" }, "3"],
];
const BYTES: Result = [[{ consumer: ALICE }, "20850.4"], [{}, "70"]]; // oxfmt-ignore
const ALL = { apisix_node_info: GATEWAYS, apisix_http_status: STATUSES, apisix_bandwidth: BYTES };

/** The three queries, each with Prometheus' answer. */
const prometheus = (results: Record<string, Result>, asked: URL[] = [], more: object = {}) =>
    serve((request, response) => {
        const url = new URL(request.url!, "http://127.0.0.1");
        asked.push(url);
        const query = url.searchParams.get("query")!;
        const [, result] = Object.entries(results).find(([metric]) => query.includes(metric))!;
        const vector = result.map(([metric, value]) => ({ metric, value: [1764072000.1, value] }));
        response.setHeader("Content-Type", "application/json");
        response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result: vector }, ...more }));
    });
const ask = (address: string, ...args: string[]) => bench().ops("consumer", "usage", "--prometheus", address, ...args);
const row = (callers: any[], name: string | null) => callers.find(({ caller }) => caller === name);

describe("ops consumer usage", () => {
    it("sums statuses and bytes of a caller, rounded", async () => {
        const { out, note } = await exits(0, ask(await prometheus(ALL), "--json"));
        const { callers, from, to } = JSON.parse(out);
        assert.deepEqual([from, to], ["2026-11-18T12:00:00.000Z", "2026-11-25T12:00:00.000Z"]);
        assert.deepEqual(row(callers, "alice"), {
            caller: "alice",
            kind: "caller",
            requests: 46,
            successes: 42,
            unsuccessful: [
                { status: 429, requests: 3 },
                { status: 422, requests: 1 },
            ],
            bytesSent: 20850,
        });
        assert.deepEqual([row(callers, null).requests, row(callers, null).bytesSent], [7, 70]);
        assert.match(note, /Estimates: /);
    });

    it("lists callers without a request with 0, and marks those that the stack does not have", async () => {
        const { out } = await ask(await prometheus(ALL), "--json");
        assert.deepEqual(
            JSON.parse(out).callers.map(({ caller, kind, requests }: any) => [caller, kind, requests]),
            [
                ["alice", "caller", 46],
                [null, "no-caller", 7],
                [VERIFIER, "verification", 3],
                ["eve", "unknown", 2],
                ["other_alice", "unknown", 1],
                ["tokens", "caller", 0],
            ],
        );
    });

    it("queries only the period, and the routes of the stack's namespace", async () => {
        const asked: URL[] = [];
        await ask(`${await prometheus(ALL, asked)}/prefix/`, "--since", "24h");
        assert.deepEqual(new Set(asked.map(({ pathname }) => pathname)), new Set(["/prefix/api/v1/query"]));
        const queries = asked.map(({ searchParams }) => searchParams.get("query")!).sort();
        assert.deepEqual(queries, [
            "count(last_over_time(apisix_node_info[24h]))",
            'sum by (consumer) (increase(apisix_bandwidth{type="egress",route=~"alpa-auth_alpa.*"}[24h]))',
            'sum by (consumer, code) (increase(apisix_http_status{route=~"alpa-auth_alpa.*"}[24h]))',
        ]);
    });

    for (const [what, results] of [
        ["statuses without a code", { ...ALL, apisix_http_status: [[{ consumer: ALICE }, "3"]] as Result }],
        ["an invalid number", { ...ALL, apisix_bandwidth: [[{ consumer: ALICE }, "NaN"]] as Result }],
    ] as const)
        it(`exits with 1 for ${what}`, async () => {
            const { code, out, note } = await ask(await prometheus(results));
            assert.deepEqual([code, out], [1, ""]);
            assert.match(note, /must have numbers by consumer and code/);
        });

    it("forwards a warning of Prometheus: figures may be partial", async () => {
        const { note } = await ask(await prometheus(ALL, [], { warnings: ["partial response\u001b[0m"] }));
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

    it("exits with 1 when Prometheus has no metrics of a gateway", async () => {
        const { note } = await exits(1, ask(await prometheus({ ...ALL, apisix_node_info: [] })));
        assert.match(note, /has had no metrics of a gateway for 7d \(apisix_node_info\)/);
    });
});

describe("ops consumer usage of an OpenAI-compatible server", () => {
    const model = (llm_model: string, value: string): Result[number] => [{ consumer: ALICE, llm_model }, value];
    const TOKENS = {
        apisix_node_info: GATEWAYS,
        apisix_llm_prompt_tokens: [model("b", "900.4"), model("a", "10")],
        apisix_llm_completion_tokens: [model("a", "5"), model("b", "70")],
        ai_uncounted: [[{ consumer: ALICE }, "3"]] as Result,
        apisix_http_status: STATUSES,
        apisix_bandwidth: BYTES,
    };
    const text = STACK_FILE.replace("alpa:", "openai:").replace("endpoints:", "models: [a, b]\n        endpoints:");
    const openai = async (...args: string[]) =>
        bench({ text }).ops("consumer", "usage", "--prometheus", await prometheus(TOKENS), ...args);

    it("has the tokens of each caller and model, and the number of uncounted answers", async () => {
        const { callers } = JSON.parse((await openai("--json")).out);
        assert.deepEqual(row(callers, "alice").tokens, {
            models: [
                { model: "a", prompt: 10, completion: 5 },
                { model: "b", prompt: 900, completion: 70 },
            ],
            uncountedAnswers: 3,
        });
        assert.deepEqual(row(callers, "eve").tokens, { models: [], uncountedAnswers: 0 });
    });
});

describe("ops consumer usage prints", () => {
    /** Figures with one request of a consumer. */
    const named = (consumer: string) =>
        prometheus({ ...ALL, apisix_http_status: [[{ consumer, code: "200" }, "1"]], apisix_bandwidth: [] });

    it("the table that the docs show", async () => {
        const team = (consumer: string, code: string, requests: number): Result[number] => [
            consumer === "" ? { code } : { consumer: `alpa-auth_${consumer}`, code },
            String(requests),
        ];
        const address = await prometheus({
            apisix_node_info: GATEWAYS,
            apisix_http_status: [
                team("mbzuai-nlp", "200", 412),
                team("mbzuai-nlp", "504", 9),
                team("team-b", "200", 57),
                team("team-b", "429", 31),
                team("", "401", 4),
            ],
            apisix_bandwidth: [
                [{ consumer: "alpa-auth_mbzuai-nlp" }, "266830"],
                [{ consumer: "alpa-auth_team-b" }, "45770"],
                [{}, "1200"],
            ],
        });
        const consumers = ["mbzuai-nlp", "team-b"].map((name) => ({ name, credentials: [] }));
        const text = stringify({ config: { ...parse(STACK_FILE).config, "alpa-auth:consumers": consumers } });
        const { out } = await bench({ text }).ops("consumer", "usage", "--prometheus", address);
        const page = readFileSync(join(__dirname, "../../../../docs/operate/watch.md"), "utf8");
        assert.ok(page.includes(`\`\`\`text\n${out}\`\`\``), out);
    });

    it("no control character of a name", async () => {
        const address = await named("a\u001b[31mb");
        for (const form of [[], ["--json"]]) assert.ok(!(await ask(address, ...form)).out.includes("\u001b"));
    });
});

describe("ops consumer usage rejects", () => {
    const rejected = async (args: string[], text = STACK_FILE) => {
        const { code, out, note } = await bench({ text }).ops("consumer", "usage", ...args);
        assert.deepEqual([code, out], [2, ""]);
        return note;
    };
    const ADDRESS = ["--prometheus", "http://127.0.0.1:9"];

    for (const since of ["", "7", "7w", "0d", "-1d", "1.5h", "7 d", "d", "99999d", "7d; drop"])
        it(`--since ${JSON.stringify(since)}`, async () =>
            assert.match(await rejected([...ADDRESS, `--since=${since}`]), /--since: must be minutes, hours or days/));

    for (const address of ["127.0.0.1:9090", "ftp://127.0.0.1", "http://127.0.0.1/?a=b", "http://u:s3cret@127.0.0.1"])
        it(`the address ${address}, without printing a password`, async () => {
            const note = await rejected(["--prometheus", address]);
            assert.match(note, /--prometheus: must be an address with http/);
            assert.ok(!note.includes("s3cret"));
        });

    it("option cloudflare, which has no gateway", async () =>
        assert.match(await rejected(ADDRESS, EDGE_FILE), /no gateway/));
});
