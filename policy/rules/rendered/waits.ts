import { IMAGES, OPT } from "../../../components/opt/opt-pods";
import { RECORD, VERIFIER } from "../../../components/opt/conversion-phases";
import { APISIX_PODS } from "../../../components/kubernetes/network-policies";
import { OPT_GRAPH } from "../../../components/opt/opt-graph";
import { componentNamespace } from "../../../components/apisix/rampart-gateway";
import { ROUTE } from "../../../components/route/route-rules";
import { TLS_CERTIFICATE, TLS_OBJECT } from "../../../components/apisix/tls";
import { VERIFICATION } from "../../../components/opt/verification";
import { REVOCATION_ID } from "../../../config/keys/consumers/schema";
import { acceptKeys } from "../../../config/keys/readiness";
import type { Resource } from "../../resources/resource";
import { map, UNKNOWN, type Tree } from "../../resources/values";
import { differences } from "./compare";
import { preparations } from "./etcd";
import { form, type Form } from "./form";
import { cachedForms } from "./gateway";

// Resources with a provider of this project, which wait for objects, verify the gateway, or record a change. proofs.ts
// compares their references to other resources.

const NAMESPACE = "sample-namespace";

/** Compares the given fields with the expected forms. Timeouts may have any value that the config accepts. */
const judged =
    (fields: string[], forms: () => Form[]) =>
    ({ type, props }: Resource): string[] => [
        ...differences(Object.fromEntries(fields.map((field) => [field, props[field]])), cachedForms(type, forms)),
        ...times(props),
    ];

function times(props: Tree): string[] {
    const schemas = { timeoutSeconds: acceptKeys.acceptTimeoutSeconds, settleSeconds: acceptKeys.settleSeconds };
    return Object.entries(schemas).flatMap(([field, schema]) => {
        const { [field]: value } = props;
        if (value === undefined || value === UNKNOWN) return [];
        return (schema.safeParse(value).error?.issues ?? []).map(({ message }) => `${field}: ${message}.`);
    });
}

/** Expected forms for both values of `unasked`: `fail` for a gateway of this stack, `settle` for an existing gateway. */
const gateways = (more: Tree) =>
    (["fail", "settle"] as const).map((unasked) =>
        form({ pods: NAMESPACE, ...more }, ({ pods, ...rest }) => ({
            gateway: { namespace: pods, labels: APISIX_PODS.matchLabels, unasked },
            ...rest,
        })),
    );
const ofCallers = judged(["gateway", "namespace"], () => gateways({ namespace: `${NAMESPACE}-2` }));

const condition = (apiVersion: string, kind: string, name: string, type: string, more: object = {}) =>
    form({ namespace: NAMESPACE }, ({ namespace }) => ({
        object: { apiVersion, kind, namespace, name },
        until: { kind: "condition", type, ...more },
    }));
const graph = (name: string, until: string) =>
    form({ namespace: NAMESPACE }, ({ namespace }) => ({
        object: { apiVersion: "rampart.petuum.com/v1beta2", kind: "RampartGraph", namespace, name },
        until: {
            kind: until,
            ...(until === "graph-namespace" ? { namespace: componentNamespace(namespace) } : {}),
        },
    }));

const awaited = judged(["object", "until", "goneAfter"], () => [
    ...[ROUTE, VERIFICATION].map((name) => condition("apisix.apache.org/v2", "ApisixRoute", name, "Accepted")),
    condition("apisix.apache.org/v2", "ApisixTls", TLS_OBJECT, "Accepted"),
    condition("apisix.apache.org/v1alpha1", "Consumer", VERIFIER, "Available"),
    condition("cert-manager.io/v1", "Certificate", TLS_CERTIFICATE, "Ready", { patient: true }),
    ...["graph-namespace", "graph-deployed"].map((until) => graph("gateway", until)),
    ...["graph-deployed", "graph-undeployed"].map((until) => graph(OPT_GRAPH, until)),
    ...[true, false].map((goneAfter) =>
        form({ name: "sample-name" }, ({ name }) => ({
            object: { apiVersion: "v1", kind: "Namespace", name },
            until: { kind: "not-terminating" },
            ...(goneAfter && { goneAfter: name }),
        })),
    ),
]);

const inNamespace = (...names: string[]) =>
    judged(["namespace", "name"], () =>
        names.map((name) => form({ namespace: NAMESPACE }, ({ namespace }) => ({ namespace, name }))),
    );

/** Checks the name of the ConfigMap that the resource writes. */
function record({ props }: Resource): string[] {
    const { name } = map(props.metadata);
    return name === RECORD || name === UNKNOWN || props.metadata === UNKNOWN
        ? []
        : [`metadata.name: must be ${RECORD}.`];
}

/** Checks that a reverted revocation is given by its id. */
function revocations({ props }: Resource): string[] {
    return Object.entries(map(props.readmit)).flatMap(([who, id]) =>
        id === UNKNOWN || REVOCATION_ID.test(String(id)) ? [] : [`readmit.${who}: must be the id of a revocation.`],
    );
}

export const waits: Record<string, (resource: Resource) => string[]> = {
    Awaited: awaited,
    EtcdPrepared: judged(["place", "apisixNamespace"], preparations),
    ConsumersAccepted: ofCallers,
    CredentialsRevoked: ofCallers,
    RouteServed: judged(["gateway"], () => gateways({})),
    RayReady: inNamespace(OPT),
    ImagesReady: inNamespace(IMAGES),
    ConversionRecord: record,
    Revocations: revocations,
};
