package whippettest

import (
	"strings"
	"testing"

	"github.com/DataDog/datadog-go/v5/statsd"
)

func client(t *testing.T, dsd *Server) *statsd.Client {
	t.Helper()
	client, err := statsd.New(dsd.Addr(), statsd.WithoutTelemetry())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestReceivesWhatTheClientSends(t *testing.T) {
	dsd := Start(t)
	sender := client(t, dsd)
	_ = sender.Count("checkout.paid", 3, []string{"env:test"}, 1)
	_ = sender.Flush()
	metric := dsd.WaitFor(t, "name=checkout.paid", "type=count", "tag=env:test", "sum=3")
	if metric.Sum != 3 || len(metric.Tags) != 1 {
		t.Fatalf("received %+v", metric)
	}
	if lines := dsd.Rejected(t); len(lines) != 0 {
		t.Fatalf("rejected %v", lines)
	}
}

func TestSaysWhatCameInstead(t *testing.T) {
	dsd := Start(t)
	sender := client(t, dsd)
	_ = sender.Incr("checkout.piad", nil, 1)
	_ = sender.Flush()
	dsd.WaitFor(t, "name=checkout.piad")
	_, err := dsd.Wait("name=checkout.paid", "timeout=10ms")
	if err == nil || !strings.Contains(err.Error(), "received, nearest first") {
		t.Fatalf("the error is %v", err)
	}
	_, err = dsd.Wait("name=checkout.paid", "summ=3")
	if err == nil || !strings.Contains(err.Error(), `did you mean "sum"`) {
		t.Fatalf("the error is %v", err)
	}
}
