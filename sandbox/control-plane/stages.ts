/**
 * What kwok does with nodes and pods (Stages of kwok 0.7). Nodes keep kwok's own stages. Pods have ours: a pod becomes
 * Ready only once the emulated kubelet has found everything its containers need (see workloads/kubelet.ts), which it
 * says with an annotation. A pod of a Job then ends well at once: nothing really runs in it. A deleted pod goes at once,
 * unless the emulated kubelet has said that it will see to that itself (see workloads/gateways/pods.ts).
 */
import { stringify } from "yaml";

/** Set by the emulated kubelet on a pod whose images, Secrets, ConfigMaps and volumes are all there. */
export const STARTABLE_ANNOTATION = "sandbox.alpa-auth/startable";
/** Set by the emulated kubelet on a pod whose end takes its time: that kubelet takes it away, and kwok does not. */
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
