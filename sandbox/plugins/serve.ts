import * as grpc from "@grpc/grpc-js";

/** Largest gRPC message, in bytes: 400 MB, as in Pulumi. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

export const SERVER_OPTIONS: grpc.ChannelOptions = {
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
};

/** An error with a gRPC status. */
class StatusError extends Error {
    constructor(
        readonly code: grpc.status,
        message: string,
    ) {
        super(message);
    }
}

/** Fails an unsupported call. The engine shows the message. */
export function unsupported(what: string): never {
    throw new StatusError(
        grpc.status.UNIMPLEMENTED,
        `unsupported by the sandbox: ${what}. Install Pulumi to use it (https://www.pulumi.com/docs/install/).`,
    );
}

/** A gRPC error for any thrown value. */
export function statusOf(error: unknown): Partial<grpc.StatusObject> {
    const code = error instanceof StatusError ? error.code : grpc.status.UNKNOWN;
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

/** Serves one service on a free loopback port and prints the port for the engine. */
export async function serve(
    service: grpc.ServiceDefinition,
    implementation: grpc.UntypedServiceImplementation,
): Promise<number> {
    const server = new grpc.Server(SERVER_OPTIONS);
    server.addService(service, implementation);
    const port = await listen(server);
    process.stdout.write(`${port}\n`);
    return port;
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
