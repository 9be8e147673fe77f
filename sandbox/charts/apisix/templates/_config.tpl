{{- /* APISIX's config.yaml, with the settings that the values control. */ -}}
{{- define "apisix.config" -}}
{{- $admin := .Values.apisix.admin -}}
{{- $withController := index .Values "ingress-controller" "enabled" -}}
{{- $secret := $admin.credentials.secretName -}}
apisix:
  node_listen:
    - {{ .Values.service.http.containerPort }}
  enable_heartbeat: true
  enable_admin: {{ $admin.enabled }}
  enable_admin_cors: {{ $admin.cors }}
  enable_control: {{ .Values.control.enabled }}
  {{- if .Values.control.enabled }}
  control:
    ip: {{ .Values.control.service.ip | quote }}
    port: {{ .Values.control.service.port }}
  {{- end }}
  enable_dev_mode: false
  enable_reuseport: true
  enable_ipv6: {{ .Values.apisix.enableIPv6 }}
  enable_http2: {{ .Values.apisix.enableHTTP2 }}
  enable_server_tokens: {{ .Values.apisix.enableServerTokens }}
  trusted_addresses: {{ .Values.apisix.trustedAddresses | toJson }}
  router:
    http: {{ .Values.apisix.router.http }}
    ssl: radixtree_sni
  proxy_mode: http
  {{- if $withController }}
  stream_proxy:
    tcp: [9100]
    udp: [9200]
  {{- end }}
  dns_resolver_valid: {{ .Values.apisix.dns.validity }}
  resolver_timeout: {{ .Values.apisix.dns.timeout }}
  ssl:
    enable: {{ .Values.apisix.ssl.enabled }}
    {{- if .Values.apisix.ssl.enabled }}
    listen:
      - port: {{ .Values.apisix.ssl.containerPort }}
        enable_http3: {{ .Values.apisix.ssl.enableHTTP3 }}
    ssl_protocols: {{ .Values.apisix.ssl.sslProtocols | quote }}
    ssl_ciphers: {{ .Values.apisix.ssl.sslCiphers | quote }}
    {{- end }}
  status:
    ip: {{ .Values.apisix.status.ip | quote }}
    port: {{ .Values.apisix.status.port }}
nginx_config:
  {{- with .Values.apisix.nginx }}
  error_log: {{ .logs.errorLog | quote }}
  error_log_level: {{ .logs.errorLogLevel | quote }}
  worker_processes: {{ .workerProcesses | quote }}
  enable_cpu_affinity: {{ .enableCPUAffinity }}
  worker_rlimit_nofile: {{ .workerRlimitNofile }}
  event:
    worker_connections: {{ .workerConnections }}
  {{- with .envs }}
  envs: {{ toJson . }}
  {{- end }}
  http:
    enable_access_log: {{ .logs.enableAccessLog }}
    access_log: {{ .logs.accessLog | quote }}
    access_log_format: {{ .logs.accessLogFormat | squote }}
    access_log_format_escape: {{ .logs.accessLogFormatEscape }}
    keepalive_timeout: {{ .keepaliveTimeout | quote }}
    client_header_timeout: 60s
    client_body_timeout: 60s
    send_timeout: 10s
    underscores_in_headers: "on"
    real_ip_header: X-Real-IP
    real_ip_from: ["127.0.0.1", "unix:"]
    {{- with .customLuaSharedDicts }}
    custom_lua_shared_dict:
      {{- range . }}
      {{ .name }}: {{ .size }}
      {{- end }}
    {{- end }}
    {{- with .luaSharedDicts }}
    lua_shared_dict:
      {{- range . }}
      {{ .name }}: {{ .size }}
      {{- end }}
    {{- end }}
  {{- with .metaLuaSharedDicts }}
  meta:
    lua_shared_dict:
      {{- range . }}
      {{ .name }}: {{ .size }}
      {{- end }}
  {{- end }}
  {{- $snippets := dict "main" "main" "httpStart" "http" "httpEnd" "http_end" "httpSrv" "http_server" "httpAdmin" "http_admin" "stream" "stream" }}
  {{- range $value, $place := $snippets }}
  {{- with index $.Values.apisix.nginx.configurationSnippet $value | trim }}
  {{ $place }}_configuration_snippet: |
    {{- . | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- end }}
{{- $attributes := .Values.apisix.pluginAttrs }}
{{- with .Values.apisix.prometheus }}
{{- if .enabled }}
{{- $export := dict "ip" "0.0.0.0" "port" .containerPort }}
{{- $own := dict "export_addr" $export "export_uri" .path "metric_prefix" .metricPrefix }}
{{- $attributes = merge (deepCopy $attributes) (dict "prometheus" $own) }}
{{- end }}
{{- end }}
{{- with $attributes }}
plugin_attr:
  {{- toYaml . | nindent 2 }}
{{- end }}
deployment:
  role: {{ .Values.apisix.deployment.role }}
  role_traditional:
    config_provider: {{ .Values.apisix.deployment.role_traditional.config_provider }}
  admin:
    allow_admin:
      {{- range $admin.allow.ipList | default (list "0.0.0.0/0") }}
      - {{ . | quote }}
      {{- end }}
      {{- if $withController }}
      - 0.0.0.0/0
      {{- end }}
    admin_listen:
      ip: {{ $admin.ip | quote }}
      port: {{ $admin.port }}
    admin_key:
      - name: admin
        role: admin
        key: {{ ne $secret "" | ternary "${{APISIX_ADMIN_KEY}}" $admin.credentials.admin | quote }}
      - name: viewer
        role: viewer
        key: {{ ne $secret "" | ternary "${{APISIX_VIEWER_KEY}}" $admin.credentials.viewer | quote }}
  etcd:
    host:
      {{- range .Values.externalEtcd.host }}
      - {{ . | quote }}
      {{- end }}
    prefix: {{ .Values.etcd.prefix | quote }}
    timeout: {{ .Values.etcd.timeout }}
    {{- if include "apisix.usesEtcdPassword" . }}
    user: {{ .Values.externalEtcd.user | quote }}
    password: "${{"{{"}}APISIX_ETCD_PASSWORD{{"}}"}}"
    {{- end }}
{{- end }}
