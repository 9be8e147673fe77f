{{- define "apisix.fullname" -}}
{{- $full := contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) -}}
{{ .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "apisix.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "apisix.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "apisix.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* APISIX's settings for an installation without a profile of its own. */ -}}
{{- define "apisix.config" -}}
apisix:
  node_listen: [9080]
  ssl: { enable: {{ .Values.apisix.ssl.enabled }}, listen: [{ port: 9443 }] }
nginx_config: { error_log: /dev/stderr, http: { access_log: /dev/stdout } }
deployment:
  role: traditional
  role_traditional: { config_provider: etcd }
  admin:
    allow_admin: [0.0.0.0/0]
    admin_listen: { ip: 0.0.0.0, port: 9180 }
    admin_key:
      - { name: admin, role: admin, key: {{ "${{APISIX_ADMIN_KEY}}" | quote }} }
      - { name: viewer, role: viewer, key: {{ "${{APISIX_VIEWER_KEY}}" | quote }} }
  etcd:
    host: {{ toJson .Values.externalEtcd.host }}
    prefix: /apisix
    timeout: 30
    {{- with .Values.externalEtcd.user }}
    user: {{ . }}
    password: {{ "${{APISIX_ETCD_PASSWORD}}" | quote }}
    {{- end }}
{{- end }}
