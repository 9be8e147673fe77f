{{- /* Names, labels and permissions of the chart kuberay-operator. */ -}}

{{- define "operator.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{ .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "operator.selector" -}}
app.kubernetes.io/name: {{ .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "operator.labels" -}}
{{ include "operator.selector" . }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "operator.account" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "operator.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end }}

{{- define "operator.rules" -}}
rules:
  - apiGroups: [""]
    resources: [events, pods/status, services]
    verbs: [create, delete, get, list, patch, update, watch]
  - apiGroups: [""]
    resources: [pods]
    verbs: [create, delete, deletecollection, get, list, patch, update, watch]
  - apiGroups: [""]
    resources: [pods/proxy, services/status]
    verbs: [get, patch, update]
  - { apiGroups: [""], resources: [pods/resize], verbs: [patch] }
  - { apiGroups: [""], resources: [secrets], verbs: [create, get, list, watch] }
  - { apiGroups: [""], resources: [serviceaccounts], verbs: [create, delete, get, list, watch] }
  - { apiGroups: [""], resources: [services/proxy], verbs: [create, get, patch, update] }
  - apiGroups: [batch]
    resources: [jobs]
    verbs: [create, delete, get, list, patch, update, watch]
  - { apiGroups: [coordination.k8s.io], resources: [leases], verbs: [create, get, list, update] }
  - { apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [get, list, watch] }
  - apiGroups: [extensions, networking.k8s.io]
    resources: [ingresses]
    verbs: [create, delete, get, list, patch, update, watch]
  - { apiGroups: [networking.k8s.io], resources: [ingressclasses], verbs: [get, list, watch] }
  - apiGroups: [gateway.networking.k8s.io]
    resources: [gateways, httproutes]
    verbs: [create, get, list, update, watch]
  - apiGroups: [ray.io]
    resources: [rayclusters, raycronjobs, rayjobs, rayservices]
    verbs: [create, delete, get, list, patch, update, watch]
  - apiGroups: [ray.io]
    resources: [rayclusters/finalizers, raycronjobs/finalizers, rayjobs/finalizers, rayservices/finalizers]
    verbs: [update]
  - apiGroups: [ray.io]
    resources: [rayclusters/status, raycronjobs/status, rayjobs/status, rayservices/status]
    verbs: [get, patch, update]
  - { apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings], verbs: [create, delete, get, list, watch] }
  - { apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [create, delete, get, list, update, watch] }
  - apiGroups: [route.openshift.io]
    resources: [routes]
    verbs: [create, delete, get, list, patch, update, watch]
{{- end }}
