import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as grpc from "@grpc/grpc-js";
import { listen } from "../../plugins/serve";

/** A service on a loopback port, and a client of it. */
export async function connect<Client extends grpc.Client>(
    definition: unknown,
    implementation: grpc.UntypedServiceImplementation,
    client: new (address: string, credentials: grpc.ChannelCredentials) => Client,
): Promise<{ client: Client; close: () => void }> {
    const server = new grpc.Server();
    server.addService(definition as grpc.ServiceDefinition, implementation);
    const connected = new client(`127.0.0.1:${await listen(server)}`, grpc.credentials.createInsecure());
    return {
        client: connected,
        close: () => {
            connected.close();
            server.forceShutdown();
        },
    };
}

/** Makes one call. @returns its response @throws its gRPC error */
export function ask<Request, Response>(
    client: grpc.Client,
    // The last overload of the generated method, from which TypeScript infers the types.
    method: (
        request: Request,
        metadata: grpc.Metadata,
        options: Partial<grpc.CallOptions>,
        answer: (error: grpc.ServiceError | null, response: Response) => void,
    ) => grpc.ClientUnaryCall,
    request: Request,
): Promise<Response> {
    return new Promise((resolve, reject) => {
        method.call(client, request, new grpc.Metadata(), {}, (error, response) => {
            if (error) reject(error);
            else resolve(response);
        });
    });
}

/** A folder with these files, and a function that removes it. */
export function folderWith(files: Record<string, string>): { folder: string; remove: () => void } {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "plugin-")));
    for (const [name, content] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        fs.writeFileSync(path.join(folder, name), content);
    }
    return { folder, remove: () => fs.rmSync(folder, { recursive: true, force: true }) };
}

export function isRunning(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return true;
    } catch {
        return false;
    }
}

/** Starts a Node.js script that starts `command`, prints its process id, and then waits. */
export function parentOf(command: string, args: string[]): ChildProcess {
    const script =
        `const child = require("node:child_process").spawn(${JSON.stringify(command)}, ${JSON.stringify(args)}, ` +
        `{ stdio: ["ignore", "pipe", "inherit"] });` +
        `child.stdout.once("data", (port) => console.log(child.pid + " " + port));` +
        `setInterval(() => {}, 1000);`;
    return spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
}
