import * as grpc from "@grpc/grpc-js";
import * as analyzer from "@pulumi/pulumi/proto/analyzer_pb";
import { AnalyzerService } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import { SERVER_OPTIONS, listen } from "../serve";

/** Messages pass through the proxy unchanged. It parses only the stack's configuration and answers the handshake itself. */
const asIs = (bytes: Buffer) => bytes;

type Methods = Record<string, grpc.MethodDefinition<unknown, unknown>>;

const METHODS = AnalyzerService as unknown as Methods;

/**
 * A proxy between the engine and a policy pack, as in the released host. A Node.js pack needs the stack's configuration in its
 * environment when it starts, but the engine sends the configuration only after it has connected. Therefore the engine connects
 * to the proxy, the pack starts when the configuration is known, and the proxy forwards all further calls.
 */
export class PolicyProxy {
    private readonly server = new grpc.Server(SERVER_OPTIONS);
    private readonly configured = deferred<Buffer | undefined>();
    private readonly pack = deferred<grpc.Client>();

    constructor() {
        this.pack.promise.catch(() => undefined); // the calls that wait for the pack get the error
        const serialize = { requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs };
        for (const [name, method] of Object.entries(METHODS)) {
            const call: grpc.handleUnaryCall<Buffer, Buffer> = ({ request }, answer) =>
                this.answer(name, request, answer);
            this.server.addService(
                { [name]: { ...method, ...serialize, responseDeserialize: asIs } as never },
                { [name]: call },
            );
        }
    }

    /** Starts to listen. Resolves to the port for the engine. */
    listen(): Promise<number> {
        return listen(this.server);
    }

    /**
     * Resolves to the stack's configuration. Resolves to undefined if the engine makes a different call first, as
     * `policy publish` does.
     */
    async configuration(): Promise<analyzer.AnalyzerStackConfigureRequest | undefined> {
        const bytes = await this.configured.promise;
        return bytes && analyzer.AnalyzerStackConfigureRequest.deserializeBinary(bytes);
    }

    /** Forwards all calls to the pack. @param port port of the pack */
    async attach(port: number): Promise<void> {
        const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), SERVER_OPTIONS);
        const configuration = await this.configured.promise;
        if (configuration) {
            // Older packs do not implement this call: they read their configuration from the environment.
            await forward(client, METHODS.configureStack.path, configuration).catch((error: grpc.ServiceError) => {
                if (error.code !== grpc.status.UNIMPLEMENTED) throw error;
            });
        }
        this.pack.resolve(client);
    }

    /** Closes the proxy: calls that wait for the pack fail with this reason. */
    close(reason: string): void {
        this.configured.reject(new Error(reason));
        this.pack.reject(new Error(reason));
        this.pack.promise.then(
            (client) => client.close(),
            () => undefined,
        );
        // tryShutdown waits until the engine has received all pending errors and has closed its connections. After one
        // second, forceShutdown closes the remaining connections.
        const cut = setTimeout(() => this.server.forceShutdown(), 1000);
        this.server.tryShutdown(() => clearTimeout(cut));
    }

    private answer(name: string, request: Buffer, answer: grpc.sendUnaryData<Buffer>): void {
        if (name === "handshake") return answer(null, empty(new analyzer.AnalyzerHandshakeResponse()));
        if (name === "configureStack") {
            this.configured.resolve(request);
            return answer(null, empty(new analyzer.AnalyzerStackConfigureResponse()));
        }
        this.configured.resolve(undefined);
        this.pack.promise
            .then((client) => forward(client, METHODS[name].path, request))
            .then(
                (response) => answer(null, response),
                (error: Partial<grpc.ServiceError>) =>
                    answer({ code: error.code ?? grpc.status.UNKNOWN, details: error.details ?? error.message }),
            );
    }
}

/** Creates a promise, and returns it with the functions that settle it. Node.js 20 has no Promise.withResolvers. */
function deferred<T>() {
    let resolve!: (value: T) => void;
    let reject!: (reason: Error) => void;
    const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
    return { promise, resolve, reject };
}

const empty = (message: { serializeBinary(): Uint8Array }) => Buffer.from(message.serializeBinary());

function forward(client: grpc.Client, path: string, request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
        client.makeUnaryRequest(path, asIs, asIs, request, (error, response) => {
            if (error) reject(error);
            else resolve(response as Buffer);
        });
    });
}
