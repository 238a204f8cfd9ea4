#!/usr/bin/env bash
# Gets the receivers that `npm run test:outputs` sends to, into .setup/receivers; what is there stays. With `light` only
# those that take less than a minute.
#
#   prometheus-2.42    Debian's package, unpacked and not installed, with its promtool
#   prometheus-3       a Go module; left out where there is no Go
#   otlp-grpc          test/outputs/grpc-receiver: a receiver of OTLP made of the protocol's own Go modules
#   victoria-metrics   a Go module; the same. The last two take minutes to build, one after the other
#   statsd_exporter    a Go module, for scripts/compare-scrapes.mjs
set -eu
cd "$(dirname "$0")/.."
folder=$PWD/.setup/receivers
mkdir -p "$folder"

if [ ! -x "$folder/prometheus-2.42" ] || [ ! -x "$folder/promtool" ]; then
  unpacked=$(mktemp -d)
  trap 'rm -rf "$unpacked"' EXIT
  (cd "$unpacked" && (apt-get download prometheus || { apt-get update && apt-get download prometheus; }) && dpkg -x prometheus_*.deb .) >/dev/null
  cp "$unpacked/usr/bin/prometheus" "$folder/prometheus-2.42"
  cp "$unpacked/usr/bin/promtool" "$folder/promtool"
fi
command -v go >/dev/null || { echo 'there is no Go: only prometheus-2.42 is tested'; exit 0; }
# build MODULE NAME: builds a command of a module
build() {
  [ -x "$folder/$2" ] && return
  echo "building $2"
  GOBIN="$folder" go install -p 1 -tags remove_all_sd "$1" && mv "$folder/$(basename "${1%@*}")" "$folder/$2.new" && mv "$folder/$2.new" "$folder/$2"
}
build github.com/prometheus/statsd_exporter@v0.28.0 statsd_exporter
[ "${1:-}" = light ] && exit 0
if [ ! -x "$folder/otlp-grpc" ]; then
  echo 'building otlp-grpc'
  (cd test/outputs/grpc-receiver && go build -o "$folder/otlp-grpc" .)
fi
build github.com/prometheus/prometheus/cmd/prometheus@v0.316.0 prometheus-3
build github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics@v1.150.0 victoria-metrics
