import { openaiError } from "./errors";
import { groupsOf } from "./groups";
import type { OpenaiSettings } from "./settings";

type Models = Pick<OpenaiSettings, "models" | "callerModels">;

/** Rules of the plugin `workflow` that reject a request for a model that its caller may not use, or for none. */
export function modelRules(namespace: string, { models, callerModels }: Models) {
    const groups = groupsOf(namespace, callerModels, (own) => [...own].sort().join("\n"));
    const named = groups.flatMap(({ consumers }) => consumers);
    const others = named.length === 0 ? [] : [["consumer_name", "!", "in", named]];
    const refuse = (who: unknown[][], may: string[]) => ({
        case: [...who, ["post_arg.model", "!", "in", may]],
        actions: [["return", { code: 403 }]],
    });
    return [
        ...groups.map(({ consumers, settings }) => refuse([["consumer_name", "in", consumers]], settings)),
        refuse(others, models),
    ];
}

/** Settings of {@link LIST_MODELS}: the models of all callers, and of those that may use only some. */
export function listedModels(namespace: string, { models, callerModels }: Models) {
    const only = Object.entries(callerModels).map(([name, own]) => [`${namespace}_${name}`, own]);
    return { models: { all: models, only: Object.fromEntries(only) as Record<string, string[]> } };
}

/**
 * Answers `GET /v1/models` and `GET /v1/models/<id>` with what the caller may use, for the phase access of
 * `serverless-post-function`. Names of models have no character that JSON escapes.
 */
export const LIST_MODELS = `return function(conf, ctx)
    local models = conf.models.only[ctx.consumer_name] or conf.models.all
    local asked = ngx.var.uri:match("^/v1/models/(.+)$")
    local objects = {}
    for _, id in ipairs(models) do
        if asked == nil or asked == id then
            objects[#objects + 1] = '{"id":"' .. id .. '","object":"model","created":0,"owned_by":"alpa-auth"}'
        end
    end
    ngx.header["Content-Type"] = "application/json"
    if asked == nil then
        return 200, '{"object":"list","data":[' .. table.concat(objects, ",") .. "]}"
    end
    if objects[1] == nil then
        return 404, [[${JSON.stringify(openaiError(404, "there is no such model for this caller: GET /v1/models lists its models", { param: "model", code: "model_not_found" }))}]]
    end
    return 200, objects[1]
end`;
