// Proves that queries and answers of any size arrive, and that every wait ends.
import { strict as assert } from "node:assert";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import * as packet from "dns-packet";
import { ask } from "../../../dns/query";
import { endSides, side, ZONE } from "./kit";

const soon = { timeoutMilliseconds: 60 };

describe("a DNS query", () => {
    afterEach(endSides);

    it("returns an answer that is too large for UDP", async () => {
        const { at, zone, server } = await side();
        for (let i = 0; i < 100; i++)
            zone.records.push({ ...zone.records[0], name: `many.${ZONE}`, content: `198.51.100.${i}` } as never);
        const answer = await ask(at, { name: `many.${ZONE}`, type: "A" });
        assert.equal(answer.answers.length, 100);
        assert.deepEqual(server.asked, [`tcp many.${ZONE} A`]);
    });

    it("times out without an answer, and names the server", async () => {
        const { at, server } = await side();
        server.silent = true;
        await assert.rejects(ask(at, { name: ZONE, type: "A" }, soon), /^Error: old: no answer in 0\.06 s$/);
        assert.equal(server.asked.length, 0);
    });

    it("ends at once when there is no time left", async () => {
        const { at, server } = await side();
        server.silent = true;
        await assert.rejects(ask(at, { name: ZONE, type: "A" }, { signal: AbortSignal.timeout(20) }), /no time left/);
        await assert.rejects(ask(at, { name: ZONE, type: "A" }, { signal: AbortSignal.abort() }), /no time left/);
    });

    for (const [what, changes] of [
        ["with another id", { id: 1 }],
        ["to another name", { questions: [{ name: "evil.example", type: "A" }] }],
        ["to another type", { questions: [{ name: ZONE, type: "AAAA" }] }],
    ] as const)
        it(`rejects an answer ${what}`, async () => {
            const server = createServer((socket: Socket) => {
                socket.on("error", () => undefined);
                socket.once("data", (chunk) => {
                    const { id, questions } = packet.decode(chunk.subarray(2));
                    const other = "id" in changes ? { id: (id! + 1) & 0xffff } : changes;
                    socket.end(packet.streamEncode({ type: "response", id, questions, ...(other as object) }));
                });
            }).listen(0, "127.0.0.1");
            await once(server, "listening");
            const at = { label: "x", host: "127.0.0.1", port: (server.address() as AddressInfo).port };
            try {
                await assert.rejects(ask(at, { name: ZONE, type: "A" }), /x: the reply does not answer the query/);
            } finally {
                server.close();
            }
        });

    it("accepts an answer in pieces, and no truncated one", async () => {
        let cut = false;
        const server = createServer((socket: Socket) => {
            socket.on("error", () => undefined);
            socket.once("data", (chunk) => {
                const query = packet.decode(chunk.subarray(2));
                const whole = packet.streamEncode({ type: "response", id: query.id, questions: query.questions });
                socket.write(whole.subarray(0, 5), () => (cut ? socket.end() : socket.end(whole.subarray(5))));
            });
        }).listen(0, "127.0.0.1");
        await once(server, "listening");
        const at = { label: "x", host: "127.0.0.1", port: (server.address() as AddressInfo).port };
        try {
            assert.equal((await ask(at, { name: ZONE, type: "A" })).rcode, "NOERROR");
            cut = true;
            await assert.rejects(ask(at, { name: ZONE, type: "A" }), /closed before an answer/);
        } finally {
            server.close();
        }
    });
});
