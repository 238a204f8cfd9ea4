{{- define "whippet.selector" -}}
app.kubernetes.io/name: whippet
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "whippet.labels" -}}
{{ include "whippet.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
{{- define "whippet.name" -}}
{{ if eq .Release.Name "whippet" }}whippet{{ else }}{{ printf "%s-whippet" .Release.Name | trunc 63 | trimSuffix "-" }}{{ end }}
{{- end }}
{{- define "whippet.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
