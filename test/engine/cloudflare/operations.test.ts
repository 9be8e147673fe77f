// Proves what docs/operate/service-tokens.md says of option cloudflare: the answers to callers in classic mode, the
// consumer commands, and the removal of a host that is lost. The edge and cloudflared are emulators.
import { strict as assert } from "node:assert";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newKey, publicLine, startHost, type Host } from "../../../sandbox/hosts";
import { freePort } from "../../../sandbox/processes";
import { ROOT } from "../../../sandbox/world/state";
import {
    AccessStack,
    failed,
    freePair,
    here,
    succeeded,
    useCloudflare,
    type Pair,
} from "../kit/cloudflare/access-stack";
import { askEdge } from "../kit/cloudflare/edge-request";

describe("daily work with option cloudflare on the engine", () => {
    // The last day on which a team could be in classic mode.
    useCloudflare({ account: { organizationSince: "2026-10-04T00:00:00Z" } });
    let stack: AccessStack;
    let folder: string;
    /** The world's host, and a second one. */
    let hosts: Host[];
    /** Output of each run, without handouts. */
    const said: string[] = [];

    const alice = { name: "alice", credentials: [{ id: "a", method: "service-token" }] };
    const configure = () =>
        stack.configure({
            consumers: [alice],
            aliases: ["ask.example.com"],
            notify: ["ops@example.com"],
            rateLimit: { requests: 1_000_000, perSeconds: 10 },
        });
    const made = (who: string) =>
        [...here().world.account.serviceTokens.values()].find(({ name }) => name.endsWith(`/${who}`))!;
    const pair = async (who: string) => (await stack.outputs()).credentials[who];
    const status = async (token?: Pair, options = {}) => (await stack.call(token, options)).status;
    async function ops(...args: string[]): Promise<string> {
        const { code, stdout, stderr } = await stack.ops(...args);
        assert.equal(code, 0, stdout + stderr);
        if (args[1] !== "handout") said.push(stdout + stderr);
        return stdout;
    }

    before(async () => {
        const { world, dir } = here();
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-second-"));
        const second = { port: await freePort(), hostKey: newKey(), metricsPort: await freePair() };
        const privateKey = readFileSync(world.facts.cloudflare.host.privateKeyFile, "utf8");
        const common = { ...world.onHosts, privateKey, stateDir: dir };
        hosts = [world.host, await startHost({ name: "second", ...common, folder, ...second })];
        stack = await AccessStack.create("llm");
        const { port, hostKey, metricsPort } = second;
        stack.installOn({}, { address: `127.0.0.1:${port}`, hostKey: publicLine(hostKey), metricsPort });
        configure();
        // Runs with the policy pack, like `stack apply`. The pack must also work in the first preview, in which
        // Cloudflare's ids are not known yet.
        const run = succeeded(await stack.run(["up", "--yes", "--policy-pack", join(ROOT, "policy")]));
        said.push(run.stdout + run.stderr);
    });
    after(async () => {
        await hosts.at(1)?.close();
        rmSync(folder, { recursive: true, force: true });
    });

    it("creates the optional parts: an alias, a rate limit that the plan allows, and a mail before a token expires", async () => {
        const { account, facts } = here().world;
        const [policy] = account.notificationPolicies.values();
        assert.deepEqual(policy.mechanisms, { email: [{ id: "ops@example.com" }] });
        const phases = [...account.rulesets.values()].map(({ phase }) => phase);
        assert.ok(phases.includes("http_ratelimit"), phases.join());
        const { clientId, clientSecret } = await pair("alice/a");
        const headers = { "CF-Access-Client-Id": clientId, "CF-Access-Client-Secret": clientSecret };
        assert.equal((await askEdge(`${facts.cloudflare.edge}/completions`, "ask.example.com", headers)).status, 200);
    });

    it("in classic mode answers 200 with the token, and 401 without a token, with a wrong one and with another app's", async () => {
        const a = await pair("alice/a");
        const stranger = { ...made("alice/a"), id: randomUUID(), client_id: `${"e".repeat(32)}.access` };
        here().world.account.serviceTokens.set(stranger.id, stranger);
        const { cookies, ...good } = await stack.call(a);
        assert.equal(good.status, 200);
        const refused = [undefined, { ...a, clientSecret: "wrong" }, { ...a, clientId: stranger.client_id }];
        assert.deepEqual(await Promise.all(refused.map((token) => status(token))), [401, 401, 401]);
        assert.equal(await status(a, { path: "/metrics" }), 404);
        here().world.account.serviceTokens.delete(stranger.id);
        // In classic mode, the edge accepts a request with only the cookies too. Strict mode prevents this.
        assert.equal(await status(undefined, { headers: { Cookie: cookies.join("; ") } }), 200);
    });

    it("adds a caller by `consumer add`, and hands its token out once", async () => {
        assert.match(await ops("consumer", "add", "bob", "--credential", "b"), /Dry run/);
        assert.equal(await pair("bob/b"), undefined);
        await ops("consumer", "add", "bob", "--credential", "b", "--yes");
        const page = await ops("consumer", "handout", "bob", "b");
        const [, clientId] = /CF-Access-Client-Id: (\S+)/.exec(page)!;
        const [, clientSecret] = /CF-Access-Client-Secret: (\S+)/.exec(page)!;
        assert.equal(await status({ clientId, clientSecret }), 200);
        const again = await stack.ops("consumer", "handout", "bob", "b");
        assert.equal(again.code, 2);
        assert.match(again.stderr, /was already handed out/);
    });

    it("rotates by `consumer rotate`: both secrets work, and the new secret can be handed out once", async () => {
        const old = await pair("bob/b");
        await ops("consumer", "rotate", "bob", "b", "--overlap-days", "14", "--yes");
        const fresh = await pair("bob/b");
        assert.notEqual(fresh.clientSecret, old.clientSecret);
        assert.deepEqual(await Promise.all([status(old), status(fresh)]), [200, 200]);
        const page = await ops("consumer", "handout", "bob", "b");
        assert.ok(page.includes(fresh.clientSecret));
    });

    it("lists the tokens at Cloudflare, and names those that are missing there", async () => {
        const rows = JSON.parse(await ops("consumer", "list", "--check", "--json"));
        assert.deepEqual(
            rows.map((row: { consumer: string; credential: string; live: boolean }) => [
                row.consumer,
                row.credential,
                row.live,
            ]),
            [
                ["alice", "a", true],
                ["bob", "b", true],
            ],
        );
        const { serviceTokens } = here().world.account;
        const held = made("bob/b");
        serviceTokens.delete(held.id); // by hand
        const { code, stdout } = await stack.ops("consumer", "list", "--check");
        serviceTokens.set(held.id, held);
        assert.equal(code, 3, stdout);
        assert.match(stdout, /^! bob\/b: not live$/m);
    });

    it("revokes by `consumer revoke`, which ends when the edge rejects the token", async () => {
        const old = await pair("bob/b");
        const told = await ops("consumer", "revoke", "bob", "b", "--yes");
        assert.match(told, /bob\/b: Cloudflare has deleted its service token\./);
        assert.deepEqual(await Promise.all([status(old), status(await pair("alice/a"))]), [401, 200]);
        for (const line of said) assert.ok(!line.includes(old.clientSecret), "a secret that is in no handout");
    });

    it("warns in each run that the team is in classic mode", () => {
        const runs = said.filter((text) => /^(pulumi up, stack | *Resources:)/m.test(text));
        assert.equal(runs.length, 4);
        const warning = /the team is not in strict mode, so a wrong service token may get 403 or a redirect \(302\)/;
        for (const run of runs) assert.match(run, warning);
    });

    it("continues without the lost host after its removal from the state", async () => {
        for (const pid of hosts[1].pids()) process.kill(-pid, "SIGKILL");
        await hosts.pop()!.close();
        stack.installOn({});
        configure();
        assert.match(failed(await stack.up()), /connection refused/);
        const commands = (await stack.resources()).filter(({ type }) => type === "command:remote:Command");
        assert.equal(commands.length, 2);
        await stack.must(["state", "delete", commands[1].urn, "--yes"]);
        succeeded(await stack.up());
        assert.equal(await status(await pair("alice/a")), 200);
        succeeded(await stack.destroy());
        const { rulesets, notificationPolicies, policies, applications } = here().world.account;
        assert.equal(rulesets.size + notificationPolicies.size + policies.size + applications.size, 0);
    });
});
