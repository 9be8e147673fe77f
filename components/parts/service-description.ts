/**
 * What an authenticated caller is told of the service and of how to ask it, whoever answers in front of Alpa. Plugins of APISIX take
 * "$" for the start of a variable, so the text has none.
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
