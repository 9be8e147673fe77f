// Proves what hangs on the kind of the server: `up` waits for every rule of its route.
import { strict as assert } from "node:assert";
import { serverOf, type ServerSettings } from "../../../components/server";
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
