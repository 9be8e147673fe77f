// Proves on the real engine that a stack moves from intra-a to option cloudflare, rolls back, and moves to cloudflare
// again. `ops stack rollback` first lists which new credentials callers need. Cloudflare, the gateway and the host are
// emulators.
import { strict as assert } from "node:assert";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { VERSION } from "../../sandbox/cloudflare/connector/connector";
import { buildConnector } from "../../sandbox/cloudflare/connector/build";
import { serveDownloads, startHost, type Host } from "../../sandbox/hosts";
import { outside } from "../../sandbox/world/cloudflare-world";
import { useDocumentedToken } from "../engine/kit/cloudflare/api-permissions";
import { freePair } from "../engine/kit/cloudflare/access-stack";
import { askEdge } from "../engine/kit/cloudflare/edge-request";
import { here, useExposure } from "../engine/kit/cloudflare/exposed-stack";
import { call, freeNodePort } from "../engine/kit";
import { Clone } from "../engine/kit/rollback";
import { EngineStack, type StackConfig } from "../engine/kit/stack";
import { under } from "../engine/kit/traffic";

interface Outputs {
    url: string;
    credentials: Record<string, string & { clientId: string; clientSecret: string }>;
}

class AnyStack extends EngineStack {
    static async create(name: string): Promise<AnyStack> {
        const { world, dir } = here();
        const stack = new AnyStack(name, { dir, facts: world.facts });
        await stack.init();
        return stack;
    }

    configure(values: StackConfig): void {
        this.write(values);
    }

    outputs(): Promise<Outputs> {
        return this.read();
    }
}

describe("ops stack rollback from option cloudflare to intra-a", () => {
    let stack: AnyStack;
    let clone: Clone;
    let folder: string;
    let program: Awaited<ReturnType<typeof buildConnector>>;
    let host: Host;
    let downloads: Awaited<ReturnType<typeof serveDownloads>>;
    let port: number;
    // Mocha runs hooks in the order of their definition. This hook needs the world, so it is defined before the hook that
    // ends the world.
    after(async () => {
        await stack?.destroy();
        await host?.close();
        await downloads?.close();
        if (folder) rmSync(folder, { recursive: true, force: true });
    });
    useExposure();

    before(async () => {
        const { world, dir, account, edge } = here();
        useDocumentedToken(dir, account);
        clone = new Clone(join(dir, "clone"), { dir, facts: world.facts });
        folder = mkdtempSync(join(dir, "host-"));
        program = await buildConnector(join(folder, "cloudflared"));
        downloads = await serveDownloads({ "/cloudflared": program.path });
        host = await startHost({ name: "head", users: ["ops"], ...outside(edge), stateDir: dir });
        port = await freeNodePort();
        stack = await AnyStack.create("move");
    });

    const intraA = () => {
        const { facts } = here().world;
        stack.configure({
            option: "intra-a",
            namespace: stack.name,
            alpa: { endpoints: [facts.alpa] },
            gateway: { nodePort: port, address: "127.0.0.1", chartRepository: facts.chartRepository },
            waitSeconds: 120,
            consumers: [{ name: "alice", credentials: [{ id: "k1", method: "key" }] }],
        });
    };
    const cloudflare = async () => {
        const { world, account } = here();
        const { address, port: sshPort, hostKey, privateKey } = host;
        stack.configure({
            option: "cloudflare",
            account: account.id,
            hostname: "move.example.com",
            zone: { name: "example.com", plan: "free" },
            teamName: account.organization.name,
            ssh: { user: "ops" },
            alpa: { endpoints: [world.facts.alpa], tokensPerSecond: 20 },
            consumers: [{ name: "alice", credentials: [{ id: "t1", method: "service-token" }] }],
            tunnel: {
                version: VERSION,
                sha256: program.sha256,
                source: `${downloads.url}/cloudflared`,
                hosts: [{ address: `${address}:${sshPort}`, hostKey, metricsPort: await freePair() }],
            },
        });
        await stack.configureSecret("ssh.privateKey", privateKey);
    };
    const byKey = async (key: string) => (await call(`http://127.0.0.1:${port}/alpa`, { key })).status;
    const byToken = async ({ clientId, clientSecret }: { clientId: string; clientSecret: string }) => {
        const headers = { "CF-Access-Client-Id": clientId, "CF-Access-Client-Secret": clientSecret };
        return (await askEdge(`${here().edge.url}/completions`, "move.example.com", headers)).status;
    };

    it("announces and creates new keys, and accepts them at the node port", async () => {
        intraA();
        await clone.up(stack);
        const old = (await stack.outputs()).credentials["alice/k1"];
        await cloudflare();
        await clone.up(stack);
        const pair = (await stack.outputs()).credentials["alice/t1"];
        assert.equal(await byToken(pair), 200);

        const refused = await clone.ops(stack, "stack", "rollback", "--to", "1", "--yes");
        assert.equal(refused.code, 2, refused.stderr);
        assert.match(refused.stderr, /deleted secrets \(alice\/k1\)\. .* --new-credentials/);
        assert.equal(await byToken(pair), 200);

        copyFileSync(clone.fileOf(stack), join(folder, "of-then.yaml"));
        const { done, failed } = await under(
            () => byToken(pair),
            () => clone.back(stack, 1, "--new-credentials"),
        );
        console.log(`      by the token: ${[...new Set(failed)].join(", ")}`);
        assert.match(done.stderr, /These callers need new credentials: alice\/k1/);
        const now = (await stack.outputs()).credentials["alice/k1"];
        assert.notEqual(now, old);
        assert.equal(await byKey(now), 200);
        assert.equal(await byKey(old), 401);
        assert.notEqual(await byToken(pair).catch(() => 0), 200);
    });

    it("goes forward again with that version's stack file, which has the host's key", async () => {
        const without = await clone.ops(stack, "stack", "rollback", "--to", "2", "--yes", "--new-credentials");
        assert.equal(without.code, 2, without.stderr);
        assert.match(
            without.stderr,
            /tunnel: cannot be restored \(it was secret in version 2, and the stack file in its commit lacks it\)/,
        );
        const given = ["--new-credentials", "--config-file", join(folder, "of-then.yaml")];
        const key = (await stack.outputs()).credentials["alice/k1"];
        const { done, failed } = await under(
            () => byKey(key),
            () => clone.back(stack, 2, ...given),
        );
        console.log(`      by the key: ${[...new Set(failed)].join(", ")}`);
        assert.match(done.stderr, /These callers need new credentials: alice\/t1/);
        assert.equal(await byToken((await stack.outputs()).credentials["alice/t1"]), 200);
        const privateKey = host.privateKey.trim().split("\n")[1];
        for (const text of [done.stdout, done.stderr, readFileSync(clone.fileOf(stack), "utf8")])
            assert.ok(!text.includes(privateKey));
        clone.assertClean();
    });
});
