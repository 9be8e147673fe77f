/**
 * Proves that the edge and the connectors apply what is written to the API, from the creation of the first zone to the
 * last deletion.
 */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Connector } from "../../cloudflare/connector/connector";
import { parseToken } from "../../cloudflare/connector/arguments";
import { startEdge, type Edge } from "../../cloudflare/edge/server";
import { send } from "./edge/send";
import { START, TestApi } from "./kit";

const HOST = "api.example.com";

describe("Cloudflare emulators together", () => {
    let api: TestApi;
    let edge: Edge;
    let origin: Server;
    let connector: Connector | undefined;
    let served = 0;
    const answers: { caller: string | null; status: number }[] = [];
    before(async () => {
        api = await TestApi.start({ plan: "enterprise" });
        api.account.delegation = (zone) => api.account.zoneNamed(zone)?.name_servers ?? [];
        edge = await startEdge({ port: 0, account: api.account, onAnswer: (answered) => void answers.push(answered) });
        origin = createServer((_, answer) => {
            served++;
            answer.end("answered");
        });
        await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
    });
    after(async () => {
        await connector?.kill();
        await Promise.all([edge.close(), api.api.close()]);
        await new Promise<void>((resolve) => {
            origin.close(() => resolve());
            origin.closeAllConnections();
        });
    });

    const make = async (path: string, body: object) => {
        const answered = await api.post(path, body);
        assert.ok(answered.status < 300, answered.text);
        return answered.result;
    };
    const status = async (token?: { client_id: string }, secret = "", path = "/completions") => {
        const shown: Record<string, string> = token
            ? { "CF-Access-Client-Id": token.client_id, "CF-Access-Client-Secret": secret }
            : {};
        return (await send(edge.port, { Host: HOST, ...shown }, { method: "POST", path, body: "{}" })).status;
    };

    it("admit only the declared caller; rotation, rate limit and deletion take effect at once", async () => {
        const zone = await make("zones", { name: "example.com", account: { id: api.account.id }, type: "full" });
        const tunnel = await make("accounts/{account}/cfd_tunnel", { name: "alpa", config_src: "cloudflare" });
        const token = await make("accounts/{account}/access/service_tokens", { name: "nlp", duration: "8760h" });
        const policy = await make("accounts/{account}/access/policies", {
            name: "callers",
            decision: "non_identity",
            include: [{ service_token: { token_id: token.id } }],
            session_duration: "24h",
        });
        const application = await make("accounts/{account}/access/apps", {
            type: "self_hosted",
            name: "alpa",
            domain: HOST,
            policies: [{ id: policy.id, precedence: 1 }],
        });
        const tunnelPath = `accounts/{account}/cfd_tunnel/${tunnel.id}`;
        const access = { required: true, teamName: "sandbox", audTag: [application.aud] };
        const service = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
        const rule = { hostname: HOST, path: "^/completions$", service, originRequest: { access } };
        const ingress = [rule, { service: "http_status:404" }];
        assert.equal((await api.put(`${tunnelPath}/configurations`, { config: { ingress } })).status, 200);
        const record = { name: HOST, type: "CNAME", content: `${tunnel.id}.cfargotunnel.com`, proxied: true, ttl: 1 };
        await make(`zones/${zone.id}/dns_records`, record);

        assert.equal(await status(), 409, "the zone is pending: no name resolves to the edge");
        await api.put(`zones/${zone.id}/activation_check`, {});
        await assert.rejects(status(), { code: "ECONNRESET" }, "no certificate yet");
        api.account.advance(120);
        assert.equal(await status(token, token.client_secret), 530, "no connector yet");

        connector = new Connector({
            token: parseToken((await api.get(`${tunnelPath}/token`)).result),
            edges: [`127.0.0.1:${edge.connectorPort}`],
            ca: edge.certificate.cert,
            log: () => undefined,
            backoff: 5,
        });
        const complete = new Promise<void>((resolve) => {
            const tunnelNow = () => api.account.tunnels.get(tunnel.id)?.connections.length;
            api.account.on("changed", () => tunnelNow() === 4 && resolve());
        });
        connector.start();
        await complete;
        assert.equal((await api.get(tunnelPath)).result.status, "healthy");
        answers.splice(0);
        assert.deepEqual([await status(token, token.client_secret), await status()], [200, 403]);
        assert.deepEqual(answers, [
            { caller: "nlp", status: 200 },
            { caller: null, status: 403 },
        ]);
        assert.equal(await status(token, token.client_secret, "/other"), 404);

        // A new secret, with an overlap of an hour.
        const until = new Date(START + 3720_000).toISOString();
        const rotated = await api.put(`accounts/{account}/access/service_tokens/${token.id}`, {
            name: "nlp",
            duration: "8760h",
            client_secret_version: 2,
            previous_client_secret_expires_at: until,
        });
        const secrets = [token.client_secret, rotated.result.client_secret];
        const both = () => Promise.all(secrets.map((secret) => status(token, secret)));
        assert.deepEqual(await both(), [200, 200]);
        api.account.advance(3600);
        assert.deepEqual(await both(), [401, 200], "the organization is strict: it was created after 2026-10-05");

        const limit = {
            characteristics: ["cf.colo.id", "ip.src"],
            period: 10,
            requests_per_period: 1,
            mitigation_timeout: 10,
        };
        const limits = await make(`zones/${zone.id}/rulesets`, {
            name: "limits",
            kind: "zone",
            phase: "http_ratelimit",
            rules: [{ action: "block", expression: 'http.request.uri.path eq "/completions"', ratelimit: limit }],
        });
        assert.deepEqual([await status(token, secrets[1]), await status(token, secrets[1])], [200, 429]);
        await api.delete(`zones/${zone.id}/rulesets/${limits.id}`);

        const before = served;
        assert.equal((await api.delete(tunnelPath)).code, 1022, "connectors are connected");
        await connector.stop(0);
        assert.equal((await api.get(tunnelPath)).result.status, "down");
        assert.equal((await api.delete(tunnelPath)).status, 200);
        assert.deepEqual([await status(token, secrets[1]), served], [530, before]);
    });
});
