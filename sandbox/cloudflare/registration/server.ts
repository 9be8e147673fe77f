/**
 * The edge's end of the control stream: it serves the interface RegistrationServer by Cap'n Proto's RPC, with the messages that
 * cloudflared 2026.8.2 uses (tunnelrpc/registration_client.go, with go-capnproto2 2.18). cloudflared requests the bootstrap
 * interface, calls it before the answer arrives, and closes with an abort. Each side has only one capability, which it never
 * releases.
 *
 * Unsupported: other messages, which end the connection; other interfaces and methods, which get an exception.
 */
import type { Duplex } from "node:stream";
import { Exception, MessageTarget, Message as RpcMessage, type Call } from "capnp-es/capnp/rpc";
import * as structs from "./structs";
import { contentOf, initContent, onMessages, returnCapability, sendMessage } from "./stream";

export interface Registration {
    accountTag: string;
    tunnelId: string;
    /** Secret of the tunnel in base64, as in the token. */
    secret: string;
    connIndex: number;
    connectorId: string;
    version: string;
}

export interface Registered {
    connectionId: string;
    /** Airport code and number of the data center. */
    location: string;
    /** false for a locally managed tunnel, whose connector reports the rules of its own file. */
    remotelyManaged: boolean;
}

/** A rejected registration. The connector gets the message, and retries only if the message contains "Unauthorized". */
export class Refused extends Error {}

interface RegistrationServer {
    /** @throws Refused */
    register(registration: Registration): Promise<Registered>;
    /** Unregisters the connection. After that, the edge sends no new request on the connection. */
    unregister(): Promise<void>;
}

/** Export id of the only capability, the bootstrap interface. */
const BOOTSTRAP_EXPORT = 0;

/** @param failed called once, with the error that ends the connection */
export function serveRegistration(stream: Duplex, server: RegistrationServer, failed: (error: Error) => void): void {
    /** Id of the connector's question for the bootstrap interface. Calls can refer to the answer of that question. */
    let bootstrap: number | undefined;
    const isOurs = (target: MessageTarget) =>
        target.which() === MessageTarget.IMPORTED_CAP
            ? target.importedCap === BOOTSTRAP_EXPORT
            : target.promisedAnswer.questionId === bootstrap && target.promisedAnswer.transform.length === 0;
    const take = (message: RpcMessage) => {
        switch (message.which()) {
            case RpcMessage.BOOTSTRAP: {
                const { questionId } = message.bootstrap;
                bootstrap = questionId;
                return sendMessage(stream, (answer) => {
                    const returned = answer._initReturn();
                    returned.answerId = questionId;
                    returnCapability(returned, BOOTSTRAP_EXPORT);
                });
            }
            case RpcMessage.CALL: {
                const { call } = message;
                if (!isOurs(call.target)) throw new Error("an RPC call to an unknown Cap'n Proto capability");
                return void answerCall(stream, server, call).catch(failed);
            }
            case RpcMessage.FINISH:
            case RpcMessage.RELEASE:
            case RpcMessage.ABORT:
                return;
            default:
                throw new Error(`unsupported by the sandbox: message ${message.which()} of Cap'n Proto's RPC`);
        }
    };
    onMessages(stream, take, failed);
}

async function answerCall(stream: Duplex, server: RegistrationServer, call: Call): Promise<void> {
    const { questionId, interfaceId, methodId } = call;
    const known = interfaceId === structs.REGISTRATION_SERVER;
    if (known && methodId === structs.REGISTER_CONNECTION) {
        const answer = await server
            .register(registrationOf(contentOf(call.params, structs.RegisterParams)))
            .catch(refusal);
        return sendMessage(stream, (message) => {
            const returned = message._initReturn();
            returned.answerId = questionId;
            fillResults(initContent(returned._initResults(), structs.RegisterResults), answer);
        });
    }
    if (known && methodId === structs.UNREGISTER_CONNECTION) await server.unregister();
    // UPDATE_LOCAL_CONFIGURATION reports the rules of a locally managed tunnel. The sandbox accepts and ignores them.
    else if (!known || methodId !== structs.UPDATE_LOCAL_CONFIGURATION) return unimplemented(stream, call);
    sendMessage(stream, (message) => {
        const returned = message._initReturn();
        returned.answerId = questionId;
        initContent(returned._initResults(), structs.Nothing);
    });
}

function registrationOf(params: structs.RegisterParams): Registration {
    const { auth, options, connIndex } = params;
    return {
        accountTag: auth.accountTag,
        tunnelId: structs.uuidText(params.tunnelId),
        secret: auth.tunnelSecret.toString("base64"),
        connIndex,
        connectorId: structs.uuidText(options.client.clientId),
        version: options.client.version,
    };
}

function refusal(error: Error): Refused {
    if (error instanceof Refused) return error;
    throw error;
}

function fillResults(results: structs.RegisterResults, answer: Registered | Refused): void {
    const response = results.initResult();
    if (answer instanceof Refused) {
        response.initError().cause = answer.message;
        return;
    }
    const details = response.initDetails();
    details.uuid = structs.uuidBytes(answer.connectionId);
    details.locationName = answer.location;
    details.tunnelIsRemotelyManaged = answer.remotelyManaged;
}

function unimplemented(stream: Duplex, { questionId, interfaceId, methodId }: Call): void {
    sendMessage(stream, (message) => {
        const returned = message._initReturn();
        returned.answerId = questionId;
        const exception = returned._initException();
        exception.type = Exception.Type.UNIMPLEMENTED;
        exception.reason = `unsupported by the sandbox: method ${methodId} of interface ${interfaceId.toString(16)}`;
    });
}
