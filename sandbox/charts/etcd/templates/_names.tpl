{{- /* Names and labels as Bitnami's charts make them. */ -}}

{{- define "etcd.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{ .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "etcd.headless" -}}
{{ printf "%s-headless" (include "etcd.fullname" .) | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "etcd.selector" -}}
app.kubernetes.io/name: {{ .Values.nameOverride | default .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: etcd
{{- end }}

{{- /* Without the component, which the Job of an upgrade has another of. */ -}}
{{- define "etcd.commonLabels" -}}
app.kubernetes.io/name: {{ .Values.nameOverride | default .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ tpl (toYaml .) $ }}
{{- end }}
{{- end }}

{{- define "etcd.labels" -}}
{{ include "etcd.commonLabels" . }}
app.kubernetes.io/component: etcd
{{- end }}

{{- define "etcd.image" -}}
{{- $registry := .Values.global.imageRegistry | default .Values.image.registry -}}
{{- $version := .Values.image.digest | empty | ternary (printf ":%s" (toString .Values.image.tag)) (printf "@%s" .Values.image.digest) -}}
{{ printf "%s/%s%s" $registry .Values.image.repository $version }}
{{- end }}

{{- define "etcd.rootSecret" -}}
{{ .Values.auth.rbac.existingSecret | default (include "etcd.fullname" .) }}
{{- end }}

{{- define "etcd.rootSecretKey" -}}
{{ .Values.auth.rbac.existingSecret | empty | ternary "etcd-root-password" (.Values.auth.rbac.existingSecretPasswordKey | default "etcd-root-password") }}
{{- end }}

{{- define "etcd.tokenSecret" -}}
{{ .Values.auth.token.privateKey.existingSecret | default (printf "%s-jwt-token" (include "etcd.fullname" .)) }}
{{- end }}

{{- define "etcd.usesJwt" -}}
{{- if and .Values.auth.token.enabled (eq .Values.auth.token.type "jwt") }}yes{{ end }}
{{- end }}

{{- define "etcd.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "etcd.fullname" .) "default") }}
{{- end }}

{{- /* Environment that the members and the Job of an upgrade share. */ -}}
{{- define "etcd.environment" -}}
{{- $name := include "etcd.fullname" . -}}
{{- $domain := printf "%s.%s.svc.%s" (include "etcd.headless" .) .Release.Namespace .Values.clusterDomain -}}
{{- $client := .Values.service.ports.client -}}
- name: MY_POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: MY_STS_NAME
  value: {{ $name | quote }}
- name: ETCDCTL_API
  value: "3"
- name: ETCD_ON_K8S
  value: "yes"
- name: ETCD_NAME
  value: $(MY_POD_NAME)
- name: ETCD_DATA_DIR
  value: /bitnami/etcd/data
- name: ETCD_LOG_LEVEL
  value: {{ .Values.image.debug | ternary "debug" .Values.logLevel | quote }}
- name: ALLOW_NONE_AUTHENTICATION
  value: {{ and (not .Values.auth.rbac.create) .Values.auth.rbac.allowNoneAuthentication | ternary "yes" "no" | quote }}
{{- if and .Values.auth.rbac.create .Values.usePasswordFiles }}
- name: ETCD_ROOT_PASSWORD_FILE
  value: /opt/bitnami/etcd/secrets/{{ include "etcd.rootSecretKey" . }}
{{- else if .Values.auth.rbac.create }}
- name: ETCD_ROOT_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "etcd.rootSecret" . }}
      key: {{ include "etcd.rootSecretKey" . }}
{{- end }}
{{- with .Values.auth.token }}
{{- if .enabled }}
- name: ETCD_AUTH_TOKEN
  value: {{ eq .type "jwt" | ternary (printf "jwt,priv-key=/opt/bitnami/etcd/certs/token/%s,sign-method=%s,ttl=%s" .privateKey.filename .signMethod .ttl) "simple" | quote }}
{{- end }}
{{- end }}
- name: ETCD_ADVERTISE_CLIENT_URLS
  value: http://$(MY_POD_NAME).{{ $domain }}:{{ .Values.containerPorts.client }}{{ if .Values.service.enabled }},http://{{ $name }}.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}:{{ $client }}{{ end }}
- name: ETCD_LISTEN_CLIENT_URLS
  value: http://0.0.0.0:{{ .Values.containerPorts.client }}
- name: ETCD_INITIAL_ADVERTISE_PEER_URLS
  value: http://$(MY_POD_NAME).{{ $domain }}:{{ .Values.containerPorts.peer }}
- name: ETCD_LISTEN_PEER_URLS
  value: http://0.0.0.0:{{ .Values.containerPorts.peer }}
{{- with .Values.autoCompactionMode }}
- name: ETCD_AUTO_COMPACTION_MODE
  value: {{ . | quote }}
{{- end }}
{{- with .Values.autoCompactionRetention }}
- name: ETCD_AUTO_COMPACTION_RETENTION
  value: {{ . | quote }}
{{- end }}
{{- if gt (int .Values.replicaCount) 1 }}
- name: ETCD_INITIAL_CLUSTER_TOKEN
  value: {{ .Values.initialClusterToken | quote }}
- name: ETCD_INITIAL_CLUSTER
  {{- $members := list }}
  {{- range until (int .Values.replicaCount) }}
  {{- $member := printf "%s-%d" $name . }}
  {{- $members = append $members (printf "%s=http://%s.%s:%d" $member $member $domain (int $.Values.containerPorts.peer)) }}
  {{- end }}
  value: {{ join "," $members | quote }}
{{- end }}
- name: ETCD_CLUSTER_DOMAIN
  value: {{ $domain | quote }}
{{- with .Values.extraEnvVars }}
{{ tpl (toYaml .) $ }}
{{- end }}
{{- end }}

{{- /* Limits of the preset "micro"; other presets are not played. Too small for more than a try. */ -}}
{{- define "etcd.resources" -}}
{{- if .Values.resources -}}
{{ toYaml .Values.resources }}
{{- else if eq .Values.resourcesPreset "micro" -}}
requests: { cpu: 250m, memory: 256Mi, ephemeral-storage: 50Mi }
limits: { cpu: 375m, memory: 384Mi, ephemeral-storage: 2Gi }
{{- else -}}
{}
{{- end }}
{{- end }}
