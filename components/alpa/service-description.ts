/**
 * The answer to `GET` of a path prefix: a description of the service and of its requests. The gateway and the Worker at
 * the edge give the same answer. The text must not contain "$", which plugins of APISIX treat as the start of a variable.
 */
export function serviceDescription(prefix: string, model: string) {
    const post = (path: string, body: object) => ({ method: "POST", path: `${prefix}/${path}`, body });
    return {
        service: "alpa",
        message: "text completion by a language model that Alpa serves: send a request as JSON, with this credential",
        model,
        headers: { "Content-Type": "application/json" },
        requests: [
            post("completions", { prompt: "Paris is", max_tokens: 8 }),
            post("logprobs", { prompt: "Paris is", top_k: 5 }),
        ],
    };
}
