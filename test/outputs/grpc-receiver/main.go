// A receiver of OTLP over gRPC that is made of the protocol's own Go modules: it prints each request as a line of JSON.
//
// It listens on the port that its argument names, and refuses a request whose metrics are named "refuse.me".
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"sync"

	logs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

var mutex sync.Mutex

func show(message proto.Message) {
	mutex.Lock()
	defer mutex.Unlock()
	fmt.Println(protojson.MarshalOptions{}.Format(message))
}

type metricsServer struct {
	metrics.UnimplementedMetricsServiceServer
}

func (metricsServer) Export(_ context.Context, request *metrics.ExportMetricsServiceRequest) (*metrics.ExportMetricsServiceResponse, error) {
	for _, resource := range request.ResourceMetrics {
		for _, scope := range resource.ScopeMetrics {
			for _, metric := range scope.Metrics {
				if metric.Name == "refuse.me" {
					return nil, status.Error(codes.InvalidArgument, "as you wish")
				}
			}
		}
	}
	show(request)
	return &metrics.ExportMetricsServiceResponse{}, nil
}

type logsServer struct {
	logs.UnimplementedLogsServiceServer
}

func (logsServer) Export(_ context.Context, request *logs.ExportLogsServiceRequest) (*logs.ExportLogsServiceResponse, error) {
	show(request)
	return &logs.ExportLogsServiceResponse{}, nil
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	metrics.RegisterMetricsServiceServer(server, metricsServer{})
	logs.RegisterLogsServiceServer(server, logsServer{})
	fmt.Println(`{"listening":true}`)
	log.Fatal(server.Serve(listener))
}
