/**
 * The connector's end of the control stream: it calls the methods of the interface RegistrationServer one after another, as
 * server.ts expects.
 */
import type { Duplex } from "node:stream";
import { Message as RpcMessage, Return, type Payload } from "capnp-es/capnp/rpc";
import * as structs from "./structs";
import { Refused, type Registration } from "./server";
import { contentOf, initContent, onMessages, sendMessage } from "./stream";

const BOOTSTRAP_QUESTION = 0;

export class RegistrationClient {
    private question = BOOTSTRAP_QUESTION;
    private readonly waiting = new Map<
        number,
        { resolve: (results: Payload) => void; reject: (error: Error) => void }
    >();

    /** @param failed called once, with the error, if the stream carries an invalid or unexpected message */
    constructor(
        private readonly stream: Duplex,
        failed: (error: Error) => void,
    ) {
        onMessages(stream, (message) => this.take(message), failed);
        sendMessage(stream, (message) => (message._initBootstrap().questionId = BOOTSTRAP_QUESTION));
    }

    /** @throws Refused */
    async register(registration: Registration & { arch: string }): Promise<{ location: string; connectionId: string }> {
        const results = await this.call(structs.REGISTER_CONNECTION, (params) => {
            const given = initContent(params, structs.RegisterParams);
            const auth = given.initAuth();
            auth.accountTag = registration.accountTag;
            auth.tunnelSecret = Buffer.from(registration.secret, "base64");
            given.tunnelId = structs.uuidBytes(registration.tunnelId);
            given.connIndex = registration.connIndex;
            const client = given.initOptions().initClient();
            client.clientId = structs.uuidBytes(registration.connectorId);
            client.version = registration.version;
            client.arch = registration.arch;
        });
        const { error, details } = contentOf(results, structs.RegisterResults).result;
        if (error) throw new Refused(error.cause);
        return { location: details.locationName, connectionId: structs.uuidText(details.uuid) };
    }

    async unregister(): Promise<void> {
        await this.call(structs.UNREGISTER_CONNECTION, (params) => initContent(params, structs.Nothing));
    }

    private call(methodId: number, fill: (params: Payload) => void): Promise<Payload> {
        const questionId = ++this.question;
        sendMessage(this.stream, (message) => {
            const call = message._initCall();
            call.questionId = questionId;
            call._initTarget()._initPromisedAnswer().questionId = BOOTSTRAP_QUESTION;
            call.interfaceId = structs.REGISTRATION_SERVER;
            call.methodId = methodId;
            fill(call._initParams());
        });
        return new Promise((resolve, reject) => this.waiting.set(questionId, { resolve, reject }));
    }

    private take(message: RpcMessage): void {
        if (message.which() !== RpcMessage.RETURN)
            throw new Error(`unexpected message of type ${message.which()} from the edge`);
        const answer = message.return;
        const { answerId } = answer;
        const asked = this.waiting.get(answerId);
        this.waiting.delete(answerId);
        sendMessage(this.stream, (finish) => (finish._initFinish().questionId = answerId));
        if (answer.which() === Return.RESULTS) asked?.resolve(answer.results);
        else asked?.reject(new Error(answer.exception.reason));
    }
}
