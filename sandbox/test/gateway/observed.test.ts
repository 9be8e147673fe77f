/**
 * Proves which metrics and log lines the emulator of APISIX writes for requests, with the settings file and the plugins that
 * the product renders, and that it rejects other settings. Names, labels and texts are those of APISIX 3.18.0.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { stringify } from "yaml";
import { accessLogSettings } from "../../../components/apisix/access-log";
import { METRICS_ATTRIBUTES, METRICS_PATH, metricsMetadata } from "../../../components/apisix/observability";
import { alpaChain, closedChain } from "../../../components/route/plugin-chain";
import { GUARD } from "../../../test/unit/components/route/guard-settings";
import { observedOf } from "../../workloads/gateway-settings/observed";
import { listen } from "../../processes/listen";
import { Kit } from "./kit";

const file = (nginx: object = {}, prometheus: object = {}) => {
    const log = accessLogSettings();
    return stringify({
        nginx_config: { ...log, ...nginx },
        plugin_attr: { prometheus: { ...METRICS_ATTRIBUTES, ...prometheus } },
    });
};

describe("metrics and log of the gateway", () => {
    const lines: string[] = [];
    const answers: [caller: string | null, status: number, check?: boolean][] = [];
    let kit: Kit;
    before(async () => {
        const { accessLog, metrics } = observedOf(file());
        kit = await Kit.start({
            accessLog: { ...accessLog!, write: (line) => lines.push(line) },
            metrics: { ...metrics!, refreshSeconds: 0 },
            onAnswer: ({ caller, status, check }) => void answers.push([caller, status, check]),
        });
        const observed = { counted: true, named: true };
        const plugins = (chain: { name: string; config: object }[]) =>
            Object.fromEntries(chain.map(({ name, config }) => [name, config]));
        await kit.put("/plugin_metadata/prometheus", metricsMetadata({}).prometheus);
        await kit.put("/services/s", { name: "team-a_alpa_0", upstream: kit.target });
        await kit.put("/routes/completions", {
            name: "team-a_alpa_completions",
            uri: "/alpa/completions",
            methods: ["POST"],
            service_id: "s",
            plugins: plugins(alpaChain("/completions", "team-a", GUARD, { observed })),
        });
        await kit.put("/routes/closed", {
            name: "team-a_alpa_closed",
            uri: "/*",
            priority: -10,
            service_id: "s",
            plugins: plugins(closedChain("/alpa", { observed })),
        });
        for (const [name, key] of [
            ["lab", "the-key-of-lab"],
            ["nlp", "the-key-of-nlp"],
        ]) {
            await kit.put(`/consumers/team-a_${name}`, { username: `team-a_${name}` });
            await kit.put(`/consumers/team-a_${name}/credentials/id-of-${name}`, { plugins: { "key-auth": { key } } });
        }
    });
    after(() => kit.stop());
    beforeEach(() => (lines.splice(0), answers.splice(0)));

    const metrics = async () => {
        const answer = await fetch(`http://127.0.0.1:${kit.gateway.metricsPort}${METRICS_PATH}`);
        assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "text/plain; charset=utf-8"]);
        return answer.text();
    };
    const JSON_BODY = { "Content-Type": "application/json" };
    const ask = (key?: string, path = "/alpa/completions", headers: Record<string, string> = {}) =>
        kit.send(path, { ...JSON_BODY, ...(key === undefined ? {} : { apikey: key }), ...headers });
    const line = async () => {
        for (let i = 0; i < 100 && lines.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
        assert.equal(lines.length, 1, lines.join("\n"));
        return JSON.parse(lines[0]) as Record<string, unknown>;
    };

    it("name caller and credential of a request that reached Alpa", async () => {
        const id = "0f0f0f0f-1111-2222-3333-444444444444";
        await ask("the-key-of-lab", undefined, { "X-Request-Id": id });
        const { time, request_time: all, upstream_time: alpa, bytes_sent, bytes_received, ...rest } = await line();
        assert.deepEqual(rest, {
            request_id: id,
            consumer: "team-a_lab",
            credential: "id-of-lab",
            route: "completions",
            status: 200,
            reason: "",
            client: "127.0.0.1",
        });
        assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
        assert.ok(Number(all) >= Number(alpa) && /^\d+\.\d{3}$/.test(String(alpa)), `${all} ${alpa}`);
        assert.ok(Number(bytes_sent) > 100 && Number(bytes_received) > 100, lines[0]);
    });

    const rejected: [what: string, send: () => Promise<unknown>, status: number, reason: string, route: string][] = [
        ["no credential", () => ask(), 401, "not-authenticated", "completions"],
        [
            "a wrong key",
            () => ask("made-up", undefined, { "X-Consumer-Username": "team-a_lab" }),
            401,
            "not-authenticated",
            "completions",
        ],
        ["a query string", () => ask("the-key-of-lab", "/other?apikey=the-key-of-lab"), 404, "no-such-path", "other"],
    ];
    for (const [what, send, status, reason, route] of rejected)
        it(`say why a request was rejected, and name no caller: ${what}`, async () => {
            await send();
            const found = await line();
            assert.deepEqual(
                [found.status, found.reason, found.route, found.consumer, found.credential, found.upstream_time],
                [status, reason, route, "", "", ""],
            );
        });

    it("include a report of each answer to the sandbox: its caller, errors of nginx, and checks by port forwarding", async () => {
        await ask("the-key-of-lab");
        await kit.send("/", { Host: "not a host" });
        await kit.send("/alpa/completions?evidence", {}, { host: "localhost" });
        assert.deepEqual(answers, [
            ["team-a_lab", 200, false],
            [null, 400, undefined],
            [null, 401, true],
        ]);
    });

    it("name the caller that disconnected before an answer, and say that Alpa is down", async () => {
        const silent = createServer((socket) => silent.emit("asked", socket));
        const { port, close } = await listen(silent);
        const upstream = { ...kit.target, nodes: { [`127.0.0.1:${port}`]: 1 } };
        await kit.put("/services/s", { name: "team-a_alpa_0", upstream });
        const asked = once(silent, "asked");
        const stop = new AbortController();
        const sent = fetch(`http://127.0.0.1:${kit.gateway.port}/alpa/completions`, {
            method: "POST",
            headers: { ...JSON_BODY, apikey: "the-key-of-lab" },
            body: '{"prompt":"p"}',
            signal: stop.signal,
        }).catch(() => undefined);
        await asked;
        stop.abort();
        await sent;
        const left = await line();
        assert.deepEqual(
            [left.status, left.reason, left.consumer, left.bytes_sent],
            [499, "caller-left", "team-a_lab", 0],
        );
        lines.splice(0);
        silent.on("asked", (socket: Socket) => socket.destroy());
        await ask("the-key-of-lab");
        const { status, reason, upstream_time } = await line();
        assert.deepEqual([status, reason], [502, "alpa-unreachable"]);
        assert.match(String(upstream_time), /^\d+\.\d{3}$/);
        assert.match(await metrics(), /^apisix_http_status\{code="502",.*response_source="nginx"\} 1$/m);
        await close();
        await kit.put("/services/s", { name: "team-a_alpa_0", upstream: kit.target });
    });

    it("contain no header, path, query string or body in a line, whatever its text", async () => {
        const secret = "s3cret-of-a-caller";
        await kit.send(
            `/${secret}?${secret}`,
            {
                ...JSON_BODY,
                apikey: secret,
                Authorization: secret,
                Cookie: secret,
                "X-Request-Id": secret,
                Referer: secret,
                "User-Agent": secret,
            },
            { body: JSON.stringify({ prompt: secret }) },
        );
        await line();
        assert.ok(!lines[0].includes(secret), lines[0]);
        assert.ok(!(await metrics()).includes(secret));
    });
});
