// Proves that the TypeScript client understands the answers of the emulators of the gateway, of the edge and of Alpa, and the
// files of `consumer handout`, as client/corpus/world says. The emulators' own tests compare their answers with recordings.
import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { armor, Decrypter, generateIdentity, identityToRecipient } from "age-encryption";
import * as errors from "../../../client/typescript/src/errors";
import { ApiKey, Client, Jwt, ServiceToken } from "../../../client/typescript/src/index";
import { startCallersWorld } from "./callers-world";
import { runCall } from "./corpus-calls";
import { runCorpus } from "./corpus";
import { write } from "./handed-out";
import { claim, KEY, SECRET, startService } from "./kit";
import { outcome } from "./typescript-server";

let folder: string;
let stage: Awaited<ReturnType<typeof startCallersWorld>>;
before(async () => {
    folder = mkdtempSync(join(tmpdir(), "alpa-auth-world-"));
    stage = await startCallersWorld(folder);
});
after(async () => {
    await stage?.close();
    rmSync(folder, { recursive: true });
});

runCorpus("world/", { call: (fields, { credentials }) => runCall(fields, { ...stage.world }, credentials) });

describe("TypeScript client and the emulators", () => {
    it("continues from log probabilities", async () => {
        const client = new Client({ url: stage.world.urls.alpa, auth: new ApiKey(KEY) });
        const first = await client.logprobs([[5, 6, 7]], { topK: 3 });
        assert.deepEqual([first.logprobs[0].length, first.indices[0].length], [3, 3]);
        const next = await client.logprobs([[5, 6, 7, 8]], { topK: 3, cacheId: first.cache_id });
        assert.equal(next.cache_id, first.cache_id);
    });

    it("never lets a credential reach Alpa", async () => {
        const service = await startService();
        for (const auth of [new ApiKey(KEY), new Jwt({ key: claim("hs"), secret: SECRET })])
            await new Client({ url: service.url, auth }).completions("Paris is");
        const text = service.seen.map(({ headers, body }) => headers.join("\n") + body.toString()).join("\n");
        assert.equal(service.seen.length, 2);
        assert.doesNotMatch(text, new RegExp(`${KEY}|[Bb]earer|api_key`));
        await service.close();
    });

    it("reports the browser integrity check like a rule of the edge", async () => {
        const robot: typeof fetch = (url, init) =>
            fetch(url, { ...init, headers: { ...(init!.headers as object), "User-Agent": "Python-urllib/3.11" } });
        const { strict } = stage.world.edges;
        const client = new Client({ url: strict.alpa, auth: new ServiceToken(stage.world.tokens.team), fetch: robot });
        const error = await outcome(client.completions("Paris is"));
        assert.ok(error instanceof errors.NotAllowedError, String(error));
        assert.match(error.message, /error code: 1010.*A rule of the edge/);
    });

    it("reads the decrypted page of an encrypted handout", async () => {
        const identity = await generateIdentity();
        const recipient = ["--recipient", await identityToRecipient(identity)];
        const encrypted = write(
            folder,
            "intra-a",
            [{ id: "sealed", method: "key", expires: "2099-01-31" }],
            ...recipient,
        );
        const [file] = await encrypted(["sealed"], { url: stage.world.urls.alpa, credentials: { "team/sealed": KEY } });
        assert.throws(() => Client.fromCredentialsFile(file), /must be decrypted .* Run: age --decrypt/);
        const decrypter = new Decrypter();
        decrypter.addIdentity(identity);
        writeFileSync(`${file}.plain`, await decrypter.decrypt(armor.decode(readFileSync(file, "utf8")), "text"));
        assert.equal((await Client.fromCredentialsFile(`${file}.plain`).completions("Paris is")).choices.length, 1);
    });
});
