{{- /* Names and labels of the chart apisix-ingress-controller. In a sub-chart, .Chart.Name is the alias. */ -}}

{{- define "controller.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "controller.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{ .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "controller.selector" -}}
{{- with .Values.labelsOverride }}
{{- tpl (toYaml .) $ }}
{{- else -}}
app.kubernetes.io/name: {{ include "controller.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- end }}

{{- define "controller.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "controller.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* Cuts names so that they have at most 63 characters including the suffix. */ -}}
{{- define "controller.webhookService" -}}
{{ include "controller.fullname" . | trunc 51 | trimSuffix "-" }}-webhook-svc
{{- end }}

{{- define "controller.webhookSecret" -}}
{{ include "controller.fullname" . | trunc 50 | trimSuffix "-" }}-webhook-cert
{{- end }}
