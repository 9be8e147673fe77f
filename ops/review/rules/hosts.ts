/** What runs on hosts over SSH: connectors, rules of Alpa's hosts, nodes of a cluster. The script itself is secret. */
import type { Change } from "../changes";
import { always, nothing, type KindRule, type Verdict } from "../rule";
import { bareMetal } from "./model";

const part = ({ name }: Change): "firewall" | "watchdog" | "connectors" | "node" => {
    const [, own] = /^alpa-(firewall|watchdog)/.exec(name) ?? [];
    return (own as "firewall" | "watchdog" | undefined) ?? (/^nodes-/.test(name) ? "node" : "connectors");
};

/** What a node's steps mean to callers when they are taken back. */
const NODE_STEP = /-(snap|joined|member|ready|labels|token)$/;

export const hostCommand: KindRule = {
    created: (change, run) =>
        bareMetal.is(change)
            ? bareMetal.created(change, run)
            : part(change) === "firewall"
              ? {
                    code: "network-narrowed",
                    says: `${change.name}: rules are loaded on Alpa's host; who is not in them loses Alpa`,
                }
              : part(change) === "watchdog"
                ? { code: "added", says: `${change.name}: Alpa is watched on its host${whatThen(change)}` }
                : { code: "added", says: `${change.name} is run on its host` },
    deleted: (change) =>
        bareMetal.is(change)
            ? bareMetal.deleted()
            : change.old?.delete === undefined
              ? { code: "changed-inside", says: `${change.name} is deleted, and nothing is done on its host` }
              : ({
                    firewall: {
                        code: "opens-to-network",
                        says: `${change.name}: the rules of Alpa's host are removed, and anyone who reaches the host reaches Alpa`,
                    },
                    watchdog: {
                        code: "host-changed",
                        severity: "risk",
                        says: `${change.name}: Alpa on its host is no longer watched`,
                    },
                    connectors: { code: "way-in-removed", says: `${change.name}: the connectors of this host stop` },
                    node: /-snap$/.test(change.name)
                        ? {
                              code: "data-deleted",
                              says: `${nodeOf(change)}: MicroK8s is removed from the host, with every volume on it`,
                          }
                        : { code: "host-changed", says: `${nodeOf(change)} leaves the cluster`, severity: "risk" },
                }[part(change)] as Verdict),
    replaced: (change) =>
        ({
            firewall: {
                code: "opens-to-network",
                severity: "risk",
                says: `${change.name}: the rules of Alpa's host are loaded again`,
            },
            watchdog: {
                code: "host-changed",
                says: `${change.name}: the watchdog of Alpa starts again on its host${whatThen(change)}`,
            },
            connectors: {
                code: "service-interrupted",
                says: `${change.name}: the connectors of this host restart`,
            },
            node: /-(snap|joined)$/.test(change.name)
                ? { code: "service-interrupted", says: `${nodeOf(change)} leaves the cluster and joins it again` }
                : { code: "host-changed", says: `${nodeOf(change)} is reset in one step, and configured again` },
        })[part(change)] as Verdict,
    rows: [
        ["delete", nothing], // what will be run one day
        ["connection.host", always("host-changed", (change) => `${change.name} is run on another host`)],
        ["connection", reached],
        ["connection.**", reached],
        ["logging", nothing],
        ["addPreviousOutputInEnv", nothing],
        ["**", (d, change, run) => (bareMetal.is(change) ? bareMetal.changed(d, change, run) : changed(change))],
    ],
};

/** How Pulumi logs in: nothing that a caller could notice, and nothing that happens on the host. */
function reached(_: unknown, change: Change): Verdict {
    return { code: "changed-inside", says: `${change.name}: Pulumi logs in to the host in another way` };
}

function changed(change: Change): Verdict {
    return {
        firewall: {
            code: "host-changed",
            says: `${change.name}: other rules are loaded on Alpa's host; who is not in them loses Alpa`,
        },
        watchdog: {
            code: "host-changed",
            says: `${change.name}: Alpa is watched on its host in another way${whatThen(change)}`,
        },
        connectors: {
            code: "host-changed",
            says: `${change.name}: the connectors of this host are changed, one after another`,
        },
        node: { code: "host-changed", says: `${nodeOf(change)} is changed` },
    }[part(change)] as Verdict;
}

/** What a watchdog does when Alpa makes no progress. */
function whatThen({ new: now }: Change): string {
    const [, unit] = / restart=(\S+)/.exec(String(now?.create ?? "")) ?? [];
    return unit === undefined ? "" : `, and ${unit} is restarted when it makes no progress`;
}

function nodeOf({ name }: Change): string {
    return `Node ${name.replace(/^nodes-/, "").replace(NODE_STEP, "")}`;
}
