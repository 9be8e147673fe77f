/**
 * Behavior of kwok for nodes and pods (Stages of kwok 0.7). Nodes have kwok's own stages. A pod becomes Ready only after the
 * emulated kubelet has found everything its containers need, and has set an annotation (see workloads/kubelet.ts). A pod of a
 * Job then succeeds at once, because nothing runs in it. kwok deletes a deleted pod at once, unless the emulated kubelet has
 * announced that it does so itself (see workloads/gateways/pods.ts).
 */
import { stringify } from "yaml";

/** Annotation of the emulated kubelet on a pod whose images, Secrets, ConfigMaps and volumes all exist. */
export const STARTABLE_ANNOTATION = "sandbox.alpa-auth/startable";
/** Annotation of the emulated kubelet on a pod with a graceful shutdown: that kubelet deletes the pod, not kwok. */
export const ENDS_SLOWLY_ANNOTATION = "sandbox.alpa-auth/ends-slowly";

const DELETED = ".metadata.deletionTimestamp";

export function podStages(): string {
    return [ready, completed, deleted].map((stage) => stringify(stage)).join("---\n");
}

function stage(name: string, matchExpressions: object[], next: object): object {
    return {
        apiVersion: "kwok.x-k8s.io/v1alpha1",
        kind: "Stage",
        metadata: { name },
        spec: { resourceRef: { apiGroup: "v1", kind: "Pod" }, selector: { matchExpressions }, next },
    };
}

const ready = stage(
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
    "pod-delete",
    [
        { key: DELETED, operator: "Exists" },
        { key: `.metadata.annotations["${ENDS_SLOWLY_ANNOTATION}"]`, operator: "DoesNotExist" },
    ],
    { finalizers: { empty: true }, delete: true },
);
