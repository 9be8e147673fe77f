/** Requests of a caller to an OpenAI-compatible server, as an SDK sends them. */
import { parse } from "yaml";
import { ALPA_SERVICE, type Service } from "./attempts";
import { modelsOf } from "./overlay";
import { CURL } from "./request";

/** How callers use the server of a stack file. */
export const serviceOf = (text: string): Service => (modelsOf(text).length > 0 ? openAiService(text) : ALPA_SERVICE);

/** @param text text of the stack file, which says which models each caller may use */
function openAiService(text: string): Service {
    const { config } = parse(text) as { config: Record<string, { name: string; models?: string[] }[]> };
    const modelOf = (caller?: string) =>
        config["alpa-auth:consumers"].find(({ name }) => name === caller)?.models?.[0] ?? modelsOf(text)[0];
    const post = (url: string, headers: string[], body: object) =>
        [
            `${CURL} ${url}/chat/completions`,
            ...[...headers, "'Content-Type: application/json'"].map((header) => `-H ${header}`),
            `-d '${JSON.stringify(body)}'`,
        ].join(" ");
    const chat = (model: string) => ({ model, messages: [{ role: "user", content: "Count to ten" }], max_tokens: 16 });
    return {
        keyHeader: (key) => `Authorization: Bearer ${key}`,
        wrongKey: "'Authorization: Bearer not-a-key'",
        request: (url, headers, caller) => post(url, headers, chat(modelOf(caller))),
        closedPath: "/files",
        more: (url, headers, caller) => [
            {
                title: `a stream of ${caller}`,
                command: post(url, headers, { ...chat(modelOf(caller)), stream: true }).replace(
                    "curl -sS",
                    "curl -sSN",
                ),
                expect: 200,
            },
            {
                title: `the models of ${caller}`,
                command: `${CURL} ${url}/models ${headers.map((header) => `-H ${header}`).join(" ")}`,
                expect: 200,
            },
            {
                title: `a model that ${caller} may not use`,
                command: post(url, headers, chat("not-a-model")),
                expect: 403,
            },
        ],
    };
}
