/**
 * Emulates the calls of etcd 3.6's JSON gateway that write keys into an etcd and set its password. They read and write the
 * configuration that emulated gateways share. Answers are those of etcd 3.6.16. Tokens are valid until the password changes.
 *
 * Unsupported: users other than root, comparisons in a transaction, earlier revisions, leases, watches.
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { Configuration, Stored } from "../../gateway/objects/configuration";
import { Unsupported } from "../../gateway/unsupported";
import { listen, type Listening } from "../../processes/listen";

const PREFIX = "/apisix";
/**
 * Key that represents the folders of APISIX in a list. The real APISIX writes one key per folder to etcd when it
 * starts. The emulator stores only whether this has happened, and then lists this single key.
 */
const FOLDERS = "/routes/";

type Body = Record<string, unknown>;
interface Range {
    key: string;
    range_end?: string;
    limit?: number;
}

/** An error of etcd with its gRPC code. */
class Refused extends Error {
    constructor(
        readonly code: number,
        message: string,
    ) {
        super(`etcdserver: ${message}`);
    }
}

/** @param configuration returns the current data of etcd */
export async function startEtcdApi(configuration: () => Configuration): Promise<Listening> {
    const server = createServer((request, response) => {
        const answer = (status: number, body: object) =>
            response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
            try {
                const path = (request.url ?? "").replace(/^\/v3\//, "");
                const body = JSON.parse(Buffer.concat(chunks).toString() || "{}") as Body;
                answer(200, serve(configuration(), path, body, request.headers.authorization));
            } catch (error) {
                const { code = 2 } = error as Partial<Refused>;
                const status = error instanceof Unsupported ? 501 : 400;
                answer(status, { code, message: (error as Error).message });
            }
        });
    });
    return listen(server);
}

function serve(etcd: Configuration, path: string, body: Body, token: string | undefined): object {
    const header = { revision: String(etcd.revision) };
    if (path === "auth/authenticate") {
        if (etcd.password === undefined) throw new Refused(9, "authentication is not enabled");
        if (body.name !== "root" || body.password !== etcd.password)
            throw new Refused(3, "authentication failed, invalid user ID or password");
        return { header, token: (etcd.token ??= randomBytes(8).toString("hex")) };
    }
    if (etcd.password !== undefined && token === undefined) throw new Refused(3, "user name is empty");
    if (etcd.password !== undefined && token !== etcd.token) throw new Refused(16, "invalid auth token");
    if (path === "kv/range") return { header, ...range(etcd, body as unknown as Range) };
    if (path === "kv/txn") return transact(etcd, header, body);
    changeRoot(etcd, path, body);
    return { header };
}

function changeRoot(etcd: Configuration, path: string, { name, user, role, password }: Body): void {
    if (path !== "auth/enable" && (name ?? user) !== "root")
        throw new Unsupported(`etcd: user ${String(name ?? user)}`);
    if (path === "auth/user/add") {
        if (etcd.root !== undefined) throw new Refused(9, "user name already exists");
        etcd.root = { password: String(password), granted: false };
    } else if (path === "auth/user/changepw") {
        if (etcd.root === undefined) throw new Refused(9, "user name not found");
        etcd.root.password = String(password);
        if (etcd.password !== undefined) [etcd.password, etcd.token] = [etcd.root.password, undefined];
    } else if (path === "auth/user/grant" && role === "root" && etcd.root) etcd.root.granted = true;
    else if (path === "auth/enable") {
        if (!etcd.root?.granted) throw new Refused(9, "root user does not have root role");
        etcd.password = etcd.root.password;
    } else throw new Unsupported(`etcd: ${path}`);
}

function range(etcd: Configuration, { key, range_end: end, limit = 0 }: Range): object {
    const [from, to] = [decoded(key), end === undefined ? undefined : decoded(end)];
    const folders: [string, string][] = etcd.hasFolders ? [[`${PREFIX}${FOLDERS}`, "init_dir"]] : [];
    const all = [...etcd.objects].map(([path, stored]): [string, string] => [
        `${PREFIX}${path}`,
        JSON.stringify(stored),
    ]);
    const found = [...folders, ...all]
        .filter(([path]) => (to === undefined ? path === from : path >= from && path < to))
        .sort(([a], [b]) => (a < b ? -1 : 1));
    const shown = limit === 0 ? found : found.slice(0, limit);
    return {
        kvs: shown.map(([path, value]) => ({ key: encoded(path), value: encoded(value) })),
        ...(shown.length < found.length ? { more: true } : {}),
        count: String(found.length),
    };
}

function transact(etcd: Configuration, header: object, { success, ...rest }: Body): object {
    if (Object.keys(rest).length > 0) throw new Unsupported("etcd: a transaction with a comparison");
    for (const one of success as { requestPut?: { key: string; value: string }; requestDeleteRange?: Range }[]) {
        const put = one.requestPut;
        const path = decoded((put ?? one.requestDeleteRange!).key).slice(PREFIX.length);
        if (path.endsWith("/")) etcd.hasFolders = put !== undefined;
        else if (put) etcd.keep(path, JSON.parse(decoded(put.value)) as Stored);
        else etcd.delete(path);
    }
    return { header, succeeded: true };
}

const decoded = (text: string) => Buffer.from(text, "base64").toString("utf8");
const encoded = (text: string) => Buffer.from(text).toString("base64");
