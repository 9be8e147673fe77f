import { curlOf } from "../alpa/sample";
import { OPENAI_PATHS, type OpenaiPath } from "./paths";

type Value = Record<string, unknown>;
const listed = (field: string, isOne: (one: Value) => boolean) => (value: Value) =>
    Array.isArray(value[field]) && (value[field] as Value[]).every((one) => isOne(Object(one)));

/** Body of a short and cheap request to each path, and how to recognize the server's answer. Without a body it is a GET. */
const SAMPLES: Record<OpenaiPath, { body?: Value; isAnswer: (value: Value) => boolean }> = {
    "chat/completions": {
        body: { messages: [{ role: "user", content: "Paris is" }], max_tokens: 1 },
        isAnswer: listed("choices", ({ message }) => typeof message === "object"),
    },
    completions: {
        body: { prompt: "Paris is", max_tokens: 1 },
        isAnswer: listed("choices", ({ text }) => typeof text === "string"),
    },
    embeddings: {
        body: { input: "Paris is" },
        isAnswer: listed("data", ({ embedding }) => embedding !== undefined),
    },
    models: { isAnswer: listed("data", ({ id }) => typeof id === "string") },
};

/** Models serve either chats and completions or embeddings, so the server may answer a path with an error of its own. */
const lacksTask = (status: number, value: Value) =>
    [400, 404, 501].includes(status) && Object.keys(value).length > 0 && typeof Object(value.error).code !== "string";

/** A request to each open path. @param model undefined if it is not known: then there is only the list of models */
export function openaiSamples(paths: readonly OpenaiPath[], model: string | undefined) {
    return OPENAI_PATHS.filter((path) => paths.includes(path)).flatMap((path) => {
        const { body, isAnswer } = SAMPLES[path];
        if (body === undefined) return [{ path, isAnswer }];
        return model === undefined ? [] : [{ path, body: { model, ...body }, isAnswer, lacksTask }];
    });
}

/** A path that no stack opens: its requests go on without their caller. */
export const CLOSED_SAMPLE = { path: "responses", body: {}, isAnswer: () => true };

/** A curl command for a list of the models, since a stack without a gateway does not know them. */
export const modelsCurl = (url: string, headers: string[]) => curlOf(`${url}/models`, headers);

/** A curl command for a chat. @param key undefined if there is no key */
export function openaiCurl(url: string, model: string, key: string | undefined): string {
    const body = `{"model":"${model}","messages":[{"role":"user","content":"Paris is"}],"max_tokens":8}`;
    return curlOf(`${url}/chat/completions`, key === undefined ? [] : [`Authorization: Bearer ${key}`], body);
}
