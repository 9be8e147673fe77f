// Proves that the TypeScript client trusts the private authorities of Node.js' configuration, and works with the
// gateway over HTTPS. client/corpus/tls.json has the cases of untrusted certificates and failed handshakes.
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiKey, Client, Jwt, type Credential } from "../../../client/typescript/src/index";
import { certificate, type Pair } from "../../certificates";
import { claim, KEY, PRIVATE_KEY, SECRET, startService, type Service } from "./kit";
import { inProcess, JSON_TYPE, RESULT, says, Server, trust } from "./typescript-server";

describe("TypeScript client over HTTPS", () => {
    let authority: Pair;
    let pair: Pair;
    let server: Server;
    let folder: string;
    let untrust: () => void;
    before(async () => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-tls-"));
        authority = await certificate(["authority"], { ca: true });
        pair = await certificate(["localhost"], { by: authority });
        server = await Server.start(pair);
    });
    beforeEach(() => {
        server.clear();
        server.respond = says(200, JSON_TYPE, RESULT);
        untrust = trust(authority.certificate);
    });
    afterEach(() => untrust());
    after(async () => {
        await server.close();
        rmSync(folder, { recursive: true });
    });
    const url = () => `https://localhost:${server.port}`;

    it("trusts a private authority only if NODE_EXTRA_CA_CERTS names it", async () => {
        const file = join(folder, "authority.pem");
        writeFileSync(file, authority.certificate);
        const told = inProcess(url(), "KEY-of-team", { NODE_EXTRA_CA_CERTS: file });
        assert.equal(await told, "result one");
        server.clear();
        const untold = await inProcess(url(), "KEY-of-team", {});
        assert.match(untold, /^ConnectionFailedError: .* is not trusted .*NODE_EXTRA_CA_CERTS/);
        assert.equal(server.seen.length, 0);
    });

    describe("at the gateway", () => {
        let service: Service;
        before(async () => (service = await startService(pair)));
        after(() => service.close());
        const ways: [name: string, make: () => Credential][] = [
            ["a key", () => new ApiKey(KEY)],
            ["a token of a secret", () => new Jwt({ key: claim("hs"), secret: SECRET })],
            ["a token of a private key", () => new Jwt({ key: claim("rs"), privateKey: PRIVATE_KEY })],
        ];
        for (const [name, make] of ways)
            it(`gets the results of both methods with ${name}`, async () => {
                const client = new Client({ url: service.secureUrl, auth: make() });
                assert.equal(
                    (await client.completions("Paris is", { maxTokens: 8 })).choices[0].text,
                    "Paris is one two",
                );
                assert.equal((await client.logprobs([[5, 6, 7]], { topK: 3 })).indices[0].length, 3);
            });
    });
});
