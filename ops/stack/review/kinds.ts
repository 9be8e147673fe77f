/** Every kind of resource that this project creates: what its replacement, its deletion and its change by hand do to callers. */
import { isInside } from "../../../policy/resources/resource";
import { at, textOf } from "../../../policy/resources/values";
import type { Change } from "./changes";
import type { Code, Severity } from "./finding";
import type { Verdict } from "./meanings/row";
import { titleOf } from "./resource-title";

interface Kind {
    /** Judges a deletion, whoever caused it. Default: nothing, if a component explains it. */
    deleted?(change: Change): Verdict | undefined;
    /** Judges a replacement in the same way. */
    replaced?(change: Change): Verdict | undefined;
    /** Judges any change in place of the rule about unexplained changes. */
    changed?(change: Change): Verdict[];
    /** Severity and effect of a change outside of Pulumi. Default: a risk, with the changed fields. */
    outside?: readonly [Severity, string];
    /** Whether it creates no object outside of the state: a wait, a proof, a record or a random value. @default no */
    objectless?: true;
}

/** A verdict whose sentence begins with the resource. */
const about =
    (code: Code, effect: string, severity?: Severity) =>
    (change: Change): Verdict => ({ code, says: `${titleOf(change)} ${effect}`, ...(severity && { severity }) });

const OBJECTLESS: Kind = { objectless: true };
const PLAIN: Kind = {};
const WIRING: Kind = {
    deleted: about("gateway-deleted", "is deleted: the gateway no longer receives routes and callers"),
    replaced: about("service-interrupted", "is deleted and created again: routes and callers may be missing meanwhile"),
    outside: ["breaks-callers", "the gateway may no longer receive routes and callers"],
};

/** The gateway, or another installation: Rampart itself, or Alpa in the cluster. */
const isGateway = (change: Change) => ["RampartGateway", "ApisixRelease"].some((type) => isInside(change, type));
const INSTALLATION: Kind = {
    deleted: (change) =>
        isGateway(change)
            ? { code: "gateway-deleted", says: "The gateway is deleted: no caller is served" }
            : about("deleted", "is deleted, with everything that it has installed")(change),
    replaced: (change) =>
        isGateway(change)
            ? {
                  code: "gateway-deleted",
                  says: "The gateway is deleted and created again: no caller is served for minutes",
              }
            : about("replaced", "is deleted and created again, with everything that it installs")(change),
    outside: ["breaks-callers", "the gateway may serve no caller, or others than before"],
};

export const KINDS: Record<string, Kind | undefined> = {
    // What holds state.
    "kubernetes Namespace": {
        deleted: about("data-deleted", "is deleted with everything in it"),
        replaced: about("data-deleted", "is deleted with everything in it, and created again"),
        outside: ["breaks-callers", "everything in it may be gone"],
    },
    "kubernetes StatefulSet": {
        deleted: about("data-deleted", "is deleted, with everything that APISIX stores in it"),
        replaced: about(
            "data-deleted",
            "is deleted and created again: a pod of APISIX that starts meanwhile serves no caller",
        ),
        outside: ["breaks-callers", "APISIX may lose what it stores"],
    },
    "kubernetes CustomResourceDefinition": {
        deleted: about("data-deleted", "is deleted, and with it every object of its kind in the cluster"),
        replaced: about("data-deleted", "is deleted with every object of its kind, and created again"),
        outside: ["breaks-callers", "objects of its kind may be gone"],
    },
    "cloudflare Zone": {
        deleted: about("zone-deleted", "is deleted with all its records, mail included"),
        replaced: about("zone-deleted", "is deleted with all its records, and created again"),
        outside: ["breaks-callers", "its names may no longer resolve"],
    },
    "dynamic Revocations": {
        objectless: true,
        deleted: about("protection-weakened", "is deleted: the config can declare the revoked keys again"),
        replaced: about(
            "protection-weakened",
            "is replaced by an empty record: the config can declare the revoked keys again",
        ),
    },
    "dynamic StackIdentity": { objectless: true, changed: moved },
    "random RandomPassword": { objectless: true, deleted: generated, replaced: generated },
    // What authenticates.
    "kubernetes Consumer": {
        replaced: about("service-interrupted", "is deleted and created again: its caller gets 401 meanwhile"),
        outside: ["breaks-callers", "the caller's credentials and limits may differ from the config"],
    },
    "kubernetes Secret": {
        outside: ["breaks-callers", "a credential, a certificate or a password may no longer work"],
    },
    "cloudflare ZeroTrustAccessServiceToken": {
        replaced: about("credential-changed", "is replaced: the earlier token stops working"),
        outside: ["breaks-callers", "the caller's token may work for another time, or no longer"],
    },
    "cloudflare ZeroTrustAccessPolicy": {
        deleted: about("access-removed", "is deleted: it no longer admits requests"),
        replaced: about("service-interrupted", "is replaced: it admits no request meanwhile"),
        outside: ["breaks-callers", "Access may admit others than the callers"],
    },
    "cloudflare ZeroTrustAccessApplication": {
        deleted: about(
            "authentication-removed",
            "is deleted: no token is required, and only the connectors still reject requests",
        ),
        replaced: about(
            "service-interrupted",
            "is replaced: connectors reject every request until they have its new audience",
        ),
        outside: ["breaks-callers", "requests may reach Alpa without a token"],
    },
    // What routes.
    "kubernetes ApisixRoute": {
        deleted: about("access-removed", "is deleted: callers get 404"),
        replaced: about("service-interrupted", "is deleted and created again: callers get 404 meanwhile"),
        outside: ["breaks-callers", "requests may be served without authentication, or not at all"],
    },
    "kubernetes ApisixUpstream": {
        deleted: about("access-removed", "is deleted: requests routed to it get 503"),
        replaced: about("service-interrupted", "is deleted and created again: callers get 503 meanwhile"),
        outside: ["breaks-callers", "requests may go to other services"],
    },
    "kubernetes ApisixTls": {
        replaced: about("service-interrupted", "is deleted and created again: no HTTPS meanwhile"),
        outside: ["breaks-callers", "HTTPS may no longer be served"],
    },
    "kubernetes Certificate": {
        deleted: about("certificate-changed", "is deleted: it is no longer renewed"),
        replaced: about("certificate-changed", "is issued again"),
        outside: ["risk", "the certificate may no longer be renewed"],
    },
    "kubernetes GatewayProxy": WIRING,
    "kubernetes IngressClass": WIRING,
    "kubernetes GatewayClass": WIRING,
    "kubernetes Gateway": WIRING,
    "kubernetes Release": INSTALLATION,
    "dynamic RampartGraph": INSTALLATION,
    "kubernetes Deployment": {
        deleted: about("access-removed", "is deleted: what it serves is no longer reachable"),
        replaced: about("service-interrupted", "is deleted and created again"),
        outside: ["risk", "connectors or counters may not run"],
    },
    "kubernetes RayCluster": {
        deleted: about("alpa-stopped", "is deleted: Alpa in the cluster stops"),
        replaced: about("alpa-stopped", "is deleted and created again: Alpa in the cluster stops meanwhile"),
        outside: ["breaks-callers", "Alpa may not run"],
    },
    "kubernetes Service": {
        deleted: about("access-removed", "is deleted: its pods are no longer reachable"),
        replaced: about("service-interrupted", "is deleted and created again, with another address"),
        outside: ["breaks-callers", "it may be reachable from outside the cluster, or no longer at all"],
    },
    "cloudflare ZeroTrustTunnelCloudflared": {
        deleted: about("access-removed", "is deleted: requests to its DNS names get 530"),
        replaced: about("service-interrupted", "is replaced: DNS names, connectors and the tunnel token change too"),
        outside: ["breaks-callers", "the service may not be reachable"],
    },
    "cloudflare ZeroTrustTunnelCloudflaredConfig": {
        deleted: about("access-removed", "is deleted: connectors answer 503"),
        replaced: about("service-interrupted", "is replaced: connectors answer 503 meanwhile"),
        outside: ["breaks-callers", "connectors may forward requests without Access, or not at all"],
    },
    "cloudflare DnsRecord": {
        deleted: ofRecord("is deleted: the name no longer resolves"),
        replaced: ofRecord("is deleted and created again: the name does not resolve meanwhile"),
        outside: ["breaks-callers", "the name may lead elsewhere, or no longer resolve"],
    },
    "cloudflare ZoneDnssec": {
        deleted: about(
            "access-removed",
            "is deleted: while the registrar has a DS record, validating resolvers cannot resolve the zone's names",
        ),
        replaced: about("access-removed", "is replaced: the zone is signed with other keys"),
        outside: ["breaks-callers", "validating resolvers may not resolve the zone's names"],
    },
    "cloudflare WorkersScript": { outside: ["risk", "requests pass another Worker"] },
    "cloudflare WorkersRoute": { outside: ["risk", "requests pass another Worker"] },
    // What opens or counts.
    "kubernetes NetworkPolicy": {
        replaced: about("opens-to-network", "does not exist for a moment", "risk"),
        outside: ["breaks-callers", "others may reach what it protects"],
    },
    "cloudflare Ruleset": {
        replaced: about("route-changed", "does not exist for a moment"),
        outside: ["breaks-callers", "the edge may reject callers, or no longer protect the service"],
    },
    "cloudflare ZoneSetting": { outside: ["risk", "the edge treats requests of the whole zone differently"] },
    "command Command": { replaced: ofHost, outside: ["risk", "the host may differ from the config"] },
    // The rest.
    "kubernetes ConfigMap": PLAIN,
    "kubernetes DaemonSet": PLAIN,
    "kubernetes DeploymentPatch": PLAIN,
    "kubernetes PodDisruptionBudget": PLAIN,
    "kubernetes PodMonitor": PLAIN,
    "cloudflare NotificationPolicy": PLAIN,
    "pulumi Provider": { objectless: true, changed: provider },
    "random RandomUuid": OBJECTLESS,
    "dynamic Awaited": OBJECTLESS,
    "dynamic ConsumersAccepted": OBJECTLESS,
    "dynamic ConversionRecord": OBJECTLESS,
    "dynamic CredentialsRevoked": OBJECTLESS,
    "dynamic EtcdPrepared": OBJECTLESS,
    "dynamic ImagesReady": OBJECTLESS,
    "dynamic RampartGuard": OBJECTLESS,
    "dynamic RayReady": OBJECTLESS,
    "dynamic RouteServed": OBJECTLESS,
    "dynamic SecretVersions": OBJECTLESS,
};

function ofRecord(effect: string) {
    return (change: Change): Verdict => {
        const { type, name } = change.old ?? {};
        return { code: "access-removed", says: `DNS record ${String(type)} ${String(name)} ${effect}` };
    };
}

/** A generated value. The seed is the one from which the callers' keys are derived. */
function generated({ name, op }: Change): Verdict | undefined {
    if (name === "seed")
        return {
            code: "all-credentials-change",
            says: "Every generated key and secret changes at once, without an overlap: the seed is replaced",
        };
    // The deletion of another generated value follows from that of its user.
    return op === "delete"
        ? undefined
        : {
              code: "pods-restart",
              says: `${name}: a generated password changes; pods use the new one after they restart`,
          };
}

/** A command on a host that is undone and run again. */
function ofHost(change: Change): Verdict {
    if (isInside(change, "AlpaFirewall"))
        return {
            code: "opens-to-network",
            severity: "risk",
            says: `${change.name}: the firewall rules of Alpa's host are loaded again`,
        };
    if (isInside(change, "Microk8sNode") && !/-(snap|joined)$/.test(change.name))
        return { code: "host-changed", says: `${change.name}: a step of the node's setup is undone and repeated` };
    return { code: "service-interrupted", says: `${change.name} is undone on its host, and run again` };
}

/** What the stack is bound to, for example its cluster. */
function moved({ old, new: now }: Change): Verdict[] {
    const [before, after] = [old, now].map((side) => side?.identities as Record<string, unknown> | undefined);
    return Object.keys(before ?? {}).flatMap((what) => {
        const [from, to] = [before?.[what], after?.[what]].map(
            (one) => `${textOf(at(one, "at"))} (${textOf(at(one, "id"))})`,
        );
        if (after?.[what] === undefined || from === to) return [];
        return [
            {
                code: "stack-moved",
                says: `The stack moves: ${what} ${from} becomes ${to}`,
                property: `identities.${what}`,
            } as const,
        ];
    });
}

/** Properties of a provider that do not change how Pulumi connects. */
const INSIDE = ["version", "pluginDownloadURL"];

function provider({ op, name, fields, new: now }: Change): Verdict[] {
    if (op === "create" || op === "delete") return [];
    if (op === "replace")
        return [
            { code: "service-interrupted", says: `Provider ${name} changes: all of its resources are created again` },
        ];
    const changed = fields.map(({ path }) => String(path[0])).filter((field) => !INSIDE.includes(field));
    if (changed.length === 0 && fields.length > 0) return [];
    const isLogin = changed.length > 0 && changed.every((field) => field === "kubeconfig");
    return [
        isLogin && textOf(now?.clusterIdentifier) !== ""
            ? {
                  code: "changed-inside",
                  says: `Provider ${name}: another login of the same cluster is stored`,
                  property: "kubeconfig",
              }
            : {
                  code: "other-change",
                  says: `Provider ${name}: Pulumi connects to the cluster or the account differently (${changed.join(", ") || "not shown"})`,
              },
    ];
}
