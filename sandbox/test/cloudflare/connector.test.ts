/**
 * Proves the connector's own decisions: which requests it forwards, which JWT it requires, which command lines it accepts; and
 * that the file that hosts download works as a service.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alpaPaths } from "../../../components/alpa/paths";
import { renderRoutes } from "../../../components/cloudflare/tunnel";
import { tokenOf, type TunnelConfiguration } from "../../cloudflare/account";
import { parseArguments } from "../../cloudflare/connector/arguments";
import { buildConnector } from "../../cloudflare/connector/build";
import { findRule, parseConfiguration } from "../../cloudflare/connector/ingress";
import { accessCheck } from "../../cloudflare/connector/proxy";
import { SigningKeys } from "../../cloudflare/edge/keys";
import { shows, World } from "./edge/kit";

const AUD = "a".repeat(64);
const access = { required: true, teamName: "sandbox", audTag: ["b".repeat(64), AUD] };

describe("cloudflared emulator: ingress rules", () => {
    const { ingresses } = renderRoutes({ hostnames: ["a.test"], endpoint: "alpa:1", paths: alpaPaths(["/alpa"]) });
    const rules = parseConfiguration({ ingress: ingresses } as TunnelConfiguration["config"]);
    for (const [host, path, index] of [
        ["a.test", "/completions?x", 0],
        ["A.test:443", "/alpa/logprobs", 1],
        ["a.test", "/alpa/%63ompletions", 0],
        ["a.test", "/x/completions", 2],
        ["a.test", "/completions/", 2],
        ["b.test", "/completions", 2],
    ] as const)
        it(`rule ${index} gets ${host}${path}`, () => assert.equal(findRule(rules, host, path).index, index));

    const wrong: [what: string, rule: object, said: RegExp][] = [
        ["another service", { service: "tcp://127.0.0.1:22" }, /the service tcp:/],
        ["a path in the service", { service: "http://a:1/x" }, /the service http:/],
        ["an unknown setting", { service: "http://a:1", originRequest: { noTLSVerify: true } }, /noTLSVerify/],
        ["a last rule with a host", { service: "http://a:1", hostname: "a.test" }, /must match all URLs/],
    ];
    for (const [what, rule, said] of wrong)
        it(`rejects ${what}`, () => assert.throws(() => parseConfiguration({ ingress: [rule as never] }), said));
});

describe("cloudflared emulator: command line", () => {
    const run = ["--no-autoupdate", "tunnel", "run"];
    const env = { TUNNEL_EDGE: "127.0.0.1:1, 127.0.0.1:2", TUNNEL_TOKEN_FILE: "/t" };
    const wrong: [what: string, words: string[], env: Record<string, string>, said: RegExp][] = [
        ["updates", ["tunnel", "run"], {}, /pass --no-autoupdate/],
        ["a flag at the wrong place", [...run, "--metrics", "x"], {}, /--metrics/],
        ["an unknown flag", ["tunnel", "--hello-world", ...run], {}, /--hello-world/],
        ["another command", ["access"], {}, /command access/],
        ["QUIC", run, { TUNNEL_TRANSPORT_PROTOCOL: "quic" }, /protocol quic/],
        ["an unknown variable", run, { TUNNEL_REGION: "us" }, /TUNNEL_REGION/],
        ["a period of more than three minutes", ["tunnel", "--grace-period", "181s", "run"], {}, /at most 3m0s/],
    ];
    for (const [what, words, more, said] of wrong)
        it(`rejects ${what}`, () => assert.throws(() => parseArguments(words, { ...env, ...more }), said));
});

describe("cloudflared emulator: its own Access check", () => {
    let world: World;
    let keys: SigningKeys;
    before(async () => {
        keys = await SigningKeys.create();
        world = await World.start({}, { keys });
        world.configure({ ingress: [{ service: world.originUrl, originRequest: { access } }] });
        await world.connect();
    });
    after(() => world.close());
    beforeEach(() => {
        world.account.applications.clear();
        world.seen.length = 0;
    });
    const claims = (change: object = {}) => {
        const now = Math.floor(Date.now() / 1000);
        return { aud: [AUD], iss: "https://sandbox.cloudflareaccess.com", exp: now + 60, ...change };
    };

    const tokens: [what: string, make: () => Promise<string | undefined>, status: number][] = [
        ["a good token", () => keys.sign(claims()), 200],
        ["no token", () => Promise.resolve(undefined), 403],
        ["a token for another application", () => keys.sign(claims({ aud: ["c".repeat(64)] })), 403],
        ["a token of another team", () => keys.sign(claims({ iss: "https://other.cloudflareaccess.com" })), 502],
        ["an expired token", () => keys.sign(claims({ exp: 1_700_000_000 })), 502],
        ["a token that never expires", () => keys.sign(claims({ exp: undefined })), 502],
        ["a token signed with another key", async () => (await SigningKeys.create()).sign(claims()), 502],
        ["a text that is no token", () => Promise.resolve("not.a.jwt"), 502],
    ];
    for (const [what, make, expected] of tokens)
        it(`answers ${expected} to ${what}`, async () => {
            const check = accessCheck(world.edge.certsUrl)(access, await make());
            assert.equal(await check.then((passed) => (passed ? 200 : 403)).catch(() => 502), expected);
        });

    it("forwards only what Access admitted to the right application", async () => {
        const ask = async (aud: string) => {
            world.account.applications.clear();
            const token = world.token();
            world.application([world.policy("non_identity", [{ service_token: { token_id: token.id } }])], { aud });
            return (await world.send({ headers: shows(token) })).status;
        };
        assert.deepEqual([await ask(AUD), await ask("c".repeat(64))], [200, 403]);
        world.account.applications.clear();
        assert.equal((await world.send({ headers: { "Cf-Access-Jwt-Assertion": "forged" } })).status, 403);
        world.application([world.policy("bypass", [{ everyone: {} }])], { aud: AUD });
        assert.equal((await world.send()).status, 403);
        assert.equal(world.seen.length, 1);
    });
});

describe("cloudflared emulator: the program", () => {
    let folder: string;
    let program: string;
    let world: World;
    const children: ChildProcess[] = [];
    before(async () => {
        folder = mkdtempSync(join(tmpdir(), "cloudflared-"));
        ({ path: program } = await buildConnector(join(folder, "bin/cloudflared"), "2026.9.0"));
        world = await World.start();
        writeFileSync(join(folder, "edge.crt"), world.edge.certificate.cert);
        writeFileSync(join(folder, "token"), ` ${tokenOf(world.account, world.tunnel)} \n`);
    });
    after(async () => {
        for (const child of children) child.kill("SIGKILL");
        await world.close();
        rmSync(folder, { recursive: true });
    });

    /** Starts the program with only PATH and these variables. */
    function start(args: string[], variables: Record<string, string> = {}) {
        const env = { PATH: process.env.PATH ?? "", ...variables };
        const child = spawn(program, args, { env, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
        children.push(child);
        const got = { text: "" };
        for (const stream of [child.stdout, child.stderr])
            stream.on("data", (chunk: Buffer) => (got.text += chunk.toString()));
        return { child, got, ended: once(child, "close").then(([code]) => code as number | null) };
    }
    const variables = () => ({
        ...{ TUNNEL_EDGE: `127.0.0.1:${world.edge.connectorPort}`, TUNNEL_CACERT: "edge.crt" },
        TUNNEL_TOKEN_FILE: "token",
    });
    const ARGUMENTS = ["--no-autoupdate", "tunnel", "--metrics", "127.0.0.1:0", "--grace-period", "20s", "run"];

    it("notifies systemd when it is ready, finishes running requests, and never prints the secret", async () => {
        writeFileSync(join(folder, "bin/systemd-notify"), `#!/bin/sh\necho "$*" >${folder}/told\n`, { mode: 0o755 });
        const PATH = `${join(folder, "bin")}:${process.env.PATH}`;
        const token = { TUNNEL_TOKEN: tokenOf(world.account, world.tunnel), NOTIFY_SOCKET: "/any", PATH };
        const running = start(ARGUMENTS, { ...variables(), ...token });
        await world.until(() => existsSync(join(folder, "told")) && world.tunnel.connections.length === 4);
        assert.match(readFileSync(join(folder, "told"), "utf8"), /^--ready --pid=\d+$/m);
        const arrived = new Promise<() => void>((resolve) => {
            world.respond = (_, answer) => resolve(() => answer.end("finished"));
        });
        const request = world.send({ method: "POST", body: "{}" });
        const finish = await arrived;
        running.child.kill("SIGTERM");
        await world.until(() => world.tunnel.connections.length === 0);
        finish();
        assert.equal((await request).body, "finished");
        assert.equal(await running.ended, 0);
        assert.ok(!running.got.text.includes(world.tunnel.secret));
    });

    it("exits with 255 without a token", async () => {
        assert.equal(await start(ARGUMENTS, { TUNNEL_EDGE: "a:1" }).ended, 255);
    });
});
