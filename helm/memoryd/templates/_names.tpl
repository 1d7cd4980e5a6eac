{{/* What every object's name begins with. Short enough that a pod's name with its suffixes stays a label. */}}
{{- define "memoryd.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | replace "." "-" | trunc 43 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | replace "." "-" | trunc 43 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Labels by which a component's pods are selected; they never change. Takes (list $ component). */}}
{{- define "memoryd.selectorLabels" -}}
{{- $root := first . -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ last . }}
{{- end }}

{{/* Labels of every object of a component. Takes (list $ component). */}}
{{- define "memoryd.labels" -}}
{{- $root := first . -}}
{{ include "memoryd.selectorLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: memoryd
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end }}
