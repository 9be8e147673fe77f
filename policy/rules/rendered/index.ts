import { OPT_GRAPH } from "../../../components/opt/opt-graph";
import { apisixCharts } from "../../resources/charts";
import { kindOf, type Resource } from "../../resources/resource";
import { at, isOther, map, UNKNOWN } from "../../resources/values";
import type { Rule } from "../rule";
import {
    application,
    expiryMail,
    policy,
    ruleset,
    token,
    tunnel,
    tunnelConfig,
    worker,
    workerRoute,
    zoneSetting,
} from "./cloudflare";
import { commandLines } from "./commands";
import { differences } from "./compare";
import type { Form } from "./form";
import { consumers, objectOf, routes, upstreams, wiring, type ByName } from "./gateway";
import { budgets, certificates, deployments, password, patches, podMonitors, policies, services } from "./installed";
import { statefulSets } from "./etcd";
import { daemonSets, OPT_CHARTS, rayClusters } from "./opt";
import { definition, secret } from "./plain";
import { proofs } from "./proofs";
import { apisixRelease, graphs, otherRelease, profile } from "./releases";
import { waits } from "./waits";
import { otherGateways, otherPeers } from "./wired";

export const asRendered: Rule = {
    name: "as-rendered",
    title: "Objects that expose Alpa, protect it or admit callers are exactly those that this project renders.",
    reason: "Any additional plugin, field or rule can bypass authentication and the request guard, or expose credentials.",
    leavesOut:
        "Not compared: scripts of Commands (`stdin`, which is secret), values of Secrets except their length, host names, addresses and ports. Review the code and the config that set them.",
    comparesWithProgram: true,
    example: {
        type: "kubernetes:apisix.apache.org/v2:ApisixRoute",
        inputs: { kind: "ApisixRoute", metadata: { name: "other" }, spec: { http: [] } },
    },
    check: (resource) => COMPARED[kindOf(resource).replace(/Patch$/, "")]?.(resource) ?? [],
    checkStack: (resources) => [otherGateways, otherPeers, proofs].flatMap((judge) => judge(resources)),
};

type Compared = (resource: Resource) => string[];

/** Comparison of each kind. All other kinds contain only settings, or are rejected by known-types. */
const COMPARED: Record<string, Compared> = {
    ApisixRoute: byName(routes, "namespace"),
    ApisixUpstream: byName(upstreams, "namespace"),
    Consumer: (resource) => differences(objectOf(resource, "name", "namespace"), consumers(resource)),
    GatewayProxy: (resource) => differences(objectOf(resource, "name"), wiring("proxy")()),
    IngressClass: (resource) => differences(objectOf(resource, "name"), wiring("ingressClass")()),
    GatewayClass: (resource) => differences(objectOf(resource, "name"), wiring("gatewayClass")()),
    Gateway: (resource) => differences(objectOf(resource, "name"), wiring("gateway")()),
    NetworkPolicy: byName(policies),
    Service: byName(services),
    DaemonSet: byName(daemonSets),
    StatefulSet: byName(statefulSets, "namespace"),
    RayCluster: byName(rayClusters),
    Deployment: (resource) => byName(resource.type.endsWith("Patch") ? patches : deployments)(resource),
    Release: (resource) => both((apisixCharts(resource).length > 0 ? apisixRelease : otherRelease)(resource)),
    RampartGraph: (resource) =>
        at(resource.props, "metadata.name") === OPT_GRAPH && !isOperator(resource)
            ? otherComponents(resource)
            : byName(graphs, "namespace")(resource),
    PodDisruptionBudget: byName(budgets),
    PodMonitor: byName(podMonitors),
    ApisixTls: byName(certificates.served, "namespace"),
    Certificate: byName(certificates.issued),
    ConfigMap: (resource) => both(profile(resource)),
    Secret: secret,
    CustomResourceDefinition: definition,
    Command: commandLines,
    RandomPassword: (resource) => both(password(resource)),
    ZeroTrustAccessApplication: (resource) => both(application(resource)),
    ZeroTrustAccessPolicy: (resource) => both(policy(resource)),
    ZeroTrustTunnelCloudflared: (resource) => both(tunnel(resource)),
    ZeroTrustTunnelCloudflaredConfig: (resource) => both(tunnelConfig(resource)),
    Ruleset: (resource) => both(ruleset(resource)),
    ZoneSetting: (resource) => both(zoneSetting(resource)),
    WorkersScript: (resource) => both(worker(resource)),
    WorkersRoute: (resource) => both(workerRoute(resource)),
    ZeroTrustAccessServiceToken: token,
    NotificationPolicy: (resource) => both(expiryMail(resource)),
    ...waits,
};

const SECRET_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const both = ({ actual, forms }: { actual: unknown; forms: Form[] }) => differences(actual, forms);

function byName(forms: ByName, ...fields: "namespace"[]): Compared {
    return (resource) => {
        const name = at(resource.props, "metadata.name");
        if (name === UNKNOWN) return [];
        const found = Object.hasOwn(forms, String(name)) ? forms[String(name)] : undefined;
        if (found) return differences(objectOf(resource, ...fields), found(resource));
        return [
            `metadata.name: this project renders no ${kindOf(resource)} with this name (only ${Object.keys(forms).join(", ")}). Remove it.`,
        ];
    };
}

/** Whether the resource is the graph with only KubeRay's operator, from its public chart. */
const isOperator = ({ props }: Resource) => Object.hasOwn(map(at(props, "spec.graph.components")), "kuberay");

/** Checks the graph of shape `rampart`, whose repository is in a Secret. */
function otherComponents({ props }: Resource): string[] {
    return Object.entries(map(at(props, "spec.graph.components"))).flatMap(([name, component]) => {
        const where = `spec.graph.components.${name}`;
        if (!Object.hasOwn(OPT_CHARTS, name)) return [`${where}: this project does not render this field. Remove it.`];
        const { name: chart, repo } = map(at(component, "chart"));
        return [
            ...(isOther(chart, OPT_CHARTS[name]) ? [`${where}.chart.name: must be ${OPT_CHARTS[name]}.`] : []),
            ...(repo === UNKNOWN || SECRET_NAME.test(String(repo))
                ? []
                : [`${where}.chart.repo: must be the name of the Secret with the address of Rampart's repository.`]),
        ];
    });
}
