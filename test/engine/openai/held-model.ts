/** An emulated vLLM that generates each token only when the test says so. */
import { strict as assert } from "node:assert";
import type OpenAI from "openai";
import { eventually } from "../kit/stack";
import { startOpenAiServer, type OpenAiServer, type Served } from "../../../sandbox/openai/server";

export const MODEL = "Qwen/Qwen3-32B";
/** A chat that is answered at once. */
export const ASK = { model: MODEL, messages: [{ role: "user" as const, content: "Count" }], max_tokens: 4 };
/** A chat whose tokens wait for {@link HeldModel.next}. */
export const HELD = { ...ASK, messages: [{ role: "user" as const, content: "Count when told" }] };

export class HeldModel {
    /** Requests that have reached the server. */
    readonly served: Served[] = [];
    /** The last chat whose tokens wait. */
    private held: Served | undefined;
    /** Number of tokens that it may generate now. */
    private allowed = 0;
    private wake = () => {};
    private server!: OpenAiServer;

    static async start(): Promise<HeldModel> {
        const model = new HeldModel();
        model.server = await startOpenAiServer({
            port: 0,
            models: [MODEL],
            onRequest: (one) => model.arrived(one),
            beforeToken: (one) => (isHeld(one) ? model.turn() : Promise.resolve()),
        });
        return model;
    }

    get address(): string {
        return `127.0.0.1:${this.server.port}`;
    }

    /** Lets the model generate the next tokens of the held chat. */
    next(count = 1): void {
        this.allowed += count;
        this.wake();
    }

    /** The next held chat at the server, which `asked` sends. A gateway may keep its headers until the first token. */
    async arrival(asked: Promise<unknown>): Promise<Served> {
        const before = this.held;
        const arrived = async () => (this.held === before ? undefined : this.held);
        // Fails at once if the request is rejected.
        await Promise.race([asked, eventually("the request at the server", arrived)]);
        return this.held!;
    }

    /** Reads a held stream. The model generates each token only after the caller has got the one before. */
    async streamInTurns(client: OpenAI): Promise<void> {
        const asked = client.chat.completions.create({ ...HELD, stream: true });
        const served = await this.arrival(asked);
        let text = "";
        this.next();
        for await (const { choices } of await asked) {
            if (!choices[0].delta.content) continue;
            text += choices[0].delta.content;
            assert.equal(served.generated, text.split(" ").length);
            this.next();
        }
        assert.equal(text, "one two three four");
    }

    close(): Promise<void> {
        return this.server.close();
    }

    private arrived(one: Served): void {
        // A preflight check lists the models.
        if (one.method !== "POST") return;
        this.served.push(one);
        if (!isHeld(one)) return;
        this.held = one;
        this.allowed = 0;
        this.wake = () => {};
    }

    private async turn(): Promise<void> {
        while (this.allowed === 0) await new Promise<void>((resolve) => (this.wake = resolve));
        this.allowed--;
    }
}

const isHeld = ({ body }: Served) => body.includes("when told");
