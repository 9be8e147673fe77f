import { CONSUMER_VARIABLE, CREDENTIAL_VARIABLE } from "../apisix/access-log";

/**
 * Sets the caller's name for the access log, right before the first plugin after authentication. APISIX catches an error of
 * this function (`run_meta_pre_function` of apisix/plugin.lua), so an old pod without the variables still serves requests.
 */
export const NAME_CALLER = `return function(_, ctx)
    ngx.var.${CONSUMER_VARIABLE} = ctx.consumer_name or ""
    ngx.var.${CREDENTIAL_VARIABLE} = ctx.consumer and ctx.consumer.credential_id or ""
end`;
