/** Every kind of resource that this project creates: what its replacement, its deletion and its change by hand do to callers. */
import { isInside } from "../../../policy/resources/resource";
import { at, map, textOf } from "../../../policy/resources/values";
import { titleOf, type Change } from "./changes";
import type { Severity } from "./finding";
import { say, type Cell, type Verdict } from "./meanings/row";

/** A verdict; the sentence continues after the title of the resource. */
type Effect = Cell | ((change: Change) => Verdict | undefined);

interface Kind {
    /** Judges a deletion, whatever caused it. Default: nothing, if a component explains it. */
    deleted?: Effect;
    /** Judges a replacement in the same way. */
    replaced?: Effect;
    /** Judges any change instead of the rule about unexplained changes. */
    changed?(change: Change): Verdict[];
    /** Severity and effect of a change outside of Pulumi. Default: a risk, with the changed fields. */
    outside?: readonly [Severity, string];
    /** Inputs that only say how Pulumi logs in: their change is never unexplained. */
    login?: string[];
    /** Whether it creates no object outside of the state: a wait, a proof, a record or a random value. @default no */
    objectless?: true;
}

/** The verdict of an effect about a resource. */
export function effectOn(change: Change, effect: Effect | undefined): Verdict | undefined {
    if (effect === undefined || typeof effect === "function") return effect?.(change);
    return say([effect[0], `${titleOf(change)} ${effect[1]}`, effect[2]]);
}

const OBJECTLESS: Kind = { objectless: true };
const PLAIN: Kind = {};
const WIRING: Kind = {
    deleted: ["gateway-deleted", "is deleted: the gateway no longer receives routes and callers"],
    replaced: ["service-interrupted", "is deleted and created again: routes and callers may be missing meanwhile"],
    outside: ["breaks-callers", "the gateway may no longer receive routes and callers"],
};

/** The gateway, or another installation: Rampart itself, or Alpa in the cluster. */
const ofGateway =
    (gateway: string, other: Cell): Effect =>
    (change) =>
        isInside(change, "Gateway") && !isInside(change, "Rampart")
            ? say(["gateway-deleted", `The gateway is ${gateway}`])
            : effectOn(change, other);
const INSTALLATION: Kind = {
    deleted: ofGateway("deleted: no caller is served", ["deleted", "is deleted, with all that it has installed"]),
    replaced: ofGateway("deleted and created again: no caller is served for minutes", [
        "replaced",
        "is deleted and created again, with all that it installs",
    ]),
    outside: ["breaks-callers", "the gateway may serve no caller, or others than before"],
    login: ["kubeconfig", "context"],
};
const WORKER: Kind = { outside: ["risk", "requests pass another Worker"] };

export const KINDS: Record<string, Kind | undefined> = {
    // What holds state.
    "kubernetes Namespace": {
        deleted: ["data-deleted", "is deleted with everything in it"],
        replaced: ["data-deleted", "is deleted with everything in it, and created again"],
        outside: ["breaks-callers", "everything in it may be gone"],
    },
    "kubernetes StatefulSet": {
        deleted: ["data-deleted", "is deleted, with everything that APISIX stores in it"],
        replaced: ["data-deleted", "is deleted and created again: pods that start meanwhile serve no caller"],
        outside: ["breaks-callers", "APISIX may lose what it stores"],
    },
    "kubernetes CustomResourceDefinition": {
        deleted: ["data-deleted", "is deleted, and with it every object of its kind in the cluster"],
        replaced: ["data-deleted", "is deleted with every object of its kind, and created again"],
        outside: ["breaks-callers", "objects of its kind may be gone"],
    },
    "cloudflare Zone": {
        deleted: ["zone-deleted", "is deleted with all its records, mail included"],
        replaced: ["zone-deleted", "is deleted with all its records, and created again"],
        outside: ["breaks-callers", "its names may no longer resolve"],
    },
    "dynamic Revocations": {
        objectless: true,
        deleted: ["protection-weakened", "is deleted: the config can declare the revoked keys again"],
        replaced: ["protection-weakened", "is emptied: the config can declare the revoked keys again"],
    },
    "dynamic StackIdentity": { objectless: true, changed: moved },
    "random RandomPassword": { objectless: true, deleted: generated, replaced: generated },
    // What authenticates.
    "kubernetes Consumer": {
        replaced: ["service-interrupted", "is deleted and created again: its caller gets 401 meanwhile"],
        outside: ["breaks-callers", "the caller's credentials and limits may differ from the config"],
    },
    "kubernetes Secret": {
        outside: ["breaks-callers", "a credential, a certificate or a password may no longer work"],
    },
    "cloudflare ZeroTrustAccessServiceToken": {
        replaced: ["credential-changed", "is replaced: the earlier token stops working"],
        outside: ["breaks-callers", "the caller's token may work for another time, or no longer"],
    },
    "cloudflare ZeroTrustAccessPolicy": {
        deleted: ["access-removed", "is deleted: it no longer admits requests"],
        replaced: ["service-interrupted", "is replaced: it admits no request meanwhile"],
        outside: ["breaks-callers", "Access may admit others than the callers"],
    },
    "cloudflare ZeroTrustAccessApplication": {
        deleted: ["authentication-removed", "is deleted: only the connectors still reject requests"],
        replaced: ["service-interrupted", "is replaced: connectors reject requests until they know its audience"],
        outside: ["breaks-callers", "requests may reach Alpa without a token"],
    },
    // What routes.
    "kubernetes ApisixRoute": {
        deleted: ["access-removed", "is deleted: callers get 404"],
        replaced: ["service-interrupted", "is deleted and created again: callers get 404 meanwhile"],
        outside: ["breaks-callers", "requests may be served without authentication, or not at all"],
    },
    "kubernetes ApisixUpstream": {
        deleted: ["access-removed", "is deleted: requests routed to it get 503"],
        replaced: ["service-interrupted", "is deleted and created again: callers get 503 meanwhile"],
        outside: ["breaks-callers", "requests may go to other services"],
    },
    "kubernetes ApisixTls": {
        replaced: ["service-interrupted", "is deleted and created again: no HTTPS meanwhile"],
        outside: ["breaks-callers", "HTTPS may no longer be served"],
    },
    "kubernetes Certificate": {
        deleted: ["certificate-changed", "is deleted: it is no longer renewed"],
        replaced: ["certificate-changed", "is issued again"],
        outside: ["risk", "the certificate may no longer be renewed"],
    },
    "kubernetes GatewayProxy": WIRING,
    "kubernetes IngressClass": WIRING,
    "kubernetes GatewayClass": WIRING,
    "kubernetes Gateway": WIRING,
    "kubernetes Release": INSTALLATION,
    "dynamic RampartGraph": INSTALLATION,
    "kubernetes Deployment": {
        deleted: ["access-removed", "is deleted: what it serves is no longer reachable"],
        replaced: ["service-interrupted", "is deleted and created again"],
        outside: ["risk", "connectors or counters may not run"],
    },
    "kubernetes RayCluster": {
        deleted: ["alpa-stopped", "is deleted: Alpa in the cluster stops"],
        replaced: ["alpa-stopped", "is deleted and created again: Alpa in the cluster stops meanwhile"],
        outside: ["breaks-callers", "Alpa may not run"],
    },
    "kubernetes Service": {
        deleted: ["access-removed", "is deleted: its pods are no longer reachable"],
        replaced: ["service-interrupted", "is deleted and created again, with another address"],
        outside: ["breaks-callers", "it may be reachable from outside the cluster, or no longer at all"],
    },
    "cloudflare ZeroTrustTunnelCloudflared": {
        deleted: ["access-removed", "is deleted: requests to its DNS names get 530"],
        replaced: ["service-interrupted", "is replaced: DNS names, connectors and its token change too"],
        outside: ["breaks-callers", "the service may not be reachable"],
    },
    "cloudflare ZeroTrustTunnelCloudflaredConfig": {
        deleted: ["access-removed", "is deleted: connectors answer 503"],
        replaced: ["service-interrupted", "is replaced: connectors answer 503 meanwhile"],
        outside: ["breaks-callers", "connectors may forward requests without Access, or not at all"],
    },
    "cloudflare DnsRecord": {
        deleted: ofRecord("is deleted: the name no longer resolves"),
        replaced: ofRecord("is deleted and created again: the name does not resolve meanwhile"),
        outside: ["breaks-callers", "the name may resolve to another target, or not at all"],
    },
    "cloudflare ZoneDnssec": {
        deleted: ["access-removed", "is deleted: resolvers reject the zone while the registrar has a DS record"],
        replaced: ["access-removed", "is replaced: the zone is signed with other keys"],
        outside: ["breaks-callers", "validating resolvers may not resolve the zone's names"],
    },
    "cloudflare WorkersScript": WORKER,
    "cloudflare WorkersRoute": WORKER,
    // What opens or counts.
    "kubernetes NetworkPolicy": {
        replaced: ["opens-to-network", "does not exist for a moment", "risk"],
        outside: ["breaks-callers", "others may reach what it protects"],
    },
    "cloudflare Ruleset": {
        replaced: ["route-changed", "does not exist for a moment"],
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
    "dynamic ConversionRecord": OBJECTLESS,
    "dynamic EtcdPrepared": OBJECTLESS,
    "dynamic GatewayServes": OBJECTLESS,
    "dynamic SecretVersions": OBJECTLESS,
};

function ofRecord(effect: string): Effect {
    return ({ old: { type, name } = {} }) =>
        say(["access-removed", `DNS record ${String(type)} ${String(name)} ${effect}`]);
}

/** A generated value. The seed is the one from which the callers' keys are derived. */
function generated({ name, op }: Change): Verdict | undefined {
    if (name === "seed")
        return say(["all-credentials-change", "Every generated key and secret changes at once: the seed is replaced"]);
    // The deletion of another generated value follows from that of its user.
    if (op === "delete") return undefined;
    return say(["pods-restart", `${name}: a generated password changes; pods use the new one after they restart`]);
}

/** A command on a host that is undone and run again. */
function ofHost(change: Change): Verdict {
    const { name } = change;
    if (isInside(change, "AlpaFirewall"))
        return say(["opens-to-network", `${name}: the firewall rules of Alpa's host are loaded again`, "risk"]);
    if (isInside(change, "Microk8sNode") && !/-(snap|joined)$/.test(name))
        return say(["host-changed", `${name}: a step of the node's setup is undone and repeated`]);
    return say(["service-interrupted", `${name} is undone on its host, and run again`]);
}

/** What the stack is bound to, for example its cluster. */
function moved({ old, new: now }: Change): Verdict[] {
    const [before, after] = [map(old?.identities), map(now?.identities)];
    const text = (one: unknown) => `${textOf(at(one, "at"))} (${textOf(at(one, "id"))})`;
    return Object.keys(before)
        .filter((what) => after[what] !== undefined && text(before[what]) !== text(after[what]))
        .map((what) => ({
            ...say(
                ["stack-moved", `The stack moves: ${what} {old} becomes {new}`],
                text(before[what]),
                text(after[what]),
            ),
            property: `identities.${what}`,
        }));
}

/** Properties of a provider that do not change how Pulumi connects. */
const INSIDE = ["version", "pluginDownloadURL"];

function provider({ op, name, fields, new: now }: Change): Verdict[] {
    if (op === "create" || op === "delete") return [];
    const who = `Provider ${name}`;
    if (op === "replace") return [say(["service-interrupted", `${who}: all of its resources are created again`])];
    const changed = fields.map(({ path }) => String(path[0])).filter((field) => !INSIDE.includes(field));
    if (changed.length === 0 && fields.length > 0) return [];
    const isLogin = changed.length > 0 && changed.every((field) => field === "kubeconfig");
    return [
        isLogin && textOf(now?.clusterIdentifier) !== ""
            ? say(["changed-inside", `${who}: another login of the same cluster is stored`])
            : say(
                  ["other-change", `${who}: Pulumi connects to the cluster or the account differently ({old})`],
                  changed,
              ),
    ];
}
