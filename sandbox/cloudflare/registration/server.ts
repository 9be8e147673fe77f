/**
 * The edge's end of the control stream: it serves the interface RegistrationServer by Cap'n Proto's RPC, with the messages that
 * cloudflared 2026.8.2 uses (tunnelrpc/registration_client.go, with go-capnproto2 2.18). cloudflared requests the bootstrap
 * interface, calls it before the answer arrives, and closes with an abort. Each side has only one capability, which it never
 * releases. Everything else ends the connection.
 */
import type { Duplex } from "node:stream";
import { utils } from "capnp-es";
import { MessageTarget, Message as RpcMessage, type Call } from "capnp-es/capnp/rpc";
import * as structs from "./structs";
import { contentOf, initContent, onMessages, sendMessage } from "./stream";

interface RegistrationServer {
    /** @throws structs.Refused */
    register(registration: structs.Registration): Promise<structs.Registered>;
    /** Unregisters the connection. After that, the edge sends no new request on the connection. */
    unregister(): void;
}

/** Export id of the only capability, the bootstrap interface. */
const BOOTSTRAP_EXPORT = 0;

/** @param failed called with the error that ends the connection */
export function serveRegistration(stream: Duplex, server: RegistrationServer, failed: (error: Error) => void): void {
    /** Id of the connector's question for the bootstrap interface. Calls can refer to the answer of that question. */
    let bootstrap: number | undefined;
    const isOurs = (target: MessageTarget) =>
        target.which() === MessageTarget.IMPORTED_CAP
            ? target.importedCap === BOOTSTRAP_EXPORT
            : target.promisedAnswer.questionId === bootstrap && target.promisedAnswer.transform.length === 0;
    const take = (message: RpcMessage) => {
        const kind = message.which();
        if (kind === RpcMessage.BOOTSTRAP) {
            bootstrap = message.bootstrap.questionId;
            answerBootstrap(stream, bootstrap);
        } else if (kind === RpcMessage.CALL) {
            const { call } = message;
            if (!isOurs(call.target) || call.interfaceId !== structs.REGISTRATION_SERVER)
                throw new Error("unsupported by the sandbox: an RPC call to another Cap'n Proto interface");
            answerCall(stream, server, call).catch(failed);
        } else if (![RpcMessage.FINISH, RpcMessage.RELEASE, RpcMessage.ABORT].some((other) => other === kind))
            throw new Error(`unsupported by the sandbox: message ${kind} of Cap'n Proto's RPC`);
    };
    onMessages(stream, take, failed);
}

function answerBootstrap(stream: Duplex, questionId: number): void {
    sendMessage(stream, (answer) => {
        const returned = answer._initReturn();
        returned.answerId = questionId;
        const results = returned._initResults();
        results._initCapTable(1).get(0).senderHosted = BOOTSTRAP_EXPORT;
        utils.setInterfacePointer(0, utils.getPointer(0, results));
    });
}

async function answerCall(stream: Duplex, server: RegistrationServer, call: Call): Promise<void> {
    const { questionId, methodId } = call;
    let answer: structs.Registered | structs.Refused | undefined;
    if (methodId === structs.REGISTER_CONNECTION) {
        const registration = structs.readRegistration(contentOf(call.params, structs.RegisterParams));
        answer = await server.register(registration).catch((error: Error) => {
            if (error instanceof structs.Refused) return error;
            throw error;
        });
    } else if (methodId === structs.UNREGISTER_CONNECTION) server.unregister();
    // UPDATE_LOCAL_CONFIGURATION reports the rules of a locally managed tunnel. The sandbox accepts and ignores them.
    else if (methodId !== structs.UPDATE_LOCAL_CONFIGURATION)
        throw new Error(`unsupported by the sandbox: method ${methodId} of RegistrationServer`);
    sendMessage(stream, (message) => {
        const returned = message._initReturn();
        returned.answerId = questionId;
        const results = returned._initResults();
        if (answer) structs.writeAnswer(initContent(results, structs.RegisterResults), answer);
        else initContent(results, structs.Nothing);
    });
}
