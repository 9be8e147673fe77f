/** Types of the objects that the Rampart emulator reads and writes, limited to the fields that it uses. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

interface Meta {
    name: string;
    namespace: string;
    uid: string;
    resourceVersion?: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
    deletionTimestamp?: string;
    ownerReferences?: OwnerReference[];
}

export interface OwnerReference {
    apiVersion: string;
    kind: string;
    name: string;
    uid: string;
    controller: boolean;
    blockOwnerDeletion: boolean;
}

/**
 * Status of a graph. As in the real resource, there are no conditions. All fields are unset before the controller's
 * first pass.
 */
export interface GraphStatus {
    phase?: "Deploying" | "Deployed" | "Failed" | "Undeploying" | "Undeployed" | "Deleting";
    reason?: "GraphValidationError" | "GraphDeploymentError";
    messages?: string;
    observedGeneration?: number;
    /** JSON text of an object: component name → list of paths. */
    endpointPaths?: string;
    componentNamespaces?: string[];
}

export interface GraphObject {
    apiVersion: string;
    kind: string;
    metadata: Meta;
    spec?: Json;
    status?: GraphStatus;
}

/** The graph that provides an infrastructure such as "pulsar" or "ray". */
export interface InfraSource {
    namespace: string;
    name: string;
}

export const GROUP = "rampart.petuum.com";
export const VERSION = "v1beta2";
export const KIND = "RampartGraph";
export const FINALIZER = "rampart.petuum.com/graph";
/** Label of anchors and component namespaces. Ingresses and ApisixRoutes with this label are listed in endpointPaths. */
export const CONTROLLED_LABEL = "controlled-by-rampart";
/** Key of the chart annotation that declares inputs, outputs, provides and requires. */
export const CHART_ANNOTATION = "petuum.com/rampartComponent";
export const SUBNAMESPACE_ANNOTATION = "hnc.x-k8s.io/subnamespace-of";
