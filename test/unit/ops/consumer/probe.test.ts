// Proves what is said of a revocation: that the gateway refuses, that it does not, or that nobody knows; and that nothing
// of the asking reaches Alpa. The gateway here is a fake; the engine test asks the real way.
import { strict as assert } from "node:assert";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { decodeJwt } from "jose";
import { bench, OUTPUTS, SECRETS } from "../kit";

describe("ops consumer revoke --apply", () => {
    let server: http.Server;
    let url: string;
    let asked: http.IncomingMessage[] = [];
    const connections = new Set<unknown>();
    let statuses: number[] = [];

    before(async () => {
        server = http.createServer((request, response) => {
            asked.push(request);
            connections.add(request.socket);
            response.writeHead(statuses.length > 1 ? statuses.shift()! : statuses[0]).end();
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/alpa`;
    });
    beforeEach(() => {
        asked = [];
        connections.clear();
    });
    after(() => server.close());

    const revoke = (...who: string[]) =>
        bench({ outputs: { ...OUTPUTS, url }, refusalSeconds: 3 }).ops("consumer", "revoke", ...who, "--apply");

    it("asks with the old key until it is refused, by a request that the gateway itself answers", async () => {
        statuses = [400, 400, 401];
        const { code, out, note } = await revoke("alice", "a1");
        assert.equal(code, 0);
        assert.match(out, /alice\/a1: refused by http:\S+ \(401 after \d s, 400 before\)\./);
        assert.deepEqual(
            asked.map(({ url, method }) => `${method} ${url}`),
            Array(5).fill("POST /alpa/completions?x=1"),
        );
        assert.equal(connections.size, 5, "each question may reach another pod");
        assert.equal(asked[0].headers.apikey, SECRETS.key);
        assert.ok(!(out + note).includes(SECRETS.key));
    });

    it("does not take the refusal of one pod for that of all", async () => {
        statuses = [400, 401, 401, 400, 401, 401, 401];
        const { code, out } = await revoke("alice", "a1");
        assert.equal(code, 0, out);
        assert.match(out, /alice\/a1: refused by http:\S+ \(401 after \d+ s, 400 before\)\./);
        assert.equal(asked.length, 7);
    });

    it("says that it works still when only one of the pods refuses", async () => {
        statuses = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 400 : 401));
        const { code, out } = await revoke("alice", "a1");
        assert.equal(code, 1);
        assert.match(out, /must be refused with 401 .* \(got 400\)\. It still works/);
    });

    it("asks with a token where there is a secret to sign one", async () => {
        statuses = [400, 401];
        const { code, out } = await revoke("tokens", "hs");
        assert.equal(code, 0);
        assert.match(out, /tokens\/hs: refused/);
        assert.equal(decodeJwt(asked[0].headers.authorization!.replace("Bearer ", "")).key, "alpa-auth_tokens.hs");
    });

    it("says that it works still when the time is over, and exits with 1", async () => {
        statuses = [400];
        const { code, out, note } = await revoke("alice", "a1");
        assert.equal(code, 1);
        assert.match(out, /must be refused with 401 by http:\S+ within 3 s \(got 400\)\. It still works/);
        assert.match(note, /The change itself is done/);
    });

    it("does not take silence for a refusal", async () => {
        const { code, out } = await bench().ops("consumer", "revoke", "alice", "a1", "--apply");
        assert.equal(code, 1);
        assert.match(out, /\(got no answer: \w+\)\. Whether it still works is not known/);
    });

    for (const before of [401, 429, 503])
        it(`does not claim proof when it was answered with ${before} before`, async () => {
            statuses = [before, 401];
            const { code, out } = await revoke("alice", "a1");
            assert.equal(code, 0);
            assert.match(
                out,
                new RegExp(`alice/a1: 401 of http:\\S+, and it was not let in before either \\(${before}\\): no proof`),
            );
            assert.ok(!out.includes("refused by"));
        });

    it("says what it cannot try", async () => {
        const rs = await revoke("tokens", "rs");
        assert.equal(rs.code, 0);
        assert.match(rs.out, /tokens\/rs: not tried: only the caller can sign its tokens/);
        const old = await revoke("alice", "old");
        assert.match(old.out, /alice\/old: not tried: the stack's outputs did not have it\./);
        const gone = await revoke("tokens", "gone");
        assert.match(gone.out, /tokens\/gone: not tried: the stack's outputs did not have it\./);
        assert.equal(asked.length, 0);
    });

    it("remove tries every credential of the caller", async () => {
        statuses = [400, 400, 401];
        const { ops, text } = bench({ outputs: { ...OUTPUTS, url }, refusalSeconds: 3 });
        const { code, out } = await ops("consumer", "remove", "alice", "--apply");
        assert.equal(code, 0);
        assert.match(out, /alice is removed\. With it stops: a1, a2, old\./);
        assert.match(out, /alice\/a1: refused[^]*alice\/a2: refused/);
        assert.ok(!text().includes("alice"));
    });
});
