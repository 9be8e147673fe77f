/** Graphs that Rampart deploys: for the gateway, for Alpa, or for KubeRay's operator. */
import { at, isMap } from "../../../../policy/resources/values";
import type { Change } from "../changes";
import type { KindRule, Verdict } from "../rule";
import { gatewayGraph, gatewayGraphWithout, OF_GRAPHS } from "./gateway";
import { starts, stops } from "./model";

const has = (props: Change["old"], component: string) => isMap(at(props, `spec.graph.components.${component}`));
const isDeployed = (props: Change["old"]) => at(props, "spec.deploy") === true;

const ALPA = "Alpa in the cluster (by Rampart)";

const modelGraph: KindRule = {
    created: ({ new: now }) =>
        isDeployed(now) ? starts(ALPA) : { code: "added", says: `${ALPA} is created, and does not run yet` },
    deleted: ({ old }, run) =>
        isDeployed(old)
            ? stops(ALPA, run)
            : { code: "changed-inside", says: `${ALPA} is deleted. It is not deployed, so no pod stops` },
    replaced: (_, run) => stops(ALPA, run),
    rows: [
        ["spec.deploy", ({ new: now }, _, run) => (now === true ? starts(ALPA) : stops(ALPA, run))],
        [
            "spec.graph.**",
            (_, { new: now }) =>
                isDeployed(now)
                    ? {
                          code: "pods-restart",
                          says: `${ALPA}: its pods may be replaced. Requests in progress on a replaced pod get no answer`,
                      }
                    : {
                          code: "changed-inside",
                          says: `${ALPA}: its graph changes, but is not deployed. So no pod changes`,
                      },
        ],
        ...OF_GRAPHS,
    ],
};

/** A RampartGraph that contained Alpa before the change. */
const modelGraphWithout: KindRule = {
    ...modelGraph,
    rows: [
        [
            "spec.graph.**",
            (_, { old }, run) =>
                isDeployed(old)
                    ? stops(ALPA, run)
                    : { code: "changed-inside", says: `${ALPA} is deleted. It is not deployed, so no pod stops` },
        ],
        ...modelGraph.rows,
    ],
};

const otherGraph: KindRule = {
    created: ({ name }) => ({ code: "added", says: `Rampart graph ${name} is created` }),
    deleted: gone,
    replaced: ({ name }) => ({
        code: "replaced",
        says: `Rampart graph ${name} is deleted and created again, with its components`,
    }),
    rows: [
        [
            "spec.deploy",
            ({ new: now }, change) =>
                now === true
                    ? { code: "gateway-changed", says: `Rampart graph ${change.name} is deployed` }
                    : gone(change),
        ],
        [
            "spec.graph.**",
            (_, { name }) => ({ code: "gateway-changed", says: `Rampart graph ${name} gets other components` }),
        ],
        ...OF_GRAPHS,
    ],
};

function gone({ name }: Change): Verdict {
    return { code: "deleted", says: `Rampart graph ${name} is deleted, with everything that was deployed for it` };
}

/** Selects the rule for a RampartGraph: of the gateway, of Alpa, or of KubeRay's operator. */
export function graphRule({ old, new: now }: Change): KindRule {
    const present = now ?? old;
    if (has(present, "apisix")) return gatewayGraph;
    if (has(present, "alpa")) return modelGraph;
    if (has(old, "apisix")) return gatewayGraphWithout;
    return has(old, "alpa") ? modelGraphWithout : otherGraph;
}
