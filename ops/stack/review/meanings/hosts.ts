/** What a change on hosts does: nodes of the cluster, firewall rules, connectors, and a conversion of Alpa. */
import { isClosed as closes, stateOf, type Phase, PHASES } from "../../../../components/opt/conversion-phases";
import { mapsOf } from "../../../../policy/resources/values";
import { changedFields, type Difference } from "../differences";
import { isClosed } from "./gateway";
import {
    all,
    byKey,
    copies,
    partOf,
    say,
    when,
    type Cell,
    type PartRules,
    type Rule,
    type Scope,
    type Verdict,
} from "./row";

/** Fields of a host that only say how Pulumi logs in. */
const LOGIN = ["port", "user", "hostKey", "privateKey", "sudoPassword"];

/** Judges a list of hosts, by their addresses. */
const hosts =
    (gone: Cell, more: Cell): Rule =>
    ({ old, new: now }) => {
        const { gone: lost, more: added, others } = byKey(old, now, ({ address }) => address);
        const before = new Map(mapsOf(old).map((one) => [one.address, one]));
        const changed = mapsOf(now).filter(({ address }) => others.includes(String(address)));
        const verdicts = [
            ...when(lost.length > 0, say(gone, lost)),
            ...when(added.length > 0, say(more, lost, added)),
            ...changed.flatMap((host) => {
                const fields = changedFields(before.get(host.address)!, host);
                const rest = fields.filter((field) => !LOGIN.includes(field));
                const title = `Host ${String(host.address)}`;
                return [
                    ...when(
                        rest.length < fields.length,
                        say(["changed-inside", `${title}: Pulumi logs in differently`]),
                    ),
                    ...when(rest.length > 0, say(["host-changed", `${title} is changed ({old})`], rest)),
                ];
            }),
        ];
        return verdicts.length > 0 ? verdicts : [say(["host-changed", "The hosts are in another order"])];
    };

export const microk8s: PartRules = {
    created: ["added", "MicroK8s is installed on the hosts"],
    deleted: ["data-deleted", "MicroK8s is removed from every host, with every volume"],
    inputs: {
        nodes: hosts(
            ["data-deleted", "{old} leaves the cluster: MicroK8s is removed from the host, with every volume on it"],
            ["host-changed", "{new} joins the cluster"],
        ),
        channel: ["host-changed", "New nodes install another version of MicroK8s; running nodes keep theirs"],
        podNetwork: ["host-changed", "Pods get other addresses"],
        answerTimeoutSeconds: null,
    },
};

export const serverFirewall: PartRules = {
    created: ["network-narrowed", "Firewall rules are loaded: other addresses can no longer reach the server"],
    deleted: [
        "opens-to-network",
        "The hosts of the server lose their firewall rules: anyone who can reach a host can reach the server",
    ],
    inputs: {
        "rules.gateways": {
            lost: ["network-narrowed", "{old} can no longer reach the server", "breaks-callers"],
            added: ["opens-to-network", "{new} can reach the server too", "risk"],
        },
        "rules.alsoFrom": {
            lost: ["network-narrowed", "{old} can no longer reach the server and Ray", "breaks-callers"],
            added: ["opens-to-network", "{new} can reach the server and Ray too", "risk"],
        },
        "rules.rayPorts": {
            lost: ["opens-to-network", "Anyone who can reach the hosts of the server can reach their port {old}"],
            added: ["network-narrowed", "Only listed addresses can reach port {new} of Alpa's hosts"],
        },
        "rules.**": [
            "host-changed",
            "Other firewall rules are loaded: the addresses that can reach the server and Ray change",
        ],
        hosts: hosts(
            ["opens-to-network", "{old} loses its firewall rules: anyone who can reach the host can reach the server"],
            ["network-narrowed", "Firewall rules are loaded on {new}"],
        ),
    },
};

const PROGRAM: Rule = ["host-changed", "The connectors are changed to another program, one after another"];

export const cloudflaredHost: PartRules = {
    created: ["access-added", "Connectors are installed on their hosts"],
    deleted: ["access-removed", "The connectors on hosts stop: the service is no longer reachable"],
    inputs: {
        hosts: hosts(
            ["access-removed", "The connectors on {old} stop"],
            ["added", "Connectors are installed on {new}"],
        ),
        connectorsPerHost: copies("connectors on each host"),
        graceSeconds: all(["host-changed", "The connectors are changed, one after another"], {
            down: ["timeout-lowered", "Connectors that stop have less time to finish their answers", "risk"],
            up: ["changed-inside", "Connectors that stop have more time to finish their answers"],
        }),
        version: PROGRAM,
        sha256: PROGRAM,
        source: PROGRAM,
        teamName: ["host-changed", "The connectors load the Access keys of another team"],
    },
};

export const conversion: PartRules = {
    created: ({ new: now }) => [
        say(["added", "A conversion of Alpa is prepared"]),
        ...when(now?.phase !== "prepared", say(["alpa-started", "It begins in a later phase: Alpa may stop or start"])),
    ],
    deleted: ({ old }) => [
        old?.phase === "prepared"
            ? say(["deleted", "The preparation of a conversion is deleted: Alpa on bare metal keeps running"])
            : say(["alpa-stopped", "Alpa in the cluster is deleted, and bare metal is not started"]),
    ],
    covers: true,
    inputs: {
        phase,
        answerTimeoutSeconds: null,
        "verification.**": null,
        retry: null,
        back: null,
        attempt: ["changed-inside", "Every step of the phase runs again"],
        "bareMetal.**": ["host-changed", "Alpa on bare metal is managed differently"],
        "opt.startTimeoutSeconds": ["changed-inside", "A run waits for Alpa in the cluster for another time"],
        "opt.hostNetwork": all(opt, ({ new: now }) =>
            when(now === true, say(["opens-to-network", "The ports of Alpa's pods open on their nodes"])),
        ),
        "opt.**": opt,
    },
};

const isPhase = (value: unknown): value is Phase => PHASES.some((one) => one === value);

/** The rules of the callers' route judge where requests go, and whether callers get 503. */
function phase({ old, new: now }: Difference, scope: Scope): Verdict[] {
    if (!isPhase(old) || !isPhase(now)) return [say(["alpa-stopped", "The conversion changes to an unknown phase"])];
    const [from, to] = [stateOf(old).side, stateOf(now).side];
    const where = { "bare-metal": "on bare metal", component: "in the cluster" };
    return [
        ...when(from !== to, say(["alpa-stopped", `Alpa ${where[from]} stops`, harm(scope, old, now)])),
        ...when(from !== to, say(["alpa-started", `Alpa ${where[to]} starts, and takes the GPUs`])),
        ...when(from !== to, say(["host-changed", "Whether Alpa on bare metal starts with its hosts changes"])),
        say(["changed-inside", "The conversion moves from phase {old} to {new}"], old, now),
    ];
}

/** Severity of a stop of Alpa: while the phases or the config close the route, no request reaches it. */
function harm(scope: Scope, ...phases: Phase[]): "risk" | "breaks-callers" {
    const isUnused = phases.every(closes) || isClosed(partOf(scope, "ServerRoute"));
    return isUnused ? "risk" : "breaks-callers";
}

/** Settings of Alpa in the cluster: its pods are replaced if they run. */
function opt(_: Difference, scope: Scope): Verdict[] {
    const phases = [scope.old?.phase, scope.new?.phase].filter(isPhase);
    if (!phases.some((one) => stateOf(one).side === "component"))
        return [say(["changed-inside", "Settings of Alpa in the cluster change: it does not run yet"])];
    const says = "Alpa's pods in the cluster may be replaced: open requests get no answer";
    return [say(["alpa-stopped", says, harm(scope, ...phases)])];
}
