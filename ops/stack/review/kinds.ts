/** Every kind of resource that this project creates: what its replacement, its deletion and its change by hand do to callers. */
import { isInside } from "../../../policy/resources/resource";
import { at, map, textOf } from "../../../policy/resources/values";
import { titleOf, type Change } from "./changes";
import { say, type Cell, type Verdict } from "./meanings/row";

/** A verdict; the sentence continues after the title of the resource. */
type Effect = Cell | ((change: Change) => Verdict[]);

interface Kind {
    /** Judges a deletion, whatever caused it. Default: nothing, if a component explains it. */
    deleted?: Effect;
    /** Judges a replacement in the same way. */
    replaced?: Effect;
    /** Judges any change instead of the rule about unexplained changes. */
    changed?(change: Change): Verdict[];
    /** Whether its change outside of Pulumi, or its deletion without a reason, is only a risk. @default it breaks callers */
    lesser?: true;
    /** Inputs that only say how Pulumi logs in: their change is never unexplained. */
    login?: string[];
    /** Whether it creates no object outside of the state: a wait, a proof, a record or a random value. @default no */
    objectless?: true;
}

/** The verdict of an effect about a resource. */
export function effectOn(change: Change, effect: Effect | undefined): Verdict[] {
    if (effect === undefined || typeof effect === "function") return effect?.(change) ?? [];
    return [say([effect[0], `${titleOf(change)} ${effect[1]}`, effect[2]])];
}

const OBJECTLESS: Kind = { objectless: true };
const PLAIN: Kind = { lesser: true };
const WIRING: Kind = {
    deleted: ["gateway-deleted", "is deleted: the gateway no longer receives routes and callers"],
    replaced: ["service-interrupted", "is deleted and created again: routes and callers may be missing meanwhile"],
};

/** The gateway, or another installation: Rampart itself, or Alpa in the cluster. */
const ofGateway =
    (gateway: string, other: Cell): Effect =>
    (change) =>
        isInside(change, "Gateway") && !isInside(change, "Rampart")
            ? [say(["gateway-deleted", `The gateway is ${gateway}`])]
            : effectOn(change, other);
const INSTALLATION: Kind = {
    deleted: ofGateway("deleted: no caller is served", ["deleted", "is deleted, with all that it has installed"]),
    replaced: ofGateway("deleted and created again: no caller is served for minutes", [
        "replaced",
        "is deleted and created again, with all that it installs",
    ]),
    login: ["kubeconfig", "context"],
};

const each = (kind: Kind, ...names: string[]) => Object.fromEntries(names.map((name) => [name, kind]));

export const KINDS: Record<string, Kind | undefined> = {
    // What holds state.
    "kubernetes Namespace": {
        deleted: ["data-deleted", "is deleted with everything in it"],
        replaced: ["data-deleted", "is deleted with everything in it, and created again"],
    },
    "kubernetes StatefulSet": {
        deleted: ["data-deleted", "is deleted, with everything that APISIX stores in it"],
        replaced: ["data-deleted", "is deleted and created again: pods that start meanwhile serve no caller"],
    },
    "kubernetes CustomResourceDefinition": {
        deleted: ["data-deleted", "is deleted, and with it every object of its kind in the cluster"],
        replaced: ["data-deleted", "is deleted with every object of its kind, and created again"],
    },
    "cloudflare Zone": {
        deleted: ["zone-deleted", "is deleted with all its records, mail included"],
        replaced: ["zone-deleted", "is deleted with all its records, and created again"],
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
    },
    "kubernetes Secret": {},
    "cloudflare ZeroTrustAccessServiceToken": {
        replaced: ["credential-changed", "is replaced: the earlier token stops working"],
    },
    "cloudflare ZeroTrustAccessPolicy": {
        deleted: ["access-removed", "is deleted: it no longer admits requests"],
        replaced: ["service-interrupted", "is replaced: it admits no request meanwhile"],
    },
    "cloudflare ZeroTrustAccessApplication": {
        deleted: ["authentication-removed", "is deleted: only the connectors still reject requests"],
        replaced: ["service-interrupted", "is replaced: connectors reject requests until they know its audience"],
    },
    // What routes.
    "kubernetes ApisixRoute": {
        deleted: ["access-removed", "is deleted: callers get 404"],
        replaced: ["service-interrupted", "is deleted and created again: callers get 404 meanwhile"],
    },
    "kubernetes ApisixUpstream": {
        deleted: ["access-removed", "is deleted: requests routed to it get 503"],
        replaced: ["service-interrupted", "is deleted and created again: callers get 503 meanwhile"],
    },
    "kubernetes ApisixTls": {
        replaced: ["service-interrupted", "is deleted and created again: no HTTPS meanwhile"],
    },
    "kubernetes Certificate": {
        deleted: ["certificate-changed", "is deleted: it is no longer renewed"],
        replaced: ["certificate-changed", "is issued again"],
        lesser: true,
    },
    ...each(
        WIRING,
        "kubernetes GatewayProxy",
        "kubernetes IngressClass",
        "kubernetes GatewayClass",
        "kubernetes Gateway",
    ),
    ...each(INSTALLATION, "kubernetes Release", "dynamic RampartGraph"),
    "kubernetes Deployment": {
        deleted: ["access-removed", "is deleted: what it serves is no longer reachable"],
        replaced: ["service-interrupted", "is deleted and created again"],
        lesser: true,
    },
    "kubernetes RayCluster": {
        deleted: ["alpa-stopped", "is deleted: Alpa in the cluster stops"],
        replaced: ["alpa-stopped", "is deleted and created again: Alpa in the cluster stops meanwhile"],
    },
    "kubernetes Service": {
        deleted: ["access-removed", "is deleted: its pods are no longer reachable"],
        replaced: ["service-interrupted", "is deleted and created again, with another address"],
    },
    "cloudflare ZeroTrustTunnelCloudflared": {
        deleted: ["access-removed", "is deleted: requests to its DNS names get 530"],
        replaced: ["service-interrupted", "is replaced: DNS names, connectors and its token change too"],
    },
    "cloudflare ZeroTrustTunnelCloudflaredConfig": {
        deleted: ["access-removed", "is deleted: connectors answer 503"],
        replaced: ["service-interrupted", "is replaced: connectors answer 503 meanwhile"],
    },
    "cloudflare DnsRecord": {
        deleted: ofRecord("is deleted: the name no longer resolves"),
        replaced: ofRecord("is deleted and created again: the name does not resolve meanwhile"),
    },
    "cloudflare ZoneDnssec": {
        deleted: ["access-removed", "is deleted: resolvers reject the zone while the registrar has a DS record"],
        replaced: ["access-removed", "is replaced: the zone is signed with other keys"],
    },
    // What opens or counts.
    "kubernetes NetworkPolicy": {
        replaced: ["opens-to-network", "does not exist for a moment", "risk"],
    },
    "cloudflare Ruleset": {
        replaced: ["route-changed", "does not exist for a moment"],
    },
    "command Command": { replaced: ofHost, lesser: true },
    // The rest.
    ...each(PLAIN, "kubernetes ConfigMap", "kubernetes DaemonSet", "kubernetes DeploymentPatch"),
    ...each(PLAIN, "kubernetes PodDisruptionBudget", "kubernetes PodMonitor", "cloudflare NotificationPolicy"),
    ...each(PLAIN, "cloudflare WorkersScript", "cloudflare WorkersRoute", "cloudflare ZoneSetting"),
    "pulumi Provider": { objectless: true, changed: provider },
    ...each(OBJECTLESS, "random RandomUuid", "dynamic Awaited", "dynamic ConversionRecord", "dynamic EtcdPrepared"),
    ...each(OBJECTLESS, "dynamic GatewayServes", "dynamic SecretVersions"),
};

function ofRecord(effect: string): Effect {
    return ({ old: { type, name } = {} }) => [
        say(["access-removed", `DNS record ${String(type)} ${String(name)} ${effect}`]),
    ];
}

/** A generated value. The seed is the one from which the callers' keys are derived. */
function generated({ name, op }: Change): Verdict[] {
    if (name === "seed")
        return [
            say(["all-credentials-change", "Every generated key and secret changes at once: the seed is replaced"]),
        ];
    // The deletion of another generated value follows from that of its user.
    if (op === "delete") return [];
    return [say(["pods-restart", `${name}: a generated password changes; pods use the new one after they restart`])];
}

/** A command on a host that is undone and run again. */
function ofHost(change: Change): Verdict[] {
    const { name } = change;
    if (isInside(change, "ServerFirewall"))
        return [say(["opens-to-network", `${name}: the firewall rules of Alpa's host are loaded again`, "risk"])];
    if (isInside(change, "Microk8s") && name.endsWith("-cluster"))
        return [say(["host-changed", `${name}: the setup of the cluster runs again`])];
    return [say(["service-interrupted", `${name} is undone on its host, and run again`])];
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
const INSIDE = ["version", "pluginDownloadURL", "enablePatchForce"];

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
