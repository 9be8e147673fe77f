/** Values of the chart of APISIX, for both installers. */
import { valueAt, type Path } from "../../../../policy/resources/values";
import type { Change } from "../changes";
import type { Difference } from "../differences";
import { always, patternOf, type Row, type Verdict, type Verdicts } from "../rule";
import { gateway, pluginsOn, protocols, TLS } from "./entry";
import { podCount } from "./pods";

/** Rows of the chart's values. Parts of a path are separated by `/`, since names have dashes and dots. */
export function valueRows(base: Path): Row[] {
    const at = (path: string) => [...base, path].join("/");
    return [
        [at("replicaCount"), replicas],
        [at("service/http/nodePort"), port],
        [at("service/tls/nodePort"), port],
        [at("service/type"), serviceType],
        [at("service/externalTrafficPolicy"), unlessWith(at("service/type"), entry)],
        [at("service/**"), entry],
        [
            at("apisix/admin/**"),
            always("protection-weakened", (change) => `The Admin API of ${gateway(change)} is protected differently`),
        ],
        [at("apisix/plugins"), (d, change) => [...pluginsOn(d, change), ...restart(base)(d, change)]],
        [at("apisix/ssl/sslProtocols"), (d, change) => [...protocols(d, change), ...restart(base)(d, change)]],
        [at("apisix/ssl/**"), (d, change) => [...restart(base)(d, change), TLS]],
        ...controllerRows(at),
        [at("podDisruptionBudget/**"), budget],
        [
            at("updateStrategy/**"),
            always("gateway-changed", (change) => `${gateway(change)}: pods are replaced differently`),
        ],
        [at("**"), restart(base)],
    ];
}

/** Rows of the ingress controller's values. @param at returns the full path of a value */
function controllerRows(at: (path: string) => string): Row[] {
    return [
        [
            at("ingress-controller/enabled"),
            () => ({
                code: "gateway-changed",
                severity: "breaks-callers",
                says: "The ingress controller is added or removed: without it APISIX receives no change",
            }),
        ],
        [
            at("ingress-controller/podDisruptionBudget/**"),
            unlessWith(at("ingress-controller/deployment/replicas"), budget),
        ],
        ...["deployment/resources/**", "resources/**", "config/execADCTimeout", "config/logLevel", "config/adc/**"].map(
            (path): Row => [at(`ingress-controller/${path}`), controllerRestarts],
        ),
        [at("ingress-controller/deployment/replicas"), controllers],
        [at("ingress-controller/replicaCount"), controllers],
        [
            at("ingress-controller/**"),
            always(
                "gateway-changed",
                (change) =>
                    `${gateway(change)}: the ingress controller or its behaviour changes; APISIX may no longer receive changes`,
            ),
        ],
    ];
}

/**
 * Judges a value that is derived from the value at path `other`. If both change, there is no finding about the derived
 * value.
 */
function unlessWith(other: string, judge: (difference: Difference, change: Change) => Verdict) {
    const path = patternOf(other);
    return (difference: Difference, change: Change): Verdicts =>
        valueAt(change.old, path) === valueAt(change.new, path) ? judge(difference, change) : undefined;
}

function entry(_: Difference, change: Change): Verdict {
    return { code: "access-changed", says: `The entry point of ${gateway(change)} changes` };
}

function budget(_: Difference, change: Change): Verdict {
    return {
        code: "protection-weakened",
        says: `${gateway(change)}: the number of pods that may be down at the same time changes`,
    };
}

const replicas = (difference: Difference, change: Change) =>
    podCount(
        difference,
        gateway(change),
        (says) => ({ code: "service-interrupted", says: `${says}: no caller is served` }),
        "; answers of the pods that stop may be interrupted",
    );

function controllerRestarts(): Verdict {
    return {
        code: "pods-restart",
        says: "The ingress controller restarts: callers notice nothing, and changes take effect only afterwards",
        severity: "harmless",
    };
}

const controllers = (difference: Difference) =>
    podCount(difference, "Ingress controller", (says) => ({
        code: "gateway-changed",
        severity: "breaks-callers",
        says: `${says}: APISIX receives no change`,
    }));

function port({ old, new: now }: Difference, change: Change): Verdict {
    if (old === undefined)
        return {
            code: "opens-to-network",
            severity: "risk",
            says: `${gateway(change)}: port ${String(now)} opens on every node`,
        };
    if (now === undefined)
        return { code: "access-removed", says: `${gateway(change)}: port ${String(old)} of the nodes closes` };
    return {
        code: "access-changed",
        says: `${gateway(change)}: callers must use port ${String(now)}, and ${String(old)} closes`,
    };
}

function serviceType({ old, new: now }: Difference, change: Change): Verdict {
    const opens =
        ["ClusterIP", "NodePort", "LoadBalancer"].indexOf(String(now)) >
        ["ClusterIP", "NodePort", "LoadBalancer"].indexOf(String(old));
    const says = `${gateway(change)}: Service of type ${String(old)} becomes ${String(now)}`;
    return opens ? { code: "opens-to-network", severity: "risk", says } : { code: "access-removed", says };
}

/** Verdict about replaced pods: the effect on callers depends on the number of pods before and after. */
export function restart(base: Path) {
    return (_: Difference, change: Change): Verdict[] => {
        const count = (props: unknown) => Number(valueAt(props, [...base, "replicaCount"]) ?? 1);
        const rolls = Math.min(count(change.old), count(change.new)) > 1;
        return [
            rolls
                ? {
                      code: "pods-restart",
                      says: `${gateway(change)}: the pods of APISIX are replaced, one after another`,
                  }
                : {
                      code: "service-interrupted",
                      says: `${gateway(change)}: its only pod restarts; connections are refused until it is up, and counts of limits restart`,
                  },
        ];
    };
}
