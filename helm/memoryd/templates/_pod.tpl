{{/* What the pods of both components have in common. It meets the restricted pod security standard. */}}
{{- define "memoryd.podDefaults" -}}
automountServiceAccountToken: false
# A Service called memoryd would put MEMORYD_* variables into the pod, and those are settings.
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "memoryd.containerDefaults" -}}
image: {{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* Settings that both components read. */}}
{{- define "memoryd.sharedSettings" -}}
{{- with .Values.config.requestTimeout }}
- name: MEMORYD_REQUEST_TIMEOUT
  value: {{ . | quote }}
{{- end }}
{{- with .Values.config.logLevel }}
- name: MEMORYD_LOG_LEVEL
  value: {{ . | quote }}
{{- end }}
{{- with .Values.config.logFormat }}
- name: MEMORYD_LOG_FORMAT
  value: {{ . | quote }}
{{- end }}
{{- end }}

{{/* An environment variable out of the Secret. Takes (list $ variable key); no key, no variable. */}}
{{- define "memoryd.secretSetting" -}}
{{- $root := index . 0 -}}
{{- with index . 2 }}
- name: {{ index $ 1 }}
  valueFrom:
    secretKeyRef:
      name: {{ $root.Values.secret.name }}
      key: {{ . }}
{{- end }}
{{- end }}
