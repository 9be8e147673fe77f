import { CONSUMER_VARIABLE, CREDENTIAL_VARIABLE } from "../apisix/access-log";

/**
 * Tells the access log who the caller is: runs right before the first plugin behind authentication. APISIX catches an
 * error of it (`run_meta_pre_function` of apisix/plugin.lua): so requests pass even if a route already has this
 * function and an old pod does not have the variables.
 */
export const NAME_CALLER = `return function(_, ctx)
    ngx.var.${CONSUMER_VARIABLE} = ctx.consumer_name or ""
    ngx.var.${CREDENTIAL_VARIABLE} = ctx.consumer and ctx.consumer.credential_id or ""
end`;
