/** Starts an emulated gateway in front of an emulated Alpa, with the plugins that the program renders. */
import { generateKeyPairSync } from "node:crypto";
import { startAlpa, type Alpa, type Seen } from "../../../sandbox/alpa/server";
import { startGateway, type Gateway } from "../../../sandbox/gateway/server";
import { DEFAULT_NAMESPACE } from "../../../config/values";
import { claimKey } from "../../../components/consumers/consumer";
import { limitPlugins, type Limits } from "../../../components/consumers/limits";
import { alpaChain, closedChain } from "../../../components/route/plugin-chain";
import type { RoutePlugin } from "../../../components/route/route-plugin";
import { GUARD } from "../components/route/guard-settings";

const ADMIN_KEY = "test-admin-key";
export const NAMESPACE = DEFAULT_NAMESPACE;
export const KEY = "KEY-of-team-0123456789";
export const SECRET = "SECRET-of-team-0123456789-abcdefgh";
export const claim = (id: string) => claimKey(NAMESPACE, "team", id);
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
export const PRIVATE_KEY = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
export const PUBLIC_KEY = publicKey.export({ format: "pem", type: "spki" }).toString();

/**
 * A gateway with two consumers: `team` has a key, an HS256 and an RS256 credential; `limited` has a key and may send two
 * requests in two seconds.
 */
export interface Service {
    /** Address that callers use over HTTP, with the prefix `/alpa`. */
    url: string;
    gateway: Gateway;
    alpaPort: number;
    /** Requests that reached Alpa. */
    seen: Seen[];
    put(path: string, body: object): Promise<void>;
    /** Creates the routes of both methods below a path. @param upstream fields to override @param plugins additional plugins */
    open(path: string, upstream?: object, plugins?: object): Promise<void>;
    /** Creates a caller with its credentials, each as a plugin of APISIX. */
    consumer(name: string, credentials: Record<string, object>, limits?: Limits): Promise<void>;
    /** Starts another Alpa, which needs `seconds` for each answer. */
    slowAlpa(seconds: number): Promise<Alpa>;
    close(): Promise<void>;
}

export const LIMITED_KEY = "KEY-of-limited-0123456789";
export const STRANGER_KEY = "KEY-of-another-namespace-0";

export async function startService(): Promise<Service> {
    const seen: Seen[] = [];
    const atOnce = { port: 0, batchWindow: () => new Promise<void>((resolve) => void setImmediate(resolve)) };
    const alpa = await startAlpa({ ...atOnce, onRequest: (request) => void seen.push(request) });
    const gateway = await startGateway({ port: 0, adminPort: 0, adminKey: ADMIN_KEY, log: () => undefined });
    const put = async (path: string, body: object) => {
        const answer = await fetch(`http://127.0.0.1:${gateway.adminPort}/apisix/admin${path}`, {
            method: "PUT",
            headers: { "X-API-KEY": ADMIN_KEY },
            body: JSON.stringify(body),
        });
        if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    };
    const consumer = async (name: string, credentials: Record<string, object>, limits: Limits = {}) => {
        const plugins = Object.fromEntries(limitPlugins(limits, NAMESPACE).map(({ name, config }) => [name, config]));
        await put(`/consumers/${name}`, { username: name, plugins });
        for (const [id, one] of Object.entries(credentials))
            await put(`/consumers/${name}/credentials/${id}`, { plugins: one });
    };
    await consumer(`${NAMESPACE}_team`, {
        key: { "key-auth": { key: KEY } },
        hs: { "jwt-auth": { key: claim("hs"), algorithm: "HS256", secret: SECRET } },
        rs: { "jwt-auth": { key: claim("rs"), algorithm: "RS256", public_key: PUBLIC_KEY } },
    });
    await consumer(
        `${NAMESPACE}_limited`,
        { key: { "key-auth": { key: LIMITED_KEY } } },
        { requests: 2, perSeconds: 2 },
    );
    await consumer("elsewhere_team", { key: { "key-auth": { key: STRANGER_KEY } } });
    const open = async (path: string, upstream: object = {}, plugins: object = {}) => {
        const nodes = { [`127.0.0.1:${alpa.port}`]: 1 };
        for (const role of ["completions", "logprobs"] as const)
            await put(`/routes/${path}-${role}`, {
                uri: `/${path}/${role}`,
                methods: ["POST"],
                upstream: { type: "roundrobin", nodes, retries: 0, ...upstream },
                plugins: { ...byName(alpaChain(`/${role}`, NAMESPACE, GUARD)), ...plugins },
            });
    };
    await open("alpa");
    await put("/routes/closed", {
        ...{ uri: "/*", priority: -10, plugins: byName(closedChain("/alpa")) },
        upstream: { type: "roundrobin", nodes: { "127.0.0.1:1": 1 }, retries: 0 },
    });
    return {
        url: `http://127.0.0.1:${gateway.port}/alpa`,
        gateway,
        alpaPort: alpa.port,
        seen,
        put,
        open,
        consumer,
        slowAlpa: (seconds) => startAlpa({ ...atOnce, seconds }),
        close: async () => void (await Promise.all([gateway.close(), alpa.close()])),
    };
}

export function byName(plugins: RoutePlugin[]): object {
    return Object.fromEntries(plugins.map(({ name, config }) => [name, config]));
}
