/**
 * Emulators of all services that a caller uses: the gateway with the plugins that the program renders, the edge with
 * Access in classic and strict mode, and Alpa behind both.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderWorker } from "../../../components/cloudflare/edge-worker";
import { queryStringChain, serviceChain, toHttps } from "../../../components/route/plugin-chain";
import { alpaPaths } from "../../../components/alpa/paths";
import { renderRoutes } from "../../../components/cloudflare/tunnel";
import { World } from "../../../sandbox/test/cloudflare/edge/kit";
import { addRecord, addZone } from "../../../sandbox/test/cloudflare/edge/objects";
import { GUARD } from "../components/route/guard-settings";
import * as kit from "./kit";
import { startService, type Service } from "./kit";

/**
 * Addresses and credentials of the emulated services. client/python/tests/cases/world and client/python/tests/world/conftest.py read this format.
 */
export interface CallersWorld {
    /** Address of Alpa itself, which only the gateway should reach. */
    direct: string;
    /**
     * Addresses at the gateway. `down`: no Alpa runs. `slow`: Alpa is slower than the gateway's timeout. `drained`: the
     * answer is 503. `moved`: redirects to HTTPS.
     */
    urls: Record<"alpa" | "down" | "slow" | "drained" | "moved", string>;
    keys: Record<"team" | "limited" | "stranger", string>;
    jwt: { secret: string; privateKey: string; claims: { hs: string; rs: string } };
    /**
     * Addresses at the edge. `single`: reads the token from one header. `login`: people can log in too. `limited`: one
     * request in 30 s. `address`: the host is an IP address.
     */
    edges: Record<"classic" | "strict" | "cut", Record<"alpa" | "single" | "login" | "limited" | "address", string>> & {
        /**
         * Addresses that fail. `silent`: the origin never answers. `truncated`: the origin sends half an answer.
         * `down`: the origin is down. `closed`: a rule of the edge blocks the request.
         */
        failing: Record<"silent" | "truncated" | "down" | "closed", string>;
    };
    tokens: Record<"team" | "stranger" | "expired", Pair>;
}

interface Pair {
    clientId: string;
    clientSecret: string;
}

/** @param folder for the file that describes the world */
export async function startCallersWorld(folder: string) {
    const service = await startService();
    const limited = { key: { "key-auth": { key: kit.LIMITED_KEY } } };
    await service.consumer(`${kit.NAMESPACE}_limited`, limited, { requests: 2, perSeconds: 3600 });
    const slow = await service.slowAlpa(5);
    await addRoutes(service, slow.port);
    const at = (path: string) => service.url.replace(/alpa$/, path);
    const tokens: Partial<CallersWorld["tokens"]> = {};
    const classic = await startEdge("2025-01-01T00:00:00Z", service.alpaPort, tokens);
    const strict = await startEdge("2026-11-01T00:00:00Z", service.alpaPort, tokens);
    const cut = await startEdge("2026-11-01T00:00:00Z", service.alpaPort, tokens, false);
    const failing = await startFailingEdge(tokens.team!);
    const world: CallersWorld = {
        direct: `http://127.0.0.1:${service.alpaPort}`,
        urls: { alpa: service.url, down: at("down"), slow: at("slow"), drained: at("drained"), moved: at("moved") },
        keys: { team: kit.KEY, limited: kit.LIMITED_KEY, stranger: kit.STRANGER_KEY },
        jwt: { secret: kit.SECRET, privateKey: kit.PRIVATE_KEY, claims: { hs: kit.claim("hs"), rs: kit.claim("rs") } },
        edges: { classic: classic.urls, strict: strict.urls, cut: cut.urls, failing: failing.urls },
        tokens: tokens as CallersWorld["tokens"],
    };
    const file = join(folder, "world.json");
    writeFileSync(file, JSON.stringify(world));
    const all = [service, slow, classic.world, strict.world, cut.world, failing.world];
    return { world, file, close: async () => void (await Promise.all(all.map((one) => one.close()))) };
}

async function addRoutes(service: Service, slowPort: number): Promise<void> {
    const nowhere = { upstream: { type: "roundrobin", nodes: { "127.0.0.1:1": 1 }, retries: 0 }, priority: -10 };
    await service.open("down", nowhere.upstream);
    const timeout = { connect: 5, send: 5, read: 0.2 };
    await service.open("slow", { nodes: { [`127.0.0.1:${slowPort}`]: 1 }, timeout });
    const abort = { http_status: 503, headers: { "Retry-After": "120" }, body: '{"message":"drained"}' };
    await service.open("drained", {}, { "fault-injection": { abort, _meta: { priority: 2380 } } });
    await service.put("/routes/moved", { ...nowhere, uri: "/moved/*", priority: 0, plugins: kit.byName([toHttps()]) });
    const args = { vars: [["args", "~~", "."]], plugins: kit.byName(queryStringChain()) };
    await service.put("/routes/query", { ...nowhere, uri: "/alpa/*", priority: 1, ...args });
    const plugins = kit.byName(serviceChain("/alpa", GUARD.defaultModel));
    await service.put("/routes/service", { ...nowhere, uri: "/alpa/", priority: 0, methods: ["GET"], plugins });
}

/** Factor of all timeouts of the edge. A timeout of 125 s takes half a second here. */
const SCALE = 0.004;

async function startFailingEdge({ clientId, clientSecret }: Pair) {
    const world = await World.start({}, { scale: SCALE });
    const zone = addZone(world.account, "localhost");
    addRecord(world.account, zone, "localhost", `${world.tunnel.id}.cfargotunnel.com`);
    world.configure({ ingress: [{ path: "^/down/", service: "http://127.0.0.1:1" }, { service: world.originUrl }] });
    world.respond = ({ url }, answer) =>
        void (url.startsWith("/truncated") && answer.writeHead(200).write('{"choices":'));
    const token = world.token({ client_id: clientId, client_secret: clientSecret });
    const policy = world.policy("non_identity", [{ service_token: { token_id: token.id } }]);
    world.application([policy], { domain: "localhost" });
    const expression = '(http.request.uri.path in {"/closed/completions" "/closed/logprobs"})';
    world.rules("http_request_firewall_custom", [{ expression }]);
    for (const rules of world.account.rulesets.values()) rules.zone_id = zone.id;
    await world.connect();
    const at = (path: string) => `http://localhost:${world.edge.port}/${path}`;
    return {
        world,
        urls: { silent: at("silent"), truncated: at("truncated"), down: at("down"), closed: at("closed") },
    };
}

/** @param connected whether a connector is connected to the tunnel */
async function startEdge(
    organizationSince: string,
    alpaPort: number,
    tokens: Partial<CallersWorld["tokens"]>,
    connected = true,
) {
    const world = await World.start({ organizationSince });
    // The zone is `localhost`, because clients send no credential over plain HTTP to another host.
    const zone = addZone(world.account, "localhost");
    addRecord(world.account, zone, "localhost", `${world.tunnel.id}.cfargotunnel.com`);
    // The rules that the stack renders, and paths for the other applications below.
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
    const limit = { period: 10, requests_per_period: 1, mitigation_timeout: 30 };
    const ratelimit = { ...limit, characteristics: ["cf.colo.id", "ip.src"] };
    world.rules("http_ratelimit", [{ expression: 'http.request.uri.path eq "/limited/completions"', ratelimit }]);
    for (const rules of world.account.rulesets.values()) rules.zone_id = zone.id;
    // The Worker that the stack renders.
    world.worker(
        renderWorker({ hostnames: ["localhost"], prefixes: ["/alpa"], model: GUARD.defaultModel }).content,
        "localhost/*",
    );
    for (const route of world.account.workerRoutes.values()) route.zone_id = zone.id;
    if (connected) await world.connect();
    const base = `http://localhost:${world.edge.port}`;
    const at = (path: string) => `${base}/${path}`;
    const address = base.replace("localhost", "127.0.0.1");
    return { world, urls: { alpa: base, single: at("single"), login: at("login"), limited: at("limited"), address } };
}
