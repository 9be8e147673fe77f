// Proves that the commands of a handout work as pasted, by running them against a server that reports each request. The engine
// test proves that the gateway accepts them.
import { strict as assert } from "node:assert";
import { execFile, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { jwtVerify } from "jose";
import { renderHandout, type Handout } from "../../../../ops/consumer/handouts/text";
import { bench, SECRETS } from "../kit";
import { serve } from "../../kit/http";

describe("commands of a handout", () => {
    let url: string;
    let seen: IncomingHttpHeaders[] = [];
    let redirects = false;

    beforeEach(async () => {
        seen = [];
        redirects = false;
        const address = await serve((request, response) => {
            seen.push(request.headers);
            // The redirect names this machine by another host name. Clients treat that name as a different host.
            if (redirects) return response.writeHead(307, { Location: url.replace("127.0.0.1", "localhost") }).end();
            response.writeHead(200, { "Content-Type": "application/json" }).end('{"choices":[]}');
        });
        url = `${address}/alpa`;
    });

    const page = (credential: Handout["credential"]): Handout => ({
        who: "a/b",
        url,
        answerTimeoutSeconds: 20,
        limits: {},
        credential,
    });
    const code = (text: string, language: string) => new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``).exec(text)![1];
    const run = (command: string, args: string[], input: string, env = {}) =>
        new Promise<void>((resolve, reject) => {
            const options = { env: { ...process.env, NODE_NO_WARNINGS: "1", ...env } };
            const child = execFile(command, args, options, (error) => (error ? reject(error) : resolve()));
            child.stdin!.end(input);
        });
    const python = hasRequests();

    // Every character that a caller's own key may have.
    const odd = "k'\"\\$`!#&;<>|*?{}()[]~%^ END".replace(" ", "");

    it("say what limits in tokens require of a request, and nothing without such limits", () => {
        const key = { method: "key", key: odd } as const;
        const text = (limits: Handout["limits"]) => renderHandout({ ...page(key), limits });
        assert.match(text({ maxTokens: 64 }), /must set `max_tokens` to at most 64/);
        const budget = { maxTokens: 64, concurrent: 2, tokens: 1000, perTokenSeconds: 60 };
        assert.match(text(budget), /1000 tokens of prompts and answers in 60 s.*include_usage: true/);
        assert.doesNotMatch(text({ concurrent: 2 }), /Limits in tokens/);
    });

    it("send a key unchanged, with any characters: curl", async () => {
        const text = renderHandout(page({ method: "key", key: odd }));
        await run("sh", [], code(text, "sh"));
        assert.equal(seen[0].apikey, odd);
    });

    it("leave no key in the history of bash as Debian and Ubuntu configure it: curl", async () => {
        const { folder } = bench();
        const history = join(folder, "history");
        const lines = code(renderHandout(page({ method: "key", key: SECRETS.key })), "sh");
        const set = { HISTFILE: history, HISTCONTROL: "ignoreboth" };
        const typed = `set -o history\n${lines}\n: the next command\nhistory -w\n`;
        await run("bash", ["--norc", "--noprofile"], typed, set);
        assert.equal(seen[0].apikey, SECRETS.key);
        const kept = readFileSync(history, "utf8");
        assert.match(kept, /: the next command/);
        assert.doesNotMatch(kept, /curl|apikey/);
    });

    it("send the exported token: curl", async () => {
        const text = renderHandout(page({ method: "jwt", algorithm: "HS256", claim: "ns_a.b", secret: SECRETS.jwt }));
        await run("sh", [], code(text, "sh"), { TOKEN: "a.b.c" });
        assert.equal(seen[0].authorization, "Bearer a.b.c");
    });

    it("send a key to no other address, whatever the answer says: curl", async () => {
        redirects = true;
        const text = renderHandout(page({ method: "key", key: odd }));
        await run("sh", [], code(text, "sh"));
        assert.equal(seen.length, 1);
    });

    const PAIR = { method: "service-token", clientId: "0123.access", clientSecret: 'se"cret$x' } as const;
    const pairsSeen = () => seen.map((h) => [h["cf-access-client-id"], h["cf-access-client-secret"]]);

    it("send a service token in both headers: curl", async () => {
        const text = renderHandout(page(PAIR));
        await run("sh", [], code(text, "sh"));
        assert.deepEqual(pairsSeen(), [[PAIR.clientId, PAIR.clientSecret]]);
    });

    it("send a service token to no login page, and show its status: curl", async () => {
        redirects = true;
        const text = renderHandout(page(PAIR));
        await run("sh", [], code(text, "sh"));
        assert.equal(seen.length, 1);
    });

    if (python) {
        it("send a service token in both headers, but not to a login page: Python", async () => {
            const text = renderHandout(page(PAIR));
            await run("python3", ["-"], code(text, "python"));
            redirects = true;
            await run("python3", ["-"], code(text, "python"));
            assert.deepEqual(pairsSeen(), Array(2).fill([PAIR.clientId, PAIR.clientSecret]));
        });

        it("send a key to no other address: Python", async () => {
            redirects = true;
            const text = renderHandout(page({ method: "key", key: odd }));
            // The program does not follow the redirect. It ends with this error because the redirect has no JSON.
            await assert.rejects(run("python3", ["-"], code(text, "python")), /JSONDecodeError/);
            assert.equal(seen.length, 1);
        });

        it("send the token, and not the host's password in .netrc: Python", async () => {
            const { folder } = bench();
            writeFileSync(join(folder, "netrc"), "machine 127.0.0.1 login x password y\n", { mode: 0o600 });
            const text = renderHandout(
                page({ method: "jwt", algorithm: "HS256", claim: "ns_a.b", secret: SECRETS.jwt }),
            );
            await run("python3", ["-"], code(text, "python"), { NETRC: join(folder, "netrc") });
            assert.match(seen[0].authorization!, /^Bearer /);
        });

        it("send a key unchanged: Python", async () => {
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
