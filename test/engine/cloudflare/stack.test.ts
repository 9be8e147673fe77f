// Proves on the real engine which callers option cloudflare admits during rotation, revocation and upgrades. Proves
// what a destroy leaves at Cloudflare. The emulator of Cloudflare is in kit/cloudflare/access-stack.ts.
import { strict as assert } from "node:assert";
import { readPreview } from "../../../ops/stack/review/preview";
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

    const up = async (consumers: object[], more: object = {}) => {
        stack.configure({ consumers, ...more });
        const run = succeeded(await stack.up());
        pairs = (await stack.outputs()).credentials;
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
        succeeded(await stack.upAsPlanned());
        pairs = (await stack.outputs()).credentials;
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

    it("changes nothing in a second run, also after a refresh", async () => {
        for (const args of [[], ["--refresh"]])
            assert.match(succeeded(await stack.up(...args)).stdout, /Resources:\n\s+\d+ unchanged\n/);
        succeeded(await stack.preview("--expect-no-changes"));
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
        succeeded(await stack.up("--refresh"));
        assert.deepEqual(application().policies, before);
        assert.equal(script().content, text);
        const nothing = await stack.ops("stack", "drift");
        assert.equal(nothing.code, 0, nothing.stdout + nothing.stderr);
        assert.equal(await status(pairs["alice/a"]), 200);
    });

    it("drift fails, instead of finding nothing, if the provider reports a difference without details", async () => {
        made("alice/a").enabled = false;
        const env = { PULUMI_TF_BRIDGE_ACCURATE_PF_BRIDGE_PREVIEW: "false" };
        const refresh = ["refresh", "--preview-only", "--json"];
        const { steps, changeSummary } = JSON.parse(succeeded(await stack.run(refresh, { env })).stdout);
        made("alice/a").enabled = true;
        assert.equal(changeSummary.update, 1);
        assert.ok(steps.every(({ op }: { op: string }) => op !== "update"));
        assert.throws(
            () => readPreview(JSON.stringify({ steps, changeSummary }), "x", "x"),
            /update: 1 counted, 0 shown/,
        );
    });

    it("rotates a secret in place: both secrets work until the day, then only the new one", async () => {
        const old = pairs["alice/a"];
        await up([alice(token("a", { secretVersion: 2, previousSecretExpires: dayFromNow(2) })), bob]);
        assert.equal(pairs["alice/a"].clientId, old.clientId);
        assert.notEqual(pairs["alice/a"].clientSecret, old.clientSecret);
        assert.deepEqual([await status(old), await status(pairs["alice/a"])], [200, 200]);
        here().world.account.advance(3 * DAY);
        assert.deepEqual([await status(old), await status(pairs["alice/a"])], [401, 200]);
    });

    it("refuses to lower the version of a secret, and nothing changes", async () => {
        const writes = changes();
        stack.configure({ consumers: [alice(token("a")), bob] });
        for (const refused of [await stack.preview(), await stack.up()])
            assert.match(failed(refused), /alice\/a: secretVersion must be at least 2/);
        assert.equal(changes(), writes);
        assert.equal(await status(pairs["alice/a"]), 200);
    });

    it("refuses a version lower than the state's, where Cloudflare returns no version", async () => {
        const held = made("alice/a");
        held.client_secret_version = 1;
        assert.match(failed(await stack.preview()), /must be at least 2, which its caller may have \(got 1\)/);
        held.client_secret_version = 2;
    });

    it("reports a rotation without a new secret as an error, in every run until one returns a new secret", async () => {
        const held = made("alice/a");
        const third = { secretVersion: 3, previousSecretExpires: dayFromNow(9) };
        // As if an operator had raised the version at Cloudflare by hand: Cloudflare's next answer has no secret.
        held.client_secret_version = 3;
        stack.configure({ consumers: [alice(token("a", third)), bob] });
        for (const run of [await stack.up(), await stack.up()])
            assert.match(failed(run), /alice\/a: Cloudflare created no new secret for secretVersion 3/);
        assert.equal(await status(pairs["alice/a"]), 200);
        // Meanwhile the caller uses another credential, as the error advises.
        stack.configure({ consumers: [alice(token("a", third), token("next")), bob] });
        assert.match(failed(await stack.up("--continue-on-error")), /alice\/a: Cloudflare created no new secret/);
        assert.equal(await status((await stack.outputs()).credentials["alice/next"]), 200);
        await up([alice(token("a", { ...third, secretVersion: 4 })), bob]);
        assert.equal(pairs["alice/a"].clientSecret, held.client_secret);
        assert.equal(await status(pairs["alice/a"]), 200);
    });

    it("revokes exactly the credential that was removed", async () => {
        const rotated = token("a", { secretVersion: 4, previousSecretExpires: dayFromNow(9) });
        const untouched = made("bob/only").updated_at;
        await up([alice(rotated, token("b")), bob]);
        const { "alice/a": a, "alice/b": b, "bob/only": other } = pairs;
        assert.deepEqual([await status(a), await status(b), await status(other)], [200, 200, 200]);
        await up([alice(token("b")), bob]);
        assert.deepEqual([await status(a), await status(b), await status(other)], [401, 200, 200]);
        assert.equal(made("bob/only").updated_at, untouched);
    });

    it("rejects a disabled token and accepts it after it is enabled again", async () => {
        const { "bob/only": other } = pairs;
        await up([alice(token("b")), { name: "bob", credentials: [token("only", { enabled: false })] }]);
        assert.equal(await status(other), 401);
        await up([alice(token("b")), bob]);
        assert.equal(await status(other), 200);
    });

    const soon = (days: number) => token("soon", { expires: dayFromNow(days) });
    let said: string;
    let leaving: Pair;

    it("exempts programs from the edge's browser check by its rule, and by nothing else", async () => {
        const script = { headers: { "User-Agent": "Python-urllib/3.12" } };
        assert.equal(await status(pairs["bob/only"], script), 200);
        assert.equal(await status(undefined, script), 401);
        zone().plan = "enterprise";
        said = await up([alice(token("b"), soon(5)), bob], {
            ...ENTERPRISE,
            browserChecks: "keep",
            proxyTimeoutSeconds: 600,
        });
        leaving = pairs["alice/soon"];
        const { status: code, body } = await stack.call(pairs["bob/only"], script);
        assert.deepEqual([code, body], [403, "error code: 1010"]);
        assert.deepEqual([await status(pairs["bob/only"]), await status(leaving)], [200, 200]);
    });

    it("restores the default of the edge's timeout with 125", async () => {
        assert.equal(settingOf(zone(), "proxy_read_timeout"), 600);
        await up([alice(token("b"), soon(0)), bob], { ...ENTERPRISE, proxyTimeoutSeconds: 125 });
        assert.equal(settingOf(zone(), "proxy_read_timeout"), 125);
        zone().plan = "free";
    });

    it("removes a credential on the day it expires, and warns before", async () => {
        assert.match(said, /alice\/soon expires in [45] days/); // 4 s after midnight.
        assert.equal(pairs["alice/soon"], undefined);
        assert.deepEqual([await status(leaving), await status(pairs["alice/b"])], [401, 200]);
    });

    it("upgrades the connectors one at a time, without a failed request", async () => {
        const { account, host } = here().world;
        const versions = () =>
            [...account.tunnels.values()].flatMap(({ connections }) => connections.map((c) => c.client_version));
        const before = host.pids();
        const tunnel = await here().world.nextVersion("2026.9.0");
        const { all, failed } = await under(
            async () => (await stack.call(pairs["bob/only"])).status,
            () => up([alice(token("b")), bob], { tunnel }),
            4,
        );
        assert.deepEqual(failed, [], `of ${all}`);
        assert.deepEqual([...new Set(versions())], ["2026.9.0"]);
        assert.equal(host.pids().filter((pid) => before.includes(pid)).length, 0);
        assert.equal(host.pids().length, 2);
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
