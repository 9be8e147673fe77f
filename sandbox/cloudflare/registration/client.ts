/** The connector's end of the control stream: it calls the methods of the interface RegistrationServer, see server.ts. */
import type { Duplex } from "node:stream";
import { Message as RpcMessage, Return, type Payload } from "capnp-es/capnp/rpc";
import * as structs from "./structs";
import { contentOf, initContent, onMessages, sendMessage } from "./stream";

const BOOTSTRAP_QUESTION = 0;

export class RegistrationClient {
    private question = BOOTSTRAP_QUESTION;
    private readonly waiting = new Map<number, (answer: Return) => void>();

    /** @param failed called with the error if the stream carries an invalid or unexpected message */
    constructor(
        private readonly stream: Duplex,
        failed: (error: Error) => void,
    ) {
        onMessages(stream, (message) => this.take(message), failed);
        sendMessage(stream, (message) => (message._initBootstrap().questionId = BOOTSTRAP_QUESTION));
    }

    /** @throws structs.Refused */
    async register(registration: structs.Registration): Promise<structs.Registered> {
        const results = await this.call(structs.REGISTER_CONNECTION, (params) =>
            structs.writeRegistration(initContent(params, structs.RegisterParams), registration),
        );
        return structs.readAnswer(contentOf(results, structs.RegisterResults));
    }

    async unregister(): Promise<void> {
        await this.call(structs.UNREGISTER_CONNECTION, (params) => void initContent(params, structs.Nothing));
    }

    private call(methodId: number, fill: (params: Payload) => void): Promise<Payload> {
        const questionId = ++this.question;
        sendMessage(this.stream, (message) => {
            const call = message._initCall();
            Object.assign(call, { questionId, interfaceId: structs.REGISTRATION_SERVER, methodId });
            call._initTarget()._initPromisedAnswer().questionId = BOOTSTRAP_QUESTION;
            fill(call._initParams());
        });
        return new Promise((resolve) => this.waiting.set(questionId, (answer) => resolve(answer.results)));
    }

    private take(message: RpcMessage): void {
        if (message.which() !== RpcMessage.RETURN) throw new Error(`unexpected RPC message ${message.which()}`);
        const { return: answer } = message;
        sendMessage(this.stream, (finish) => (finish._initFinish().questionId = answer.answerId));
        this.waiting.get(answer.answerId)?.(answer);
        this.waiting.delete(answer.answerId);
    }
}
