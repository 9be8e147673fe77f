// Proves that the edge can read the control stream of cloudflared 2026.8.2. The test replays bytes that the real program sent,
// with an invented token.
import { strict as assert } from "node:assert";
import { Duplex } from "node:stream";
import { Message } from "capnp-es";
import { Message as RpcMessage, Return } from "capnp-es/capnp/rpc";
import { serveRegistration } from "../../cloudflare/registration/server";
import { contentOf } from "../../cloudflare/registration/stream";
import {
    readAnswer,
    Refused,
    RegisterResults,
    type Registered,
    type Registration,
} from "../../cloudflare/registration/structs";
import recorded from "./registration.json";

const REGISTERED: Registered = { connectionId: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", location: "auh01" };

/** Sends the recorded messages to the edge, each message in pieces of `size` bytes. */
async function replay(answer: () => Promise<Registered>, size: number, messages = Object.values(recorded)) {
    const asked: Registration[] = [];
    let unregistered = 0;
    const sent: Buffer[] = [];
    const stream = new Duplex({
        read: () => undefined,
        write: (chunk: Buffer, _, done) => void (sent.push(chunk), done()),
    });
    const failed: Error[] = [];
    const register = (registration: Registration) => (asked.push(registration), answer());
    serveRegistration(stream, { register, unregister: () => void unregistered++ }, (error) => failed.push(error));
    for (const message of messages) {
        const bytes = Buffer.from(message, "hex");
        for (let at = 0; at < bytes.length; at += size) stream.push(bytes.subarray(at, at + size));
        // The recorded program waits for the answer before it continues.
        await new Promise((resolve) => setImmediate(resolve));
    }
    const answers = sent.map((bytes) => new Message(new Uint8Array(bytes), false).getRoot(RpcMessage).return);
    const resultOf = () =>
        readAnswer(contentOf(answers.find(({ answerId }) => answerId === 1)!.results, RegisterResults));
    return { asked, unregistered, failed, answers, resultOf };
}

describe("Cloudflare edge: registration of a real connector", () => {
    for (const size of [1, 7, 100_000])
        it(`answers every call, in pieces of ${size} bytes`, async () => {
            const { asked, unregistered, failed, answers, resultOf } = await replay(
                () => Promise.resolve(REGISTERED),
                size,
            );
            assert.deepEqual(asked, [
                {
                    accountTag: "0123456789abcdef0123456789abcdef",
                    tunnelId: "11111111-2222-4333-8444-555555555555",
                    secret: Buffer.from("a secret of thirty-two bytes....").toString("base64"),
                    connIndex: 0,
                    connectorId: "c35b2448-5446-47f1-8b39-e222e75d7600",
                    version: "2026.8.2",
                },
            ]);
            assert.deepEqual([unregistered, failed], [1, []]);
            assert.deepEqual(
                answers.map((answer) => answer.which()),
                Array(4).fill(Return.RESULTS),
            );
            assert.deepEqual(resultOf(), REGISTERED);
        });

    it("says why it rejects a connector", async () => {
        const refused = () => Promise.reject(new Refused("Unauthorized: Tunnel not found"));
        const { resultOf } = await replay(refused, 100_000);
        assert.throws(resultOf, /Unauthorized: Tunnel not found/);
    });

    it("ends the connection after bytes that are no message", async () => {
        const { failed } = await replay(() => Promise.resolve(REGISTERED), 100_000, ["ff".repeat(16)]);
        assert.deepEqual(failed.map(String), ["Error: not a Cap'n Proto message: more than 1048576 bytes"]);
    });
});
