// Proves that one command starts each of the other stacks of the sandbox, up to an authenticated completion.
import { strict as assert } from "node:assert";
import { eachItsOwn } from "../kit/cli";

describe("npm run sandbox -- up, of another stack", () => {
    const sandbox = eachItsOwn();

    const others: [options: string[], url: RegExp][] = [
        [["--stack", "inter"], /^http:\/\/127\.0\.0\.1:\d+\/alpa$/],
        [["--stack", "cloudflare"], /^https:\/\/llm\.example\.com/],
        [["--stack", "openai"], /^http:\/\/127\.0\.0\.1:\d+\/v1$/],
        [["--stack", "openai", "--exposure", "tunnel"], /^https:\/\/llm\.example\.com/],
    ];
    for (const [options, url] of others)
        it(`${options.join(" ")} ends in an authenticated completion, and its printed commands work as pasted`, async () => {
            assert.match(await sandbox().call("up", "--detach", ...options), /expected 200/);
            assert.match((await sandbox().pasted()).url, url);
        });

    it("rejects an exposure for a stack without a gateway, and starts nothing", async () => {
        await assert.rejects(
            sandbox().call("up", "--stack", "cloudflare", "--exposure", "tunnel"),
            /--exposure tunnel: works only with stack intra or inter/,
        );
        assert.deepEqual(sandbox().alive(), []);
    });
});
