/**
 * Behavior of kwok for nodes and pods (Stages of kwok 0.7). A node becomes Ready once, and stays Ready because kwok renews its
 * Lease. The heartbeats of kwok's default stages are omitted: up to 45 s later, they would overwrite the conditions that a test
 * has written for a node without network. A pod becomes Ready only after the emulated kubelet has found all objects that its
 * containers need, and has set an annotation (see workloads/kubelet.ts). A pod of a Job then succeeds at once, because nothing
 * runs in it. kwok removes a deleted pod at once, unless an annotation says that the emulated kubelet removes it (see
 * workloads/gateways/pods.ts).
 */
import { stringify } from "yaml";

/** Annotation that the emulated kubelet sets on a pod when its images, Secrets, ConfigMaps and volumes all exist. */
export const STARTABLE_ANNOTATION = "sandbox.alpa-auth/startable";
/**
 * Annotation that the emulated kubelet sets on a pod with a graceful shutdown. When such a pod is deleted, the emulated kubelet
 * removes it, not kwok.
 */
export const ENDS_SLOWLY_ANNOTATION = "sandbox.alpa-auth/ends-slowly";

const DELETED = ".metadata.deletionTimestamp";

export function kwokStages(): string {
    return [nodeReady, ready, completed, deleted].map((stage) => stringify(stage)).join("---\n");
}

function stage(kind: "Node" | "Pod", name: string, matchExpressions: object[], next: object): object {
    return {
        apiVersion: "kwok.x-k8s.io/v1alpha1",
        kind: "Stage",
        metadata: { name },
        spec: { resourceRef: { apiGroup: "v1", kind }, selector: { matchExpressions }, next },
    };
}

const nodeReady = stage(
    "Node",
    "node-ready",
    [{ key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator: "NotIn", values: ["True"] }],
    {
        statusTemplate: `{{ $now := Now }}
conditions:
- { type: Ready, status: "True", reason: KubeletReady, lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ $now | Quote }} }
{{ range $type := list "MemoryPressure" "DiskPressure" "PIDPressure" }}
- { type: {{ $type | Quote }}, status: "False", reason: Kubelet, lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ $now | Quote }} }
{{ end }}
daemonEndpoints: { kubeletEndpoint: { Port: {{ NodePort }} } }
phase: Running
`,
    },
);

const ready = stage(
    "Pod",
    "pod-ready",
    [
        { key: DELETED, operator: "DoesNotExist" },
        { key: `.metadata.annotations["${STARTABLE_ANNOTATION}"]`, operator: "Exists" },
        { key: ".status.podIP", operator: "DoesNotExist" },
    ],
    {
        statusTemplate: `{{ $now := Now }}
conditions:
{{ range $type := list "Initialized" "PodReadyToStartContainers" "ContainersReady" "Ready" }}
- { type: {{ $type | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }} }
{{ end }}
{{ range .spec.readinessGates }}
- { type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }} }
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  restartCount: 0
  {{ if eq .restartPolicy "Always" }}
  started: true
  state: { running: { startedAt: {{ $now | Quote }} } }
  {{ else }}
  started: false
  state: { terminated: { exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }} } }
  {{ end }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  started: true
  restartCount: 0
  state: { running: { startedAt: {{ $now | Quote }} } }
{{ end }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}
phase: Running
startTime: {{ $now | Quote }}
`,
    },
);

const completed = stage(
    "Pod",
    "pod-complete",
    [
        { key: DELETED, operator: "DoesNotExist" },
        { key: ".status.phase", operator: "In", values: ["Running"] },
        { key: ".metadata.ownerReferences.[].kind", operator: "In", values: ["Job"] },
    ],
    {
        statusTemplate: `{{ $now := Now }}
phase: Succeeded
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: false
  started: false
  restartCount: 0
  state: { terminated: { exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }} } }
{{ end }}
`,
    },
);

const deleted = stage(
    "Pod",
    "pod-delete",
    [
        { key: DELETED, operator: "Exists" },
        { key: `.metadata.annotations["${ENDS_SLOWLY_ANNOTATION}"]`, operator: "DoesNotExist" },
    ],
    { finalizers: { empty: true }, delete: true },
);
