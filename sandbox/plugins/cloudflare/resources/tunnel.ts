import type { Values } from "../../protocol";
import { known, oneOf } from "../check";
import { address, answers, both, computed, type Fields, optional, required, type ResourceType } from "../fields";

const CONNECTION = {
    ...answers("string", "clientId", "clientVersion", "coloName", "id", "openedAt", "originIp", "uuid"),
    ...answers("boolean", "isPendingReconnect"),
};

export const tunnel: ResourceType = {
    fields: {
        accountId: address(),
        name: required("string"),
        configSrc: both("string", { replace: true, noRefresh: "but at import" }),
        tunnelSecret: optional("string", { secret: true, noRefresh: "never" }),
        ...answers("string", "accountTag", "status", "connsActiveAt", "connsInactiveAt", "createdAt", "deletedAt"),
        ...answers("string", "tunType"),
        connections: computed({ list: { object: CONNECTION } }),
        metadata: computed("json"),
        remoteConfig: computed("boolean"),
    },
    calls: {
        create: "POST accounts/{accountId}/cfd_tunnel",
        read: "GET accounts/{accountId}/cfd_tunnel/{id}",
        update: "PATCH accounts/{accountId}/cfd_tunnel/{id}",
        remove: ["DELETE accounts/{accountId}/cfd_tunnel/{id}"],
    },
    idName: "tunnel_id",
    importParts: ["accountId", "id"],
    problems: (inputs) => oneOf(inputs, "configSrc", "config_src", ["local", "cloudflare"]),
};

/**
 * Names of options that differ between the API and programs. All other options have the same name in both. (For fields
 * that are not options, the API uses snake_case.)
 */
const SPELLED: Record<string, string> = { matchSnItoHost: "matchSNItoHost", noTlsVerify: "noTLSVerify" };
const option = (type: "string" | "number" | "boolean", ...names: string[]): Fields =>
    Object.fromEntries(names.map((name) => [name, optional(type, { wire: SPELLED[name] ?? name })]));

const ORIGIN_REQUEST: Fields = {
    access: optional(
        {
            object: {
                audTags: required({ list: "string" }, { wire: "audTag" }),
                teamName: required("string", { wire: "teamName" }),
                required: optional("boolean"),
            },
        },
        { wire: "access" },
    ),
    ...option("string", "caPool", "httpHostHeader", "originServerName", "proxyType"),
    ...option("number", "connectTimeout", "keepAliveConnections", "keepAliveTimeout", "tcpKeepAlive", "tlsTimeout"),
    ...option("boolean", "disableChunkedEncoding", "http2Origin", "matchSnItoHost", "noHappyEyeballs", "noTlsVerify"),
};
const originRequest = optional({ object: ORIGIN_REQUEST }, { wire: "originRequest" });

const RULE: Fields = {
    service: required("string"),
    hostname: optional("string"),
    path: optional("string"),
    originRequest,
};

export const tunnelConfig: ResourceType = {
    fields: {
        accountId: address(),
        tunnelId: address(),
        config: optional({
            object: { ingresses: optional({ list: { object: RULE } }, { wire: "ingress" }), originRequest },
        }),
        source: both("string", { onlyIfGiven: true }),
        ...answers("number", "version"),
        ...answers("string", "createdAt"),
    },
    calls: {
        create: "PUT accounts/{accountId}/cfd_tunnel/{tunnelId}/configurations",
        read: "GET accounts/{accountId}/cfd_tunnel/{tunnelId}/configurations",
        update: "PUT accounts/{accountId}/cfd_tunnel/{tunnelId}/configurations",
        // A removal sends no request: the configuration exists as long as the tunnel.
    },
    idName: "tunnel_id",
    idIs: "tunnelId",
    importParts: ["accountId", "tunnelId"],
    refuseCreate: (planned: Values) =>
        known(planned.config) ? undefined : "config must be set to a value that is known at creation",
};
