/**
 * The services that a caller uses, from emulators only: the gateway with the plugins that the program renders, Access at the
 * edge in classic and in strict mode, Alpa behind both; and the pages that `ops consumer handout` writes.
 */
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { claimKey } from "../../../components/consumers/consumers";
import { renderWorker } from "../../../components/cloudflare/edge-worker";
import { limitPlugins } from "../../../components/consumers/limits";
import { alpaChain, closedChain, queryStringChain, serviceChain } from "../../../components/route/plugin-chain";
import { alpaPaths, renderRoutes } from "../../../components/cloudflare/tunnel-routes";
import { renderHandout, type Handout } from "../../../ops/consumer/handouts/text";
import { startAlpa } from "../../../sandbox/alpa/server";
import { startGateway } from "../../../sandbox/gateway/server";
import { World } from "../../../sandbox/test/cloudflare/edge/kit";
import { addRecord, addZone } from "../../../sandbox/test/cloudflare/edge/objects";
import { GUARD } from "../components/route/guard-settings";

const NAMESPACE = "ns";
const ADMIN_KEY = "test-admin-key";
const SECRET = "a-shared-secret-of-the-caller-0123456789";
const claim = (id: string) => claimKey(NAMESPACE, "team", id);

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PUBLIC_KEY = publicKey.export({ format: "pem", type: "spki" }).toString();
const PRIVATE_KEY = privateKey.export({ format: "pem", type: "pkcs8" }).toString();

/** In the format that tests/world/conftest.py reads. */
export interface CallersWorld {
    /** Address of Alpa itself, which only the gateway should reach. */
    direct: string;
    /**
     * Addresses at the gateway. `down` has no Alpa behind it, `slow` one that is slower than the gateway's timeout, `drained`
     * answers 503.
     */
    urls: Record<"alpa" | "down" | "slow" | "drained", string>;
    keys: Record<"team" | "limited" | "stranger", string>;
    jwt: { secret: string; privateKey: string; claims: { hs: string; rs: string } };
    /**
     * Addresses at the edge; `single` reads one header, `login` also lets people log in, `limited` allows one request in 30 s.
     */
    edges: Record<"classic" | "strict" | "cut", Record<"alpa" | "single" | "login" | "limited", string>>;
    tokens: Record<"team" | "stranger" | "expired", { clientId: string; clientSecret: string }>;
    /** Files by the kind of credential. */
    handouts: Record<"key" | "hs" | "rs" | "serviceToken", string>;
}

/** @param folder for the pages */
export async function startCallersWorld(folder: string) {
    const atOnce = { port: 0, batchWindow: () => new Promise((resolve) => setImmediate(resolve)) };
    const [alpa, slow] = await Promise.all([startAlpa(atOnce), startAlpa({ ...atOnce, seconds: 5 })]);
    const gateway = await startGateway({ port: 0, adminPort: 0, adminKey: ADMIN_KEY });
    const put = async (path: string, body: object) => {
        const answer = await fetch(`http://127.0.0.1:${gateway.adminPort}/apisix/admin${path}`, {
            method: "PUT",
            headers: { "X-API-KEY": ADMIN_KEY },
            body: JSON.stringify(body),
        });
        if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    };
    const keys = {
        team: "key-of-the-team-0123456789",
        limited: "key-of-the-limited-01234",
        stranger: "key-of-a-stranger-0123",
    };
    await addConsumers(put, keys);
    const base = `http://127.0.0.1:${gateway.port}`;
    const urls = { alpa: `${base}/alpa`, down: `${base}/down`, slow: `${base}/slow`, drained: `${base}/drained` };
    await addRoutes(put, { alpa: alpa.port, slow: slow.port });

    const tokens: Partial<CallersWorld["tokens"]> = {};
    const classic = await startEdge("2025-01-01T00:00:00Z", alpa.port, tokens);
    const strict = await startEdge("2026-11-01T00:00:00Z", alpa.port, tokens);
    const cut = await startEdge("2026-11-01T00:00:00Z", alpa.port, tokens, false);
    const world: CallersWorld = {
        direct: `http://127.0.0.1:${alpa.port}`,
        urls,
        keys,
        jwt: { secret: SECRET, privateKey: PRIVATE_KEY, claims: { hs: claim("hs"), rs: claim("rs") } },
        edges: { classic: classic.urls, strict: strict.urls, cut: cut.urls },
        tokens: tokens as CallersWorld["tokens"],
        handouts: writeHandouts(folder, urls.alpa, classic.urls.alpa, keys.team, tokens.team!),
    };
    const file = join(folder, "world.json");
    writeFileSync(file, JSON.stringify(world));
    const all = [gateway, alpa, slow, classic.world, strict.world, cut.world];
    return { world, file, close: async () => void (await Promise.all(all.map((one) => one.close()))) };
}

type Put = (path: string, body: object) => Promise<void>;

async function addConsumers(put: Put, keys: CallersWorld["keys"]): Promise<void> {
    const consumer = async (username: string, credentials: Record<string, object>, plugins: object = {}) => {
        await put(`/consumers/${username}`, { username, plugins });
        for (const [id, plugin] of Object.entries(credentials))
            await put(`/consumers/${username}/credentials/${id}`, { plugins: plugin });
    };
    await consumer(`${NAMESPACE}_team`, {
        key: { "key-auth": { key: keys.team } },
        hs: { "jwt-auth": { key: claim("hs"), algorithm: "HS256", secret: SECRET } },
        rs: { "jwt-auth": { key: claim("rs"), algorithm: "RS256", public_key: PUBLIC_KEY } },
    });
    const limits = limitPlugins({ requests: 2, perSeconds: 3600 }, NAMESPACE);
    await consumer(`${NAMESPACE}_limited`, { key: { "key-auth": { key: keys.limited } } }, byName(limits));
    await consumer("elsewhere_team", { key: { "key-auth": { key: keys.stranger } } });
}

async function addRoutes(put: Put, ports: { alpa: number; slow: number }): Promise<void> {
    const upstream = (port: number) => ({ type: "roundrobin", nodes: { [`127.0.0.1:${port}`]: 1 }, retries: 0 });
    for (const role of ["completions", "logprobs"] as const) {
        const plugins = byName(alpaChain(`/${role}`, NAMESPACE, GUARD));
        const open = (prefix: string, to: object, more: object = {}) =>
            put(`/routes/${prefix}-${role}`, {
                uri: `/${prefix}/${role}`,
                methods: ["POST"],
                vars: [["args", "!", "~~", "."]],
                upstream: to,
                plugins: { ...plugins, ...more },
            });
        await open("alpa", upstream(ports.alpa));
        await open("down", upstream(1));
        await open("slow", { ...upstream(ports.slow), timeout: { connect: 5, send: 5, read: 0.2 } });
        const abort = { http_status: 503, headers: { "Retry-After": "120" }, body: '{"message":"drained"}' };
        await open("drained", upstream(ports.alpa), { "fault-injection": { abort, _meta: { priority: 2380 } } });
    }
    const nowhere = { upstream: upstream(1), priority: -10 };
    await put("/routes/query", {
        ...nowhere,
        uri: "/alpa/*",
        priority: -1,
        vars: [["args", "~~", "."]],
        plugins: byName(queryStringChain()),
    });
    await put("/routes/service", {
        ...nowhere,
        ...{ uri: "/alpa/", priority: 0, methods: ["GET"], plugins: byName(serviceChain("/alpa", GUARD.defaultModel)) },
    });
    await put("/routes/closed", { ...nowhere, uri: "/*", plugins: byName(closedChain("/alpa")) });
}

/** @param connected whether a connector holds the tunnel */
async function startEdge(
    organizationSince: string,
    alpaPort: number,
    tokens: Partial<CallersWorld["tokens"]>,
    connected = true,
) {
    const world = await World.start({ organizationSince });
    // A name of this machine: clients send no credential over plain HTTP to another host.
    const zone = addZone(world.account, "localhost");
    addRecord(world.account, zone, "localhost", `${world.tunnel.id}.cfargotunnel.com`);
    // The stack's own rules, and paths for the other applications below.
    const paths = [...alpaPaths(["/alpa"]), "^/(single|login|limited)/(completions|logprobs)$"];
    const { ingresses } = renderRoutes({ hostnames: ["localhost"], endpoint: `127.0.0.1:${alpaPort}`, paths });
    world.configure({ ingress: ingresses });
    const given = (name: "team" | "stranger" | "expired", change: object = {}) => {
        const pair = tokens[name] && { client_id: tokens[name].clientId, client_secret: tokens[name].clientSecret };
        const token = world.token({ ...pair, ...change });
        tokens[name] = { clientId: token.client_id, clientSecret: token.client_secret };
        return token;
    };
    const team = given("team");
    given("stranger");
    given("expired", { expires_at: "2020-01-01T00:00:00Z" });
    const callers = world.policy("non_identity", [{ service_token: { token_id: team.id } }]);
    const people = world.policy("allow", [{ everyone: {} }]);
    world.application([callers], { domain: "localhost" });
    world.application([callers], { domain: "localhost/single", read_service_tokens_from_header: "Authorization" });
    world.application([callers, people], { domain: "localhost/login" });
    const limit = { period: 10, requests_per_period: 1, mitigation_timeout: 30, requests_to_origin: false };
    const ratelimit = { ...limit, characteristics: ["cf.colo.id", "ip.src"] };
    world.rules("http_ratelimit", [{ expression: 'http.request.uri.path eq "/limited/completions"', ratelimit }]);
    for (const rules of world.account.rulesets.values()) rules.zone_id = zone.id;
    // The stack's own Worker.
    world.worker(
        renderWorker({ hostnames: ["localhost"], prefixes: ["/alpa"], model: GUARD.defaultModel }).content,
        "localhost/*",
    );
    for (const route of world.account.workerRoutes.values()) route.zone_id = zone.id;
    if (connected) await world.connect();
    const base = `http://localhost:${world.edge.port}`;
    const at = (path: string) => `${base}/${path}`;
    return { world, urls: { alpa: base, single: at("single"), login: at("login"), limited: at("limited") } };
}

function writeHandouts(
    folder: string,
    gateway: string,
    edge: string,
    key: string,
    pair: { clientId: string; clientSecret: string },
): CallersWorld["handouts"] {
    const write = (name: string, url: string, credential: Handout["credential"]) => {
        const file = join(folder, `${name}.md`);
        const page = { who: `team/${name}`, url, answerTimeoutSeconds: 600, expires: "2099-01-31", credential };
        writeFileSync(file, renderHandout(page));
        return file;
    };
    return {
        key: write("key", gateway, { method: "key", key }),
        hs: write("hs", gateway, { method: "jwt", algorithm: "HS256", claim: claim("hs"), secret: SECRET }),
        rs: write("rs", gateway, { method: "jwt", algorithm: "RS256", claim: claim("rs") }),
        serviceToken: write("edge", edge, { method: "service-token", ...pair }),
    };
}

function byName(plugins: { name: string; config: object }[]): Record<string, object> {
    return Object.fromEntries(plugins.map(({ name, config }) => [name, config]));
}
