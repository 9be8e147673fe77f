// Proves the life of option cloudflare with the real engine on stand-ins of Cloudflare's API and of a host: what is made,
// that a second run changes nothing, rotation in place, what is refused, that nothing secret leaks, and that destroy ends it.
// It proves neither that the real Cloudflare takes it nor what the edge answers.
import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { serveDownloads, startHost, type Host } from "../../sandbox/hosts";
import { installPlugins } from "../../sandbox/plugins/launchers";
import { freePort, endOrphanPlugins } from "../../sandbox/processes";
import { ensureTools } from "../../sandbox/toolchain/toolchain";
import { createStack, preparePulumi, pulumiHome, runPulumi, type PulumiRun } from "../../sandbox/world/pulumi";
import { sandboxId, writePrivate, type WorldFacts } from "../../sandbox/world/state";
import { ADMIN, TestApi } from "../unit/sandbox/cloudflare/kit";
import { failed, succeeded, TOOLS_MILLISECONDS } from "./kit";

/** In place of cloudflared: says its version, and is ready at once. */
const CONNECTOR = `#!${process.execPath}
const args = process.argv.slice(2);
if (args[0] === "--version") { console.log("cloudflared version 2026.8.2"); process.exit(0); }
const [address, port] = args[args.indexOf("--metrics") + 1].split(":");
require("node:http").createServer((_, answer) => answer.writeHead(200).end()).listen(port, address, () =>
    require("node:child_process").spawnSync("systemd-notify", ["--ready"], { stdio: "inherit" }));
process.on("SIGTERM", () => process.exit(0));
`;
const STACK = "cloudflare";
type Token = Record<string, unknown>;

describe("option cloudflare", function () {
    this.timeout(240_000);
    let dir: string;
    let facts: WorldFacts;
    let cloud: TestApi;
    let host: Host;
    let mirror: Awaited<ReturnType<typeof serveDownloads>>;
    let salt: string;
    let privateKey: string;
    let metricsPort: number;

    const file = () => join(facts.stackFiles, `Pulumi.${STACK}.yaml`);
    const run = (...args: string[]): Promise<PulumiRun> =>
        runPulumi(dir, facts, [...args, "--stack", STACK], {
            env: { CLOUDFLARE_API_TOKEN: ADMIN, CLOUDFLARE_BASE_URL: cloud.api.url },
        });
    const up = () => run("up", "--yes", "--skip-preview");
    const outputs = async () =>
        JSON.parse((await run("stack", "output", "--json", "--show-secrets")).stdout) as {
            url: string;
            credentials: Record<string, { clientId: string; clientSecret: string }>;
        };
    const tokens = () => [...cloud.account.serviceTokens.values()];

    function configure(credentials: Token[], more: Record<string, unknown> = {}): void {
        const values: Record<string, unknown> = {
            option: "cloudflare",
            account: cloud.account.id,
            hostname: "llm.example.com",
            zone: { name: "example.com", plan: "free" },
            alpa: { endpoints: ["127.0.0.1:20001"], tokensPerSecond: 12 },
            access: { teamName: "sandbox" },
            tunnel: {
                version: "2026.8.2",
                sha256: createHash("sha256").update(CONNECTOR).digest("hex"),
                source: `${mirror.url}/cloudflared`,
                graceSeconds: 100,
                hosts: [
                    {
                        address: host.address,
                        port: host.port,
                        user: "ops",
                        hostKey: host.hostKey,
                        privateKey: "@@",
                        metricsPort,
                    },
                ],
            },
            rateLimit: { requests: 60, perSeconds: 10 },
            notify: ["llm-operators@example.com"],
            consumers: [{ name: "lab", credentials }],
            ...more,
        };
        const prefixed = Object.entries(values).map(([key, value]) => [`alpa-auth:${key}`, value]);
        const text = stringify({ config: Object.fromEntries(prefixed) });
        writePrivate(file(), `${salt}\n${text.replace('"@@"', privateKey)}`);
    }

    before(async function () {
        this.timeout(TOOLS_MILLISECONDS);
        const tools = await ensureTools(["pulumi"], { log: (line) => console.log(`    ${line}`) });
        dir = mkdtempSync(join(tmpdir(), "alpa-auth-test-"));
        const pluginDir = tools.pluginDir && installPlugins(pulumiHome(dir), tools.pluginDir);
        facts = {
            ...{ kubeconfig: "", chartRepository: "", alpa: "", pluginDir },
            stackFiles: join(dir, "stacks"),
            bin: join(dir, "bin"),
            pulumi: pluginDir ? join(pluginDir, "pulumi") : tools.pulumi,
        };
        preparePulumi(dir, facts);
        cloud = await TestApi.start({ clock: Date.now });
        await cloud.call("POST", "zones", { name: "example.com", account: { id: cloud.account.id }, type: "full" });
        metricsPort = await freePort();
        host = await startHost({ name: "head", users: ["ops"], sudo: "nopasswd" });
        writeFileSync(join(dir, "cloudflared"), CONNECTOR);
        mirror = await serveDownloads({ "/cloudflared": join(dir, "cloudflared") });
        await createStack(dir, facts, STACK);
        salt = /encryptionsalt: .*/.exec(readFileSync(file(), "utf8"))![0];
        const set = ["config", "set", "--secret", "alpa-auth:key", "--stack", STACK, "--config-file", file()];
        succeeded(await runPulumi(dir, facts, set, { input: host.privateKey }));
        privateKey = JSON.stringify({ secure: /secure: (\S+)/.exec(readFileSync(file(), "utf8"))![1] });
    });
    after(async () => {
        await host?.close();
        mirror?.close();
        await cloud?.close();
        await endOrphanPlugins(sandboxId(dir));
        rmSync(dir, { recursive: true, force: true });
    });

    const a = (more: Token = {}) => ({ id: "a", method: "service-token", ...more });

    it("makes everything, with the record last", async () => {
        configure([a()]);
        succeeded(await up());
        const writes = cloud.api.requests.filter(({ method }) => method === "POST").map(({ path }) => path);
        assert.match(writes.at(-1)!, /dns_records$/);
        const { credentials, url } = await outputs();
        assert.equal(url, "https://llm.example.com");
        assert.equal(credentials["lab/a"].clientSecret, tokens()[0].client_secret);
    });

    it("changes nothing in a second run, nor after a refresh", async () => {
        const writes = () => cloud.api.requests.filter(({ method }) => method !== "GET").length;
        const before = writes();
        assert.match(succeeded(await up()).stdout, /unchanged/);
        assert.equal(writes(), before);
        succeeded(await run("refresh", "--yes", "--skip-preview"));
        const again = succeeded(await run("preview", "--diff", "--expect-no-changes"));
        assert.equal(again.code, 0);
    });

    it("rotates in place: the client id stays, and both secrets work until the day", async () => {
        const before = (await outputs()).credentials["lab/a"];
        configure([a({ secretVersion: 2, previousSecretExpires: "2099-01-01" })]);
        succeeded(await up());
        const after = (await outputs()).credentials["lab/a"];
        assert.equal(after.clientId, before.clientId);
        assert.notEqual(after.clientSecret, before.clientSecret);
        const [token] = tokens();
        assert.deepEqual(
            [token.client_secret, token.previous_client_secret],
            [after.clientSecret, before.clientSecret],
        );
    });

    it("refuses in preview to go back to the version before, and changes nothing", async () => {
        configure([a()]);
        const before = cloud.api.requests.filter(({ method }) => method !== "GET").length;
        assert.match(failed(await run("preview")), /lab\/a: secretVersion must be at least 2/);
        assert.match(failed(await up()), /lab\/a: secretVersion must be at least 2/);
        assert.equal(cloud.api.requests.filter(({ method }) => method !== "GET").length, before);
    });

    it("refuses it from the state too, where Cloudflare does not say its version", async () => {
        const [token] = tokens();
        const real = token.client_secret_version;
        token.client_secret_version = 1;
        assert.match(
            failed(await run("preview")),
            /secretVersion must be at least 2, which its caller may have \(got 1\)/,
        );
        token.client_secret_version = real;
    });

    it("calls a rotation that brought no new secret an error, at every run until there is one", async () => {
        const [token] = tokens();
        const before = (await outputs()).credentials["lab/a"].clientSecret;
        token.client_secret_version = 3; // as if somebody had raised it: the next answer has no secret
        configure([a({ secretVersion: 3, previousSecretExpires: "2099-01-01" })]);
        for (const attempt of [up, up])
            assert.match(failed(await attempt()), /lab\/a: must have a new secret with secretVersion 3/);
        assert.equal(token.client_secret, before);
        configure([a({ secretVersion: 4, previousSecretExpires: "2099-01-01" })]);
        succeeded(await up());
        assert.equal((await outputs()).credentials["lab/a"].clientSecret, tokens()[0].client_secret);
    });

    it("takes a caller in and out without touching the other's token", async () => {
        const kept = a({ secretVersion: 4, previousSecretExpires: "2099-01-01" });
        const version = tokens()[0].updated_at;
        configure([kept, { id: "b", method: "service-token" }]);
        succeeded(await up());
        assert.equal(tokens().length, 2);
        configure([kept]);
        succeeded(await up());
        assert.deepEqual(
            tokens().map((token) => [token.name, token.updated_at]),
            [["alpa-auth/cloudflare/lab/a", version]],
        );
    });

    it("shows no secret in previews, state or logs", async () => {
        const { credentials } = await outputs();
        const [tunnel] = [...cloud.account.tunnels.values()];
        const secrets = [credentials["lab/a"].clientSecret, tunnel.secret, ADMIN, host.privateKey.split("\n")[2]];
        configure([a({ secretVersion: 5, previousSecretExpires: "2099-01-01" })]);
        const shown = [
            await run("preview", "--diff"),
            await up(),
            await run("stack", "export"),
            await run("stack", "output"),
        ];
        for (const { stdout, stderr } of shown)
            for (const secret of secrets) assert.ok(!(stdout + stderr).includes(secret), secret.slice(0, 8));
    });

    it("leaves nothing behind but the zone that was there", async () => {
        succeeded(await run("destroy", "--yes", "--skip-preview"));
        assert.equal(tokens().length, 0);
        const live = [...cloud.account.tunnels.values()].filter((tunnel) => tunnel.deleted_at === null);
        assert.deepEqual([live.length, cloud.account.applications.size, cloud.account.rulesets.size], [0, 0, 0]);
        assert.equal(cloud.account.zones.size, 1);
        assert.deepEqual(host.pids(), []);
    });
});
