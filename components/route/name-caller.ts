import { CONSUMER_VARIABLE, CREDENTIAL_VARIABLE } from "../apisix/access-log";

/**
 * Tells the access log who the caller is: runs right before the first plugin behind authentication. APISIX catches an error of it
 * (`run_meta_pre_function` of apisix/plugin.lua): while a route has it and a pod that is about to go does not know the variables
 * yet, requests pass all the same.
 */
export const NAME_CALLER = `return function(_, ctx)
    ngx.var.${CONSUMER_VARIABLE} = ctx.consumer_name or ""
    ngx.var.${CREDENTIAL_VARIABLE} = ctx.consumer and ctx.consumer.credential_id or ""
end`;
