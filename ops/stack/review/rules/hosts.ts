/**
 * Commands that run on hosts over SSH: connectors, firewall rules, cluster nodes. Their scripts are secret.
 */
import type { Change } from "../changes";
import { always, nothing, type KindRule, type Verdict } from "../rule";
import { bareMetal } from "./model";

const part = ({ name }: Change): "firewall" | "connectors" | "node" => {
    if (name.startsWith("alpa-firewall")) return "firewall";
    return name.startsWith("nodes-") ? "node" : "connectors";
};

/** Last part of the name of a node's command: the step that it runs. */
const NODE_STEP = /-(snap|joined|member|ready|labels|token)$/;

export const hostCommand: KindRule = {
    created: (change, run) =>
        bareMetal.is(change)
            ? bareMetal.created(change, run)
            : part(change) === "firewall"
              ? {
                    code: "network-narrowed",
                    says: `${change.name}: firewall rules are loaded on Alpa's host; addresses that they do not allow can no longer reach Alpa`,
                }
              : { code: "added", says: `command ${change.name} runs on its host` },
    deleted: (change) =>
        bareMetal.is(change)
            ? bareMetal.deleted()
            : change.old?.delete === undefined
              ? { code: "changed-inside", says: `${change.name} is deleted, without any change on its host` }
              : ({
                    firewall: {
                        code: "opens-to-network",
                        says: `${change.name}: the firewall rules of Alpa's host are removed, so anyone who can reach the host can reach Alpa`,
                    },
                    connectors: { code: "access-removed", says: `${change.name}: the connectors of this host stop` },
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
                says: `${change.name}: the firewall rules of Alpa's host are loaded again`,
            },
            connectors: {
                code: "service-interrupted",
                says: `${change.name}: the connectors of this host restart`,
            },
            node: /-(snap|joined)$/.test(change.name)
                ? { code: "service-interrupted", says: `${nodeOf(change)} leaves the cluster and joins it again` }
                : {
                      code: "host-changed",
                      says: `${nodeOf(change)} undoes one step of its setup, and repeats the step`,
                  },
        })[part(change)] as Verdict,
    rows: [
        ["delete", nothing], // The script that a later deletion runs.
        ["connection.host", always("host-changed", (change) => `command ${change.name} runs on another host`)],
        ["connection", reached],
        ["connection.**", reached],
        ["logging", nothing],
        ["addPreviousOutputInEnv", nothing],
        ["**", (d, change, run) => (bareMetal.is(change) ? bareMetal.changed(d, change, run) : changed(change))],
    ],
};

/** Pulumi's login to the host: a change has no effect on callers or on the host. */
function reached(_: unknown, change: Change): Verdict {
    return { code: "changed-inside", says: `${change.name}: Pulumi logs in to the host differently` };
}

function changed(change: Change): Verdict {
    return {
        firewall: {
            code: "host-changed",
            says: `${change.name}: other firewall rules are loaded on Alpa's host; addresses that they do not allow can no longer reach Alpa`,
        },
        connectors: {
            code: "host-changed",
            says: `${change.name}: the connectors of this host are changed, one after another`,
        },
        node: { code: "host-changed", says: `${nodeOf(change)} is changed` },
    }[part(change)] as Verdict;
}

function nodeOf({ name }: Change): string {
    return `Node ${name.replace(/^nodes-/, "").replace(NODE_STEP, "")}`;
}
