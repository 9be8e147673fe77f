// Proves that the client waits longer than the gateway, so that callers get the gateway's 504.
// Proves that the code blocks for curl and for fetch in README.md and docs/call/README.md call the emulated services.
import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { DEFAULT_ANSWER_SECONDS } from "../../../config/keys/alpa";
import { ROOT } from "../../../sandbox/world/state";
import { startCallersWorld } from "./callers-world";
import { prepared, snippetsOf } from "./snippets";

describe("default answer timeout of the client", () => {
    it("is 10 s more than the gateway's", () => {
        const client = readFileSync(join(ROOT, "client/python/src/alpa_auth_client/client.py"), "utf8");
        const [, seconds] = /^ANSWER_TIMEOUT_SECONDS = (\d+)/m.exec(client) ?? [];
        assert.equal(Number(seconds), DEFAULT_ANSWER_SECONDS + 10);
    });
});

describe("examples for callers", () => {
    let folder: string;
    let stage: Awaited<ReturnType<typeof startCallersWorld>>;
    before(async () => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-examples-"));
        stage = await startCallersWorld(folder);
    });
    after(async () => {
        await stage?.close();
        rmSync(folder, { recursive: true });
    });

    const pages = ["docs/call/README.md", "README.md"];
    const snippets = snippetsOf(pages, ["ts", "sh"], /await fetch\(|^curl .*api\.example\.com/m);
    snippets.forEach(({ page, heading, language, text }, i) => {
        it(`runs the ${language} code of ${page} under "${heading}" (${i + 1})`, async () => {
            const { text: code, env } = await prepared(text, stage.world, folder);
            // Node.js can run the TypeScript code block, because it has no annotations.
            const [program, file] = language === "ts" ? [process.execPath, "snippet.mjs"] : ["sh", "snippet.sh"];
            writeFileSync(join(folder, file), code);
            const options = { cwd: folder, env: { PATH: process.env.PATH, ...env } };
            const { stdout, stderr } = await promisify(execFile)(program, [file], options);
            assert.match(stdout, language === "ts" ? /^Paris is one two\n$/ : /"object": ?"text_completion"/, stderr);
        });
    });

    it("show each authentication method with curl, and a key with fetch", () => {
        const shown = (page: string, language: string) =>
            snippets
                .filter((one) => one.page === page && one.language === language)
                .map(({ text }) => text)
                .join("\n");
        for (const method of ["apikey:", "Bearer", "CF-Access-Client-Id:"])
            assert.ok(shown("docs/call/README.md", "sh").includes(method), method);
        assert.ok(shown("docs/call/README.md", "ts").includes("apikey:"));
        assert.ok(shown("README.md", "sh").includes("apikey:"));
    });
});
