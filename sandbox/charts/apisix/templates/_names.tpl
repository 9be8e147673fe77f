{{- /* Names and labels of the chart apisix. */ -}}

{{- define "apisix.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* The name of the release if it contains "apisix"; otherwise release and chart name. */ -}}
{{- define "apisix.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{ .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "apisix.selector" -}}
{{- with .Values.service.labelsOverride }}
{{- tpl (toYaml .) $ }}
{{- else -}}
app.kubernetes.io/name: {{ include "apisix.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- end }}

{{- define "apisix.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "apisix.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "apisix.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "apisix.fullname" .) "default") }}
{{- end }}

{{- define "apisix.usesEtcdPassword" -}}
{{- if .Values.etcd.enabled }}{{ fail "unsupported by the sandbox: the chart's own etcd. Set etcd.enabled to false." }}{{ end }}
{{- if .Values.externalEtcd.user }}yes{{ end }}
{{- end }}

{{- define "apisix.etcdSecret" -}}
{{ .Values.externalEtcd.existingSecret | default (printf "%s-external-etcd" (include "apisix.fullname" .)) }}
{{- end }}
