// Proves on the real engine which callers option cloudflare admits during rotation, revocation and upgrades; that no secret
// is in a place that others can read; and what a destroy leaves at Cloudflare. The emulator of Cloudflare is in kit/cloudflare/access-stack.ts.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tokenOf } from "../../../sandbox/cloudflare/account";
import { settingOf } from "../../../sandbox/cloudflare/settings";
import {
    AccessStack,
    eventually,
    failed,
    here,
    succeeded,
    takeAlpaRequests,
    useCloudflare,
    type Pair,
} from "../kit/cloudflare/access-stack";
import { apiTokenFile } from "../../../sandbox/world/state";
import { ProcessLists } from "../kit/process-lists";
import { assertNoSecret } from "../kit/secrets";
import { answer, SteadyCallers, under } from "../kit/traffic";

const DAY = 24 * 60 * 60;
const dayFromNow = (days: number) => new Date(Date.now() + days * DAY * 1000).toISOString().slice(0, 10);

const token = (id: string, more: object = {}) => ({ id, method: "service-token", ...more });
const alice = (...credentials: object[]) => ({ name: "alice", credentials });
const ENTERPRISE = { zone: { name: "example.com", plan: "enterprise" } };
const bob = { name: "bob", credentials: [token("only")] };

describe("cloudflare on the engine", () => {
    useCloudflare();
    let stack: AccessStack;
    let pairs: Record<string, Pair>;
    let processes: string;
    const secrets = new Set<string>();

    const outputs = async () => {
        pairs = (await stack.outputs()).credentials;
        for (const { clientSecret } of Object.values(pairs)) secrets.add(clientSecret);
    };
    const up = async (consumers: object[], more: object = {}, ...args: string[]) => {
        stack.configure({ consumers, ...more });
        const run = succeeded(await stack.up(...args));
        await outputs();
        return run.stdout + run.stderr;
    };
    const status = async (pair?: Pair, options = {}) => (await stack.call(pair, options)).status;

    const changes = () => here().world.api.requests.filter(({ method }) => method !== "GET").length;
    const account = () => here().world.account;
    const zone = () => account().zoneNamed("example.com")!;
    const made = (who: string) =>
        [...here().world.account.serviceTokens.values()].find(({ name }) => name.endsWith(`/${who}`))!;

    before(async () => {
        stack = await AccessStack.create("llm");
        stack.configure({ consumers: [alice(token("a")), bob], pathPrefix: "/alpa-opt-service" });
        // The plan cannot have the text of the connectors' commands, because it is computed after the tunnel exists. The plan
        // has the dependencies of the commands.
        const lists = new ProcessLists(100);
        succeeded(await stack.upAsPlanned());
        processes = await lists.stop();
        await outputs();
    });

    it("creates the DNS record last, so that no caller reaches Alpa earlier", () => {
        const { requests } = here().world.api;
        const writes = requests.filter(({ method }) => method === "POST" || method === "PUT");
        assert.match(writes.at(-1)!.path, /dns_records$/);
    });

    it("answers a completion with a service token, and sends Alpa none of its secret", async () => {
        takeAlpaRequests();
        const answer = await stack.call(pairs["alice/a"]);
        assert.equal(answer.status, 200);
        assert.match(answer.body, /"object": "text_completion"/);
        const [seen] = takeAlpaRequests();
        assert.ok(!JSON.stringify(seen).includes(pairs["alice/a"].clientSecret));
    });

    it("answers the RFC's literal request below each prefix: numbers as strings, and no model", async () => {
        const body = '{"prompt": "alpa is cool", "max_tokens": "32", "temperature": "0.4", "top_p": "0.3"}';
        for (const prefix of ["", "/alpa", "/alpa-opt-service"]) {
            const answer = await stack.call(pairs["alice/a"], { path: `${prefix}/completions`, body });
            assert.equal(answer.status, 200, answer.body);
        }
        assert.match((await stack.outputs()).url, /^https:\/\/[^/]+\/alpa-opt-service$/);
    });

    it("forwards a body that names its model, or that is no JSON, to Alpa unchanged, whatever its type", async () => {
        takeAlpaRequests();
        const headers = { "content-type": "application/x-www-form-urlencoded" };
        const bodies = [
            '{ "model": "default", "prompt": "Paris is" }',
            '{"prompt": ',
            `{"prompt": "${"x".repeat(65536)}"}`,
        ];
        for (const body of bodies) await stack.call(pairs["alice/a"], { headers, body });
        assert.deepEqual(
            takeAlpaRequests().map((seen) => seen.body.toString()),
            bodies,
        );
    });

    it("describes the service and its use below its prefixes, to callers only", async () => {
        takeAlpaRequests();
        for (const prefix of ["/alpa", "/alpa-opt-service"]) {
            const path = `${prefix}/`;
            const answer = await stack.call(pairs["alice/a"], { path, method: "GET" });
            assert.equal(answer.status, 200, answer.body);
            const { service, model, requests } = JSON.parse(answer.body);
            assert.deepEqual([service, model], ["alpa", "default"]);
            assert.equal(requests[0].path, "/alpa-opt-service/completions");
            assert.equal((await stack.call(undefined, { path, method: "GET" })).status, 401);
        }
        assert.deepEqual(takeAlpaRequests(), []);
    });

    it("rejects a missing token, a wrong secret, another's secret and other paths, before Alpa", async () => {
        takeAlpaRequests();
        const { "alice/a": a, "bob/only": b } = pairs;
        assert.equal(await status(), 401);
        assert.equal(await status({ ...a, clientSecret: "wrong" }), 401);
        assert.equal(await status({ ...a, clientSecret: b.clientSecret }), 401);
        assert.equal(await status(undefined, { headers: { "Cf-Access-Jwt-Assertion": "e30.e30.e30" } }), 401);
        for (const path of ["/", "/completions/", "/api/completions", "/alpa/", "/metrics"])
            assert.equal(await status(a, { path }), 404, path);
        assert.deepEqual(takeAlpaRequests(), []);
    });

    it("changes nothing in a second run", async () => {
        assert.match(succeeded(await stack.up()).stdout, /Resources:\n\s+\d+ unchanged\n/);
    });

    it("drift names manual changes at Cloudflare, up --refresh reverts them, and then drift finds nothing", async () => {
        const application = () => [...account().applications.values()][0];
        const [tunnel] = account().tunnels.values();
        const before = application().policies;
        made("alice/a").enabled = false;
        application().policies = [];
        for (const rule of tunnel.configuration!.config.ingress) delete rule.originRequest?.access;
        const script = () => [...account().workerScripts.values()][0];
        const text = script().content;
        script().content = text.replace("await withModel(request)", "request");
        const { code, stdout, stderr } = await stack.ops("stack", "drift", "--format", "json");
        assert.equal(code, 3, stdout + stderr);
        for (const one of ["AccessServiceToken", "AccessApplication", "TunnelCloudflaredConfig"])
            assert.match(stdout, new RegExp(`"breaks-callers",\\s+"says": "ZeroTrust${one} \\S+ was changed`));
        assert.match(stdout, /WorkersScript alpa-worker-script was changed/);
        const { stdout: reverted } = succeeded(await stack.up("--refresh"));
        assert.match(reverted, /Resources:\n\s+~ 4 updated\n\s+\d+ unchanged\n/);
        assert.deepEqual(application().policies, before);
        assert.equal(script().content, text);
        const nothing = await stack.ops("stack", "drift");
        assert.equal(nothing.code, 0, nothing.stdout + nothing.stderr);
        assert.equal(await status(pairs["alice/a"]), 200);
    });

    const second = token("a", { secretVersion: 2, previousSecretExpires: dayFromNow(2) });

    it("rotates a secret in place: both secrets work until the day, then only the new one", async () => {
        const old = pairs["alice/a"];
        await up([alice(second, token("b")), bob], {}, "--diff");
        assert.equal(pairs["alice/a"].clientId, old.clientId);
        assert.notEqual(pairs["alice/a"].clientSecret, old.clientSecret);
        assert.deepEqual([await status(old), await status(pairs["alice/a"])], [200, 200]);
        here().world.account.advance(3 * DAY);
        assert.deepEqual([await status(old), await status(pairs["alice/a"])], [401, 200]);
    });

    it("refuses to lower the version of a secret, and nothing changes", async () => {
        const writes = changes();
        stack.configure({ consumers: [alice(token("a"), token("b")), bob] });
        assert.match(failed(await stack.up()), /alice\/a: secretVersion must be at least 2/);
        assert.equal(changes(), writes);
        assert.equal(await status(pairs["alice/a"]), 200);
    });

    it("revokes exactly the credential that was removed, and rejects a disabled token", async () => {
        const untouched = made("alice/b").updated_at;
        const { "alice/a": a, "alice/b": b, "bob/only": only } = pairs;
        assert.deepEqual([await status(a), await status(b), await status(only)], [200, 200, 200]);
        await up([alice(token("b")), { name: "bob", credentials: [token("only", { enabled: false })] }]);
        assert.deepEqual([await status(a), await status(b), await status(only)], [401, 200, 401]);
        assert.equal(made("alice/b").updated_at, untouched);
    });

    const soon = (days: number) => token("soon", { expires: dayFromNow(days) });
    let said: string;
    let leaving: Pair;

    it("accepts a token that is enabled again, and checks programs at the edge without its exemption", async () => {
        const script = { headers: { "User-Agent": "Python-urllib/3.12" } };
        assert.equal(await status(pairs["alice/b"], script), 200);
        assert.equal(await status(undefined, script), 401);
        zone().plan = "enterprise";
        const checked = { ...ENTERPRISE, browserChecks: "keep", proxyTimeoutSeconds: 600 };
        said = await up([alice(token("b"), soon(5)), bob], checked);
        leaving = pairs["alice/soon"];
        const { status: code, body } = await stack.call(pairs["alice/b"], script);
        assert.deepEqual([code, body], [403, "error code: 1010"]);
        assert.deepEqual([await status(pairs["bob/only"]), await status(leaving)], [200, 200]);
        assert.equal(settingOf(zone(), "proxy_read_timeout"), 600);
    });

    it("upgrades the connectors one at a time, without a failed request", async () => {
        const { account, host } = here().world;
        const versions = () =>
            [...account.tunnels.values()].flatMap(({ connections }) => connections.map((c) => c.client_version));
        const before = host.pids();
        const tunnel = await here().world.nextVersion("2026.9.0");
        const { all, failed } = await under(
            async () => (await stack.call(pairs["bob/only"])).status,
            () => up([alice(token("b"), soon(0)), bob], { ...ENTERPRISE, proxyTimeoutSeconds: 125, tunnel }),
            4,
        );
        assert.deepEqual(failed, [], `of ${all}`);
        assert.deepEqual([...new Set(versions())], ["2026.9.0"]);
        assert.equal(host.pids().filter((pid) => before.includes(pid)).length, 0);
        assert.equal(host.pids().length, 2);
    });

    it("restores the default of the edge's timeout with 125", () =>
        assert.equal(settingOf(zone(), "proxy_read_timeout"), 125));

    it("removes a credential on the day it expires, and warns before", async () => {
        assert.match(said, /alice\/soon expires in [45] days/); // 4 s after midnight.
        assert.equal(pairs["alice/soon"], undefined);
        assert.deepEqual([await status(leaving), await status(pairs["alice/b"])], [401, 200]);
    });

    it("continues when one of two connectors stops", async () => {
        const { host } = here().world;
        const traffic = new SteadyCallers(
            answer(async () => (await stack.call(pairs["bob/only"])).status),
            4,
        );
        const [first] = host.pids();
        process.kill(first, "SIGTERM");
        await eventually("the connector gone", async () => !host.pids().includes(first) || undefined);
        await traffic.round();
        assert.deepEqual(new Set(await traffic.stop()), new Set([200]));
    });

    it("shows no secret in output, state, history, log, process list or unit of the host", async () => {
        const { world, dir } = here();
        const [tunnel] = account().tunnels.values();
        const units = join(world.host.root, "etc/systemd/system");
        const all = {
            ...Object.fromEntries([...secrets].map((secret, i) => [`client secret ${i + 1}`, secret])),
            "secret of the tunnel": tunnel.secret,
            "token of the tunnel": tokenOf(account(), tunnel),
            "API token": readFileSync(apiTokenFile(dir), "utf8"),
            "private key for the host": readFileSync(world.facts.cloudflare.host.privateKeyFile, "utf8").split("\n")[2],
        };
        assert.equal(secrets.size, 5, "each secret of each token");
        assert.match(processes, /cloudflared|connector/, "the list was taken while connectors ran");
        await assertNoSecret(stack, all, { dir, processes, units });
    });

    it("leaves nothing behind, and stops the connectors before the tunnel is deleted", async () => {
        const { account, api, host } = here().world;
        const before = api.requests.length;
        succeeded(await stack.destroy());
        const deletes = api.requests.slice(before).filter(({ method }) => method === "DELETE");
        assert.deepEqual(
            deletes.filter(({ status: code }) => code >= 400),
            [],
        );
        assert.deepEqual(host.pids(), []);
        const zone = account.zoneNamed("example.com")!;
        for (const [what, left] of Object.entries({
            records: account.records(zone.id),
            tokens: account.serviceTokens,
            policies: account.policies,
            applications: account.applications,
            rulesets: account.rulesets,
            workers: account.workerScripts,
            "routes of Workers": account.workerRoutes,
        }))
            assert.equal(left.size, 0, what);
        assert.deepEqual(
            [...account.tunnels.values()].filter((tunnel) => !tunnel.deleted_at),
            [],
        );
    });
});
