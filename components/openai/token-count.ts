import { TOKEN_COUNTER } from "../apisix/open-requests";
import { MUST_LIMIT_TOKENS, type TokenLimits } from "./max-tokens";
import { isGenerating, type OpenaiPath } from "./paths";

/** Longest object `usage` that is read, in bytes. vLLM's has about 150. */
const LONGEST_USAGE = 4096;

/** Text of an answer of APISIX's plugin `workflow`. */
const REJECTED = "rejected by workflow";

/**
 * Lua function that reads the tokens of an answer from its `usage`, and names the maximum to callers whose request was
 * rejected (`maxTokensRules`). It is `_meta.pre_function` of `serverless-post-function`: APISIX runs it in every phase of
 * that plugin, and only logs its errors, while an error of the plugin's own function would end the answer.
 *
 * The metrics and the access log read nginx's variables. `request_type` is one that the plugin `prometheus` counts as tokens,
 * or `ai_uncounted` for an answer without a `usage` so far. Generated text cannot contain the key `"usage"`, since quotes
 * inside a string of JSON are escaped. At most {@link LONGEST_USAGE} bytes of an answer are kept.
 *
 * `ngx.get_phase()` is `access` in APISIX's phase `rewrite` too, which is before `ai-rate-limiting` looks for its name.
 * The text is the same for all stacks, since the policy pack lists its digest. What differs is in {@link rejection}.
 */
export const COUNT_TOKENS = `return function(conf, ctx)
    local phase = ngx.get_phase()
    if phase == "access" then
        ctx.picked_ai_instance_name = "${TOKEN_COUNTER}"
    end
    local piece = phase == "body_filter" and ngx.arg[1]
    if not piece or piece == "" then
        return
    end
    if ngx.status == 400 and conf.max_tokens and piece:find("${REJECTED}", 1, true) then
        ngx.arg[1] = conf.max_tokens.answer:format(conf.max_tokens.most[ctx.consumer_name] or "?")
    end
    if ngx.status ~= 200 then
        return
    end
    local answer = ctx.alpa_auth_answer
    if not answer then
        local kind = tostring(ngx.header["Content-Type"])
        answer = {
            kept = "",
            kind = kind:find("^application/json") and "ai_chat" or kind:find("^text/event%-stream") and "ai_stream",
        }
        ctx.alpa_auth_answer = answer
        ctx.var.request_type = "ai_uncounted"
    end
    if not answer.kind or ngx.header["Content-Encoding"] then
        return
    end
    local text, from, cut, usage = answer.kept .. piece, 1, nil, nil
    answer.model = answer.model or text:match('"model"%s*:%s*"([^"\\\\]+)"')
    while not cut do
        local first, last = text:find('"usage"', from, true)
        if not first then
            break
        end
        local opening = text:match("^%s*:%s*(){", last + 1)
        local object = opening and text:match("^%b{}", opening)
        usage = object or usage
        from = object and opening + #object or last + 1
        if not object and (opening or text:find("^%s*:?%s*$", last + 1)) and #text - first < ${LONGEST_USAGE} then
            cut = first
        end
    end
    answer.kept = text:sub(cut or math.max(from, #text - 255))
    local prompt = usage and tonumber(usage:match('"prompt_tokens"%s*:%s*(%d+)'))
    if not prompt then
        return
    end
    local completion = tonumber(usage:match('"completion_tokens"%s*:%s*(%d+)')) or 0
    ctx.var.request_type = answer.kind
    ctx.var.llm_model = answer.model or ""
    ctx.var.llm_prompt_tokens = prompt
    ctx.var.llm_completion_tokens = completion
    ctx.ai_token_usage = { total_tokens = prompt + completion }
end`;

/**
 * Settings of `serverless-post-function` for {@link COUNT_TOKENS}, which APISIX accepts next to its own: the answer to a
 * rejected request, and the maximum of each caller.
 * @param path of the server below `/v1/`
 * @param namespace namespace of the consumers
 */
export function rejection(path: OpenaiPath, namespace: string, callers: TokenLimits): object {
    const all = Object.entries(callers);
    if (all.length === 0 || !isGenerating(path)) return {};
    const error = {
        message: MUST_LIMIT_TOKENS[path],
        ...{ type: "invalid_request_error", param: "max_tokens", code: "max_tokens_limit" },
    };
    const most = Object.fromEntries(all.map(([name, { maxTokens }]) => [`${namespace}_${name}`, maxTokens]));
    return { max_tokens: { answer: JSON.stringify({ error }), most } };
}

/**
 * Lua function for the phase header_filter: Retry-After of a request over its budget of tokens. The plugin returns the
 * remaining time with fractions, and 0 remaining tokens only if it rejects the request.
 */
export const RETRY_WHEN_TOKENS_RETURN = `return function()
    local seconds = tonumber(ngx.header["X-AI-RateLimit-Reset-${TOKEN_COUNTER}"])
    if ngx.status == 429 and seconds and ngx.header["X-AI-RateLimit-Remaining-${TOKEN_COUNTER}"] == "0" then
        ngx.header["Retry-After"] = math.max(1, math.ceil(seconds))
    end
end`;
