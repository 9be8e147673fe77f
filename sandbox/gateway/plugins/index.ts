/** The emulated plugins. */
import { clientControl } from "./client-control";
import { faultInjection } from "./fault-injection";
import { jwtAuth } from "./auth/jwt-auth";
import { keyAuth } from "./auth/key-auth";
import { multiAuth } from "./auth/multi-auth";
import { aiRateLimiting } from "./limits/ai-rate-limiting";
import { limitConn } from "./limits/limit-conn";
import { limitCount } from "./limits/limit-count";
import { limitReq } from "./limits/limit-req";
import { prometheus } from "./prometheus";
import { proxyRewrite } from "./proxy-rewrite";
import { redirect } from "./redirect";
import { requestId } from "./request-id";
import { requestValidation } from "./request-validation";
import { responseRewrite } from "./response-rewrite";
import { serverlessPostFunction, serverlessPreFunction } from "./serverless";
import { workflow } from "./workflow";

const LIMITS = [aiRateLimiting, limitConn, limitCount, limitReq];
const REWRITES = [proxyRewrite, redirect, responseRewrite, serverlessPostFunction, serverlessPreFunction];
const OTHERS = [clientControl, faultInjection, prometheus, requestId, requestValidation, workflow];

export const PLUGINS = new Map(
    [keyAuth, jwtAuth, multiAuth, ...LIMITS, ...REWRITES, ...OTHERS].map((plugin) => [plugin.name, plugin]),
);
