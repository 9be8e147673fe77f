// Proves that the lines of a handout work as pasted, by running them against a server that says what it was sent. That the
// gateway takes it is the engine test's to prove.
import { strict as assert } from "node:assert";
import { execFile, execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { jwtVerify } from "jose";
import { renderHandout, type Handout } from "../../../../ops/consumer/lines";
import { bench, SECRETS } from "../kit";

describe("lines of a handout", function () {
    this.timeout(30_000);
    let server: http.Server;
    let url: string;
    let seen: http.IncomingHttpHeaders[] = [];

    before(async () => {
        server = http.createServer((request, response) => {
            seen.push(request.headers);
            response.writeHead(200, { "Content-Type": "application/json" }).end('{"choices":[]}');
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/alpa`;
    });
    beforeEach(() => (seen = []));
    after(() => server.close());

    const page = (credential: Handout["credential"]): Handout => ({
        who: "a/b",
        url,
        answerTimeoutSeconds: 20,
        credential,
    });
    const code = (text: string, language: string) => new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``).exec(text)![1];
    const run = (command: string, args: string[], input: string, env = {}) =>
        new Promise<void>((resolve, reject) => {
            const options = { env: { ...process.env, NODE_NO_WARNINGS: "1", ...env } };
            const child = execFile(command, args, options, (error) => (error ? reject(error) : resolve()));
            child.stdin!.end(input);
        });
    const typescript = (text: string) =>
        run(process.execPath, ["--import", "tsx", "--input-type=module", "-"], code(text, "ts"));
    const python = hasRequests();

    // Every character that a key of a caller's own may have.
    const odd = "k'\"\\$`!#&;<>|*?{}()[]~%^ END".replace(" ", "");

    it("send a key as it is, whatever characters it has: curl and TypeScript", async () => {
        const text = renderHandout(page({ method: "key", key: odd }));
        await run("sh", [], code(text, "sh"));
        await typescript(text);
        assert.deepEqual(
            seen.map((headers) => headers.apikey),
            [odd, odd],
        );
    });

    it("send a token that the shared secret signs: TypeScript, then curl with it", async () => {
        const text = renderHandout(page({ method: "jwt", algorithm: "HS256", claim: "ns_a.b", secret: SECRETS.jwt }));
        await typescript(text);
        const token = seen[0].authorization!.replace("Bearer ", "");
        const { payload } = await jwtVerify(token, Buffer.from(SECRETS.jwt), { algorithms: ["HS256"] });
        assert.equal(payload.key, "ns_a.b");
        assert.ok(payload.exp! > Date.now() / 1000);
        await run("sh", [], code(text, "sh"), { TOKEN: token });
        assert.equal(seen[1].authorization, `Bearer ${token}`);
    });

    const pairs = [
        ["RS256", generateKeyPairSync("rsa", { modulusLength: 2048 })],
        ["ES256", generateKeyPairSync("ec", { namedCurve: "P-256" })],
        ["EdDSA", generateKeyPairSync("ed25519")],
    ] as const;
    for (const [algorithm, { publicKey, privateKey }] of pairs)
        it(`send a token that the caller's ${algorithm} key signs: TypeScript`, async () => {
            const { folder } = bench();
            const file = join(folder, "private.pem");
            writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }));
            const text = renderHandout(page({ method: "jwt", algorithm, claim: "ns_a.b" }));
            await typescript(text.replaceAll("private.pem", file));
            const token = seen[0].authorization!.replace("Bearer ", "");
            const { payload } = await jwtVerify(token, publicKey, { algorithms: [algorithm] });
            assert.equal(payload.key, "ns_a.b");
        });

    if (python) {
        it("send a key as it is: Python", async () => {
            await run("python3", ["-"], code(renderHandout(page({ method: "key", key: odd })), "python"));
            assert.equal(seen[0].apikey, odd);
        });

        it("send a token that the shared secret signs: Python", async () => {
            const text = renderHandout(
                page({ method: "jwt", algorithm: "HS256", claim: "ns_a.b", secret: SECRETS.jwt }),
            );
            await run("python3", ["-"], code(text, "python"));
            const token = seen[0].authorization!.replace("Bearer ", "");
            const { payload } = await jwtVerify(token, Buffer.from(SECRETS.jwt), { algorithms: ["HS256"] });
            assert.equal(payload.key, "ns_a.b");
        });
    }
});

function hasRequests(): boolean {
    try {
        execFileSync("python3", ["-c", "import requests"], { stdio: "ignore" });
        return true;
    } catch {
        return false;
    }
}
