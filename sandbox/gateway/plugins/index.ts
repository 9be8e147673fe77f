/** The emulated plugins. */
import type { Plugin } from "./plugin";
import { aiRateLimiting } from "./limits/ai-rate-limiting";
import { clientControl } from "./client-control";
import { faultInjection } from "./fault-injection";
import { jwtAuth } from "./auth/jwt-auth";
import { keyAuth } from "./auth/key-auth";
import { limitConn } from "./limits/limit-conn";
import { limitCount } from "./limits/limit-count";
import { limitReq } from "./limits/limit-req";
import { multiAuth } from "./auth/multi-auth";
import { prometheus } from "./prometheus";
import { proxyRewrite } from "./proxy-rewrite";
import { redirect } from "./redirect";
import { requestId } from "./request-id";
import { requestValidation } from "./request-validation";
import { responseRewrite } from "./response-rewrite";
import { serverlessPostFunction, serverlessPreFunction } from "./serverless";
import { workflow } from "./workflow";

export const PLUGINS: ReadonlyMap<string, Plugin> = new Map(
    [
        ...[
            aiRateLimiting,
            clientControl,
            faultInjection,
            jwtAuth,
            keyAuth,
            limitConn,
            limitCount,
            limitReq,
            multiAuth,
        ],
        ...[prometheus, proxyRewrite, redirect, requestId, requestValidation, responseRewrite],
        ...[serverlessPostFunction, serverlessPreFunction, workflow],
    ].map((plugin) => [plugin.name, plugin]),
);
