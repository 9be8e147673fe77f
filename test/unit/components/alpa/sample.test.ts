import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { tokenHeaders } from "../../../../components/cloudflare-access";
import { keyLine } from "../../../../components/server";
import { curlLine } from "../../../../components/alpa/sample";

describe("the sample command", () => {
    const secrets = ["it's-$HOME;`x`", "s3cret-of-lab"];
    const lines = {
        "with a key": keyLine("http://h:30800/alpa", secrets[0]),
        "with a service token": curlLine(
            "https://h",
            tokenHeaders({ clientId: "id.access", clientSecret: secrets[1] }),
        ),
    };

    for (const [what, line] of Object.entries(lines)) {
        it(`passes the credential to curl by standard input only: ${what}`, () => {
            // Replaces curl: prints its arguments, then its input.
            const program = 'curl() { printf "%s\\n" "$@"; echo "--"; cat; }';
            const [words, read] = execFileSync("sh", ["-c", `${program}\n${line}`])
                .toString()
                .split("--\n");
            for (const secret of secrets) assert.ok(!words.includes(secret), words);
            assert.ok(
                secrets.some((secret) => read.includes(`: ${secret}\n`)),
                read,
            );
            assert.ok(words.split("\n").includes("@-"));
        });
        it(`is not kept in the history of a shell that omits commands with a leading space: ${what}`, () =>
            assert.match(line, /^ curl /));
    }

    it("sends no credential where there is none", () => {
        const expected = `curl -sS http://h/completions -H 'Content-Type: application/json' -d '{"model":"default","prompt":"Paris is","max_tokens":8}'`;
        assert.deepEqual(
            [keyLine("http://h", undefined), curlLine("http://h", tokenHeaders(undefined))],
            [expected, expected],
        );
    });
    it("sends JSON that Alpa accepts", () => {
        const body = JSON.parse(/-d '([^']+)'/.exec(lines["with a key"])![1]);
        assert.deepEqual(Object.keys(body).sort(), ["max_tokens", "model", "prompt"]);
    });
});
