// Proves what hangs on the kind of the server: `up` waits for every rule of its route.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { curlLine } from "../../../components/alpa/sample";
import { tokenHeaders } from "../../../components/cloudflare-access";
import { keyLine, serverOf, type ServerSettings } from "../../../components/server";
import { GUARD } from "./route/guard-settings";

const endpoints = [{ address: "10.0.0.11:8000", weight: 1 }];
const openai = { kind: "openai" as const, endpoints, answerTimeoutSeconds: 60, callerModels: {}, maxBodyBytes: 1000 };
const SERVERS: Record<string, ServerSettings> = {
    alpa: { kind: "alpa", guard: GUARD, endpoints, answerTimeoutSeconds: 60 },
    "openai with all paths": {
        ...{ ...openai, models: ["m"] },
        paths: ["chat/completions", "completions", "embeddings", "models"],
    },
    "openai without the list of models": { ...openai, models: ["m"], paths: ["chat/completions"] },
};

interface Rule {
    name: string;
    priority?: number;
    match: { paths: string[]; methods?: string[]; exprs?: { subject: { name: string }; op: string }[] };
}

/** Whether APISIX applies a rule to a request, by path, method and query string. */
function isFor({ match: { paths, methods, exprs = [] } }: Rule, method: string, target: string): boolean {
    const [path, query] = target.split("?");
    return (
        paths.some((one) => one === path || (one.endsWith("*") && path.startsWith(one.slice(0, -1)))) &&
        (methods?.includes(method) ?? true) &&
        exprs.every(({ subject, op }) => subject.name !== "args" || (op === "RegexMatch") === (query !== undefined))
    );
}

describe("the requests of a server", () => {
    for (const [what, settings] of Object.entries(SERVERS))
        it(`reach every rule of its route: ${what}`, () => {
            const { requests, route } = serverOf(settings);
            const { http } = route({ namespace: "ns", ingressClassName: "c", ownGateway: true }) as { http: Rule[] };
            const rules = [...http].sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0));
            const reached = requests.map(({ method, path }) => rules.find((one) => isFor(one, method, path))?.name);
            assert.deepEqual([...reached].sort(), http.map(({ name }) => name).sort());
        });
});

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
