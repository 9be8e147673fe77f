/** The emulated plugins as gRPC servers. A call that a service does not have fails with UNIMPLEMENTED and the name of the method. */
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";

/** Largest gRPC message, in bytes: 400 MB, as in Pulumi. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

export const SERVER_OPTIONS: grpc.ChannelOptions = {
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
};

/** Interval of the checks whether the parent process still runs, in milliseconds. */
const LOOK_MS = 250;

class Unsupported extends Error {}

/** Fails an unsupported call. The engine shows the message. */
export function unsupported(what: string): never {
    throw new Unsupported(`unsupported by the sandbox: ${what}. Install Pulumi to use it.`);
}

/** A gRPC error for any thrown value. */
export function statusOf(error: unknown): Partial<grpc.StatusObject> {
    const code = error instanceof Unsupported ? grpc.status.UNIMPLEMENTED : grpc.status.UNKNOWN;
    return { code, details: error instanceof Error ? error.message : String(error) };
}

/** Makes a gRPC handler from a function that returns the response, or throws the error of the call. */
export function unary<Request, Response>(
    handle: (request: Request) => Promise<Response> | Response,
): grpc.handleUnaryCall<Request, Response> {
    return (call, answer) => {
        Promise.resolve()
            .then(() => handle(call.request))
            .then(
                (response) => answer(null, response),
                (error: unknown) => answer(statusOf(error)),
            );
    };
}

/** Serves a provider until the engine ends. */
export async function serveProvider(implementation: grpc.UntypedServiceImplementation): Promise<void> {
    whenParentGone(() => process.exit(1));
    await serve(ResourceProviderService as never, implementation);
}

/** Serves one service on a free loopback port and prints the port for the engine. */
export async function serve(
    service: grpc.ServiceDefinition,
    implementation: grpc.UntypedServiceImplementation,
): Promise<void> {
    const server = new grpc.Server(SERVER_OPTIONS);
    server.addService(service, implementation);
    process.stdout.write(`${await listen(server)}\n`);
}

/** Listens on a free loopback port. */
export function listen(server: grpc.Server): Promise<number> {
    return new Promise((resolve, reject) => {
        server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
            if (error) reject(error);
            else resolve(port);
        });
    });
}

/**
 * Calls `gone` once when the parent process has ended. The engine stops its plugins when it ends, but not when it is killed. A
 * plugin that outlives the engine would keep programs and connections alive.
 */
export function whenParentGone(gone: () => void): void {
    const parent = process.ppid;
    const timer = setInterval(() => {
        if (process.ppid === parent) return;
        clearInterval(timer);
        gone();
    }, LOOK_MS);
    timer.unref();
}
