/**
 * Emulates the calls of etcd 3.6's JSON gateway that set the password of an etcd. They change the configuration that emulated
 * gateways share. Answers are those of etcd 3.6.16. Tokens are valid until the password changes.
 *
 * Unsupported: users other than root, keys.
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { Configuration } from "../../gateway/objects/configuration";
import { Unsupported } from "../../gateway/unsupported";
import { listen, type Listening } from "../../processes/listen";

type Body = Record<string, unknown>;

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
