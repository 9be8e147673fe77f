/**
 * The connector's end of the control stream: it calls the methods of the interface RegistrationServer one after another, as
 * server.ts expects.
 */
import type { Duplex } from "node:stream";
import { Message as RpcMessage, Return, type Payload } from "capnp-es/capnp/rpc";
import * as structs from "./structs";
import { contentOf, initContent, onMessages, sendMessage } from "./stream";

const BOOTSTRAP_QUESTION = 0;

export class RegistrationClient {
    private question = BOOTSTRAP_QUESTION;
    private readonly waiting = new Map<number, (answer: Return) => void>();

    /** @param failed called once, with the error, if the stream carries an invalid or unexpected message */
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
            call.questionId = questionId;
            call._initTarget()._initPromisedAnswer().questionId = BOOTSTRAP_QUESTION;
            call.interfaceId = structs.REGISTRATION_SERVER;
            call.methodId = methodId;
            fill(call._initParams());
        });
        return new Promise((resolve, reject) => {
            this.waiting.set(questionId, (answer) => {
                if (answer.which() === Return.RESULTS) resolve(answer.results);
                else reject(new Error(answer.exception.reason));
            });
        });
    }

    private take(message: RpcMessage): void {
        if (message.which() !== RpcMessage.RETURN)
            throw new Error(`unexpected message of type ${message.which()} from the edge`);
        const { return: answer } = message;
        sendMessage(this.stream, (finish) => (finish._initFinish().questionId = answer.answerId));
        this.waiting.get(answer.answerId)?.(answer);
        this.waiting.delete(answer.answerId);
    }
}
