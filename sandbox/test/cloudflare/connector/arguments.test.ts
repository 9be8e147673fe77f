/**
 * Proves that the emulator accepts the command lines of `cloudflared tunnel run` that operators use, and rejects all
 * others.
 */
import assert from "node:assert/strict";
import { duration, parseArguments, UsageError } from "../../../cloudflare/connector/arguments";
import { parseToken } from "../../../cloudflare/connector/token";

const parse = (line: string, environment: Record<string, string> = {}) => parseArguments(line.split(" "), environment);
const DEFAULTS = {
    command: "run",
    metrics: undefined,
    graceMilliseconds: 30_000,
    edges: ["e:1"],
    caFile: undefined,
    level: "info",
    retries: 5,
    token: undefined,
    tokenFile: undefined,
};

describe("cloudflared emulator: command line", () => {
    it("accepts the form of the systemd service", () => {
        assert.deepEqual(parse("--no-autoupdate tunnel --edge e:1 run --token-file /etc/cloudflared/token"), {
            ...DEFAULTS,
            tokenFile: "/etc/cloudflared/token",
        });
    });

    it("accepts the form of the container, also with = and with one dash", () => {
        const line =
            "tunnel --no-autoupdate -metrics=0.0.0.0:2000 --grace-period 2m30s --edge e:1 --edge e:2 --cacert /ca --loglevel debug run";
        assert.deepEqual(parse(line, { TUNNEL_TOKEN: "t" }), {
            ...DEFAULTS,
            metrics: "0.0.0.0:2000",
            graceMilliseconds: 150_000,
            edges: ["e:1", "e:2"],
            caFile: "/ca",
            level: "debug",
            token: "t",
        });
    });

    it("prefers a flag to its variable", () => {
        const variables = {
            NO_AUTOUPDATE: "true",
            TUNNEL_EDGE: "e:1, e:2",
            TUNNEL_RETRIES: "2",
            TUNNEL_METRICS: "m:1",
        };
        const read = parse("tunnel --metrics m:2 run --token a", { ...variables, TUNNEL_TOKEN: "b" });
        assert.deepEqual(read, { ...DEFAULTS, edges: ["e:1", "e:2"], retries: 2, metrics: "m:2", token: "a" });
    });

    it("knows its version and the probe", () => {
        assert.deepEqual(parse("--version"), { command: "version" });
        const variables = { TUNNEL_METRICS: "b:1" };
        assert.deepEqual(parse("tunnel --metrics a:1 ready", variables), { command: "ready", metrics: "a:1" });
        assert.deepEqual(parse("tunnel ready", variables), { command: "ready", metrics: "b:1" });
        assert.deepEqual(parse("tunnel ready"), { command: "ready", metrics: undefined });
    });

    const run = "--no-autoupdate tunnel --edge e:1";
    const refused: [line: string, environment: Record<string, string>, problem: RegExp][] = [
        ["access login x", {}, /unsupported by the sandbox: command access/],
        ["tunnel create x", {}, /unsupported by the sandbox: tunnel argument create/],
        [`${run} --region us run`, {}, /unsupported by the sandbox: flag --region/],
        [`${run} run my-tunnel`, {}, /unsupported by the sandbox: run argument my-tunnel/],
        [`${run} run --metrics a:1`, {}, /flag provided but not defined: -metrics/],
        [`${run} --url http://a run`, {}, /flag provided but not defined: -url/],
        [`${run} run --token`, {}, /flag needs an argument: -token/],
        [`${run} --protocol quic run`, {}, /unsupported by the sandbox: protocol quic/],
        [`${run} --grace-period 30 run`, {}, /invalid value for flag -grace-period: 30/],
        [`${run} --loglevel loud run`, {}, /unknown log level: loud/],
        ["tunnel --edge e:1 run", {}, /unsupported by the sandbox: automatic updates\. Pass --no-autoupdate/],
        ["--no-autoupdate tunnel run", {}, /Pass --edge or set TUNNEL_EDGE/],
        ["--no-autoupdate tunnel --edge e run", {}, /must be host:port \(got e\)/],
        [
            `${run} run`,
            { TUNNEL_ORIGIN_CERT: "/x" },
            /unsupported by the sandbox: environment variables TUNNEL_ORIGIN_CERT/,
        ],
        [run, {}, /all commands except `cloudflared tunnel run`/],
    ];
    for (const [line, environment, problem] of refused)
        it(`rejects ${line} ${Object.keys(environment).join(" ")}`, () => {
            assert.throws(
                () => parse(line, environment),
                (error) => error instanceof UsageError && problem.test(error.message),
            );
        });

    it("reports every problem at once", () => {
        assert.throws(
            () => parse("tunnel --loglevel x run"),
            /Pass --no-autoupdate\.\nunknown log level: x\nunsupported by the sandbox/,
        );
    });

    it("parses Go durations", () => {
        assert.deepEqual(["0", "1h30m", "500ms", "1.5s"].map(duration), [0, 5_400_000, 500, 1500]);
        assert.deepEqual(["", "5", "1d", "s"].map(duration), [undefined, undefined, undefined, undefined]);
    });
});

describe("cloudflared emulator: token", () => {
    const id = "6ff42ae2-765d-4adf-8112-31c55c1551ef";
    const text = (fields: object) => Buffer.from(JSON.stringify(fields)).toString("base64");

    it("decodes account, tunnel and secret", () => {
        const token = parseToken(`${text({ a: "acc", t: id, s: "c2VjcmV0" })}\n`);
        assert.deepEqual(token, { accountTag: "acc", tunnelId: id, secret: "c2VjcmV0" });
    });

    for (const bad of [
        "",
        "§",
        "bm90IGpzb24=",
        text({ a: "acc", t: id }),
        text({ a: "acc", t: "x", s: "y" }),
        "bnVsbA==",
    ])
        it(`rejects ${bad || "an empty one"} without repeating it`, () => {
            assert.throws(() => parseToken(bad), { message: "Provided Tunnel token is not valid." });
        });
});
