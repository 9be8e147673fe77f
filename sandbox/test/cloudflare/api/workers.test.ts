// Proves which Workers and routes the emulator of the API accepts, from the official provider's calls, and that it rejects all
// others.
import { strict as assert } from "node:assert";
import { TestApi, ADMIN } from "../kit";

const TEXT = "export default { fetch: (request) => fetch(request) };\n";
const METADATA = {
    main_module: "worker.mjs",
    compatibility_date: "2026-01-01",
    logpush: false,
    usage_model: "standard",
};
/** A multipart boundary, as long as the boundaries of Go's library. */
const BOUNDARY = "b".repeat(60);
const MODULE = "application/javascript+module";

describe("Workers of the Cloudflare API emulator", () => {
    let test: TestApi;
    let zone: string;
    beforeEach(async () => {
        test = await TestApi.start();
        zone = await test.zone();
    });
    afterEach(() => test.close());

    interface Upload {
        name?: string;
        text?: string;
        metadata?: object;
        type?: string;
        token?: string;
    }
    /** The request as the provider sends it. */
    async function upload({
        name = "one",
        text = TEXT,
        metadata = METADATA,
        type = MODULE,
        token = ADMIN,
    }: Upload = {}) {
        const part = (disposition: string, kind: string, content: string) =>
            `--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: ${kind}\r\n\r\n${content}\r\n`;
        const body = [
            part('name="worker.mjs"; filename="worker.mjs"', type, text),
            part('name="metadata"', "application/json", JSON.stringify(metadata)),
            `--${BOUNDARY}--\r\n`,
        ].join("");
        const response = await fetch(`${test.api.url}/accounts/${test.account.id}/workers/scripts/${name}`, {
            method: "PUT",
            headers: { Authorization: `Bearer ${token}`, "Content-Type": `multipart/form-data; boundary=${BOUNDARY}` },
            body,
        });
        const { result, errors } = (await response.json()) as any;
        return { status: response.status, result, message: errors[0]?.message as string | undefined };
    }
    const route = (pattern: string, script?: string) => test.post(`zones/${zone}/workers/routes`, { pattern, script });

    it("stores a script, and returns the fields that the provider reads", async () => {
        assert.equal((await upload()).status, 200);
        const service = await test.get("accounts/{account}/workers/services/one");
        assert.deepEqual(service.result.default_environment.script.handlers, ["fetch"]);
        const settings = await test.get("accounts/{account}/workers/scripts/one/settings");
        assert.equal(settings.result.compatibility_date, "2026-01-01");
        const { headers, text } = await test.get("accounts/{account}/workers/scripts/one/content/v2");
        const form = await new Response(text, { headers: { "Content-Type": headers.get("content-type")! } }).formData();
        assert.equal(form.get("worker.mjs"), TEXT);
    });

    it("overwrites a script of the same name", async () => {
        await upload();
        const text = TEXT.replace("fetch(request)", "fetch(new Request(request))");
        assert.equal((await upload({ text })).status, 200);
        assert.equal(test.account.workerScripts.get("one")!.content, text);
        assert.equal((await test.get("accounts/{account}/workers/scripts")).result.length, 1);
    });

    const refused: [what: string, upload: Upload, status: number, message: RegExp][] = [
        ["text that is not JavaScript", { text: "export default {" }, 400, /SyntaxError/],
        ["a module that fails", { text: "export default missing;" }, 400, /ReferenceError/],
        [
            "a global that is unsupported",
            { text: "const a = process;\nexport default { fetch() {} };" },
            400,
            /process is not/,
        ],
        ["an import", { text: 'import a from "a";\nexport default { fetch() {} };' }, 400, /SyntaxError/],
        ["another handler", { text: "export default { scheduled() {} };" }, 400, /found scheduled/],
        ["another main module", { metadata: { ...METADATA, main_module: "other" } }, 400, /No such module "other"/],
        [
            "bindings",
            { metadata: { ...METADATA, bindings: [] } },
            501,
            /unsupported by the sandbox: .*metadata\.bindings/,
        ],
        ["logs that are sent on", { metadata: { ...METADATA, logpush: true } }, 400, /logpush/],
        ["another kind of module", { type: "text/x-python" }, 501, /text\/x-python/],
        ["a name with capitals", { name: "One" }, 400, /Invalid script name/],
    ];
    for (const [what, given, status, message] of refused)
        it(`rejects ${what}`, async () => {
            const answer = await upload(given);
            assert.equal(answer.status, status, JSON.stringify(answer));
            assert.match(answer.message!, message);
            assert.equal(test.account.workerScripts.size, 0);
        });

    it("requires a permission for each kind of resource", async () => {
        await upload();
        const token = test.token({ permissions: ["DNS Write"] });
        assert.equal((await upload({ token })).status, 403);
        assert.equal((await test.call("GET", `zones/${zone}/workers/routes`, undefined, token)).status, 403);
    });

    it("stores routes of the zone, one for each pattern, only to existing Workers", async () => {
        await upload();
        const { result } = await route("llm.example.test/*", "one");
        assert.deepEqual(result, {
            ...{ id: result.id, pattern: "llm.example.test/*", script: "one" },
            request_limit_fail_open: false,
        });
        assert.equal((await route("llm.example.test/*", "one")).status, 409);
        assert.equal((await route("b.example.test/*", "missing")).status, 404);
        assert.equal((await route("llm.example.org/*", "one")).status, 400);
        for (const pattern of ["llm.example.test/*.jpg", "llm.example.test/?a=*"])
            assert.equal((await route(pattern, "one")).status, 400, pattern);
        for (const pattern of ["*example.test/*", "https://llm.example.test/*"])
            assert.equal((await route(pattern, "one")).status, 501, pattern);
        const path = `zones/${zone}/workers/routes/${result.id}`;
        assert.equal((await test.put(path, { pattern: "other.example.test/*", script: "one" })).status, 200);
        assert.equal((await test.get(path)).result.pattern, "other.example.test/*");
        assert.equal((await test.delete("accounts/{account}/workers/scripts/one")).status, 501);
        assert.equal((await test.delete(path)).status, 200);
        assert.equal((await test.delete("accounts/{account}/workers/scripts/one")).status, 200);
        assert.equal((await test.get(path)).status, 404);
    });
});
