/** The emulated plugins, and the names of the unsupported plugins of APISIX 3.18. */
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
        aiRateLimiting,
        clientControl,
        faultInjection,
        jwtAuth,
        keyAuth,
        limitConn,
        limitCount,
        limitReq,
        multiAuth,
        prometheus,
        proxyRewrite,
        redirect,
        requestId,
        requestValidation,
        responseRewrite,
        serverlessPostFunction,
        serverlessPreFunction,
        workflow,
    ].map((plugin) => [plugin.name, plugin]),
);

/** Unsupported plugins of APISIX 3.18. The emulator reports them as unsupported, not as an unknown plugin. */
export const UNSUPPORTED: ReadonlySet<string> = new Set(
    `acl ai ai-aliyun-content-moderation ai-aws-content-moderation ai-prompt-decorator ai-prompt-guard
    ai-prompt-template ai-proxy ai-proxy-multi ai-rag ai-request-rewrite api-breaker
    attach-consumer-label authz-casbin authz-casdoor authz-keycloak aws-lambda azure-functions basic-auth
    batch-requests body-transformer brotli cas-auth chaitin-waf clickhouse-logger consumer-restriction cors csrf
    data-mask datadog degraphql dubbo-proxy echo elasticsearch-logger error-log-logger error-page example-plugin
    exit-transformer ext-plugin-post-req ext-plugin-post-resp ext-plugin-pre-req file-logger forward-auth gm
    google-cloud-logging graphql-limit-count grpc-transcode grpc-web gzip hmac-auth http-dubbo http-logger inspect
    ip-restriction jwe-decrypt kafka-logger kafka-proxy lago ldap-auth log-rotate loggly loki-logger mcp-bridge
    mocking node-status ocsp-stapling opa openfunction openid-connect opentelemetry openwhisk proxy-buffering
    proxy-cache proxy-control proxy-mirror public-api real-ip referer-restriction rocketmq-logger saml-auth
    server-info skywalking skywalking-logger sls-logger splunk-hec-logging syslog tcp-logger tencent-cloud-cls
    traffic-split ua-restriction udp-logger uri-blocker wolf-rbac zipkin`.split(/\s+/),
);

/** Unsupported plugins of type auth, which multi-auth may list. */
export const UNSUPPORTED_AUTH: ReadonlySet<string> = new Set(
    "basic-auth hmac-auth jwe-decrypt ldap-auth saml-auth wolf-rbac".split(" "),
);
