// Proves that the commands of a handout work as pasted, by running them against a server that reports each request. The engine
// test proves that the gateway accepts them.
import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { renderHandout, type Handout, type HandoutCredential } from "../../../../ops/consumer/handouts/text";
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

    const page = (...credentials: Omit<HandoutCredential, "who">[]): Handout => ({
        url,
        answerTimeoutSeconds: 20,
        limits: {},
        credentials: credentials.map((one) => ({ who: "a/b", ...one })),
    });
    const code = (text: string) => /```sh\n([^]*?)\n```/.exec(text)![1];
    const run = (command: string, args: string[], input: string, env = {}) =>
        new Promise<void>((resolve, reject) => {
            const options = { env: { ...process.env, ...env } };
            const child = execFile(command, args, options, (error) => (error ? reject(error) : resolve()));
            child.stdin!.end(input);
        });

    // Every character that a caller's own key may have.
    const odd = "k'\"\\$`!#&;<>|*?{}()[]~%^ END".replace(" ", "");

    it("say base URL, limits and client, for both kinds of servers", () => {
        const limits = { requests: 60, perSeconds: 60, concurrent: 2 };
        const text = renderHandout({ ...page({ key: odd }), limits });
        assert.ok(text.includes(`- Base URL: ${url}\n- Limits: 60 requests per 60 s, 2 at the same time. After a 429`));
        assert.match(text, /- Client: for Python, .*client\/python/);
        const openai = { maxTokens: 64, concurrent: 2, tokens: 1000, perTokenSeconds: 60 };
        const sdk = renderHandout({ ...page({ key: odd }), limits: openai, openai: true });
        assert.match(sdk, /64 tokens per answer, 1000 tokens per 60 s/);
        assert.match(
            sdk,
            /`max_tokens` in each request to at most 64.*\n.*include_usage: true.*\n- Client: any OpenAI SDK/,
        );
        assert.doesNotMatch(text, /max_tokens` in each|include_usage/);
    });

    it("send a key unchanged, with any characters: curl", async () => {
        const text = renderHandout(page({ key: odd }));
        await run("sh", [], code(text));
        assert.equal(seen[0].apikey, odd);
    });

    it("leave no key in the history of bash as Debian and Ubuntu configure it: curl", async () => {
        const { folder } = bench();
        const history = join(folder, "history");
        const lines = code(renderHandout(page({ key: SECRETS.key })));
        const set = { HISTFILE: history, HISTCONTROL: "ignoreboth" };
        const typed = `set -o history\n${lines}\n: the next command\nhistory -w\n`;
        await run("bash", ["--norc", "--noprofile"], typed, set);
        assert.equal(seen[0].apikey, SECRETS.key);
        const kept = readFileSync(history, "utf8");
        assert.match(kept, /: the next command/);
        assert.doesNotMatch(kept, /curl|apikey/);
    });

    it("send a key to no other address, whatever the answer says: curl", async () => {
        redirects = true;
        const text = renderHandout(page({ key: odd }));
        await run("sh", [], code(text));
        assert.equal(seen.length, 1);
    });

    const PAIR = { clientId: "0123.access", clientSecret: 'se"cret$x' };
    const pairsSeen = () => seen.map((h) => [h["cf-access-client-id"], h["cf-access-client-secret"]]);

    it("send a service token in both headers: curl", async () => {
        const text = renderHandout(page(PAIR));
        await run("sh", [], code(text));
        assert.deepEqual(pairsSeen(), [[PAIR.clientId, PAIR.clientSecret]]);
    });

    it("send a service token to no login page, and show its status: curl", async () => {
        redirects = true;
        const text = renderHandout(page(PAIR));
        await run("sh", [], code(text));
        assert.equal(seen.length, 1);
    });
});
