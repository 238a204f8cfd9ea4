// Package whippettest checks the metrics that a program sends while its Go tests run.
//
// Copy this file into your module:
//
//	func TestPays(t *testing.T) {
//		dsd := whippettest.Start(t)
//		client, _ := statsd.New(dsd.Addr())
//		client.Count("checkout.paid", 3, []string{"env:test"}, 1)
//		client.Flush()
//		dsd.WaitFor(t, "name=checkout.paid", "type=count", "tag=env:test", "sum=3")
//	}
//
// The test server is the command in WHIPPET_TEST_COMMAND ("whippet" when that is not set), or the one at WHIPPET_TEST_URL, which
// `whippet expect -- go test ./...` and a container set. Only the standard library is used.
package whippettest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// Server is a running test server: where to send to, and what it received.
type Server struct {
	Host       string            `json:"host"`
	Port       int               `json:"port"`
	URL        string            `json:"url"`
	SocketPath string            `json:"socketPath"`
	Env        map[string]string `json:"env"`
}

// Metric is what was received for one expectation.
type Metric struct {
	Name    string    `json:"name"`
	Type    string    `json:"type"`
	Tags    []string  `json:"tags"`
	Sum     float64   `json:"sum"`
	Last    float64   `json:"last"`
	Min     float64   `json:"min"`
	Max     float64   `json:"max"`
	Count   float64   `json:"count"`
	Samples int       `json:"samples"`
	Values  []float64 `json:"values"`
}

// Addr is host and port for UDP clients.
func (s *Server) Addr() string {
	return net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
}

// Start starts a test server that ends with the test, or takes the one at WHIPPET_TEST_URL and empties it.
func Start(t testing.TB) *Server {
	t.Helper()
	if known := os.Getenv("WHIPPET_TEST_URL"); known != "" {
		server := &Server{Host: os.Getenv("DD_AGENT_HOST"), URL: known}
		server.Port, _ = strconv.Atoi(os.Getenv("DD_DOGSTATSD_PORT"))
		server.Reset(t)
		return server
	}
	command := os.Getenv("WHIPPET_TEST_COMMAND")
	if command == "" {
		command = "whippet"
	}
	words := append(strings.Fields(command), "test-server", "--port", "0", "--http-port", "0", "--json", "--until-stdin-ends")
	child := exec.Command(words[0], words[1:]...)
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	must(t, err)
	stdout, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = child.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("%s test-server did not start: %v", words[0], err)
	}
	server := &Server{}
	must(t, json.Unmarshal([]byte(line), server))
	return server
}

// WaitFor waits for a metric, and ends the test with a report when it does not arrive. Pairs are those of
// GET /api/test/wait: name=a, tag=env:test, sum=3, timeout=10s.
func (s *Server) WaitFor(t testing.TB, pairs ...string) Metric {
	t.Helper()
	metric, err := s.Wait(pairs...)
	if err != nil {
		t.Fatal(err)
	}
	return metric
}

// Wait is WaitFor for those who handle the error themselves.
func (s *Server) Wait(pairs ...string) (Metric, error) {
	query := url.Values{}
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		query.Add(key, value)
	}
	if !query.Has("timeout") {
		query.Set("timeout", "5s")
	}
	var body struct {
		Received Metric `json:"received"`
		Report   string `json:"report"`
		Error    string `json:"error"`
	}
	status, err := s.ask(http.MethodGet, "wait?"+query.Encode(), &body)
	switch {
	case err != nil:
		return Metric{}, err
	case status != http.StatusOK:
		return Metric{}, fmt.Errorf("%s%s", body.Report, body.Error)
	}
	return body.Received, nil
}

// Rejected is the lines that could not be read, each with its reason.
func (s *Server) Rejected(t testing.TB) []string {
	t.Helper()
	var body struct {
		Rejected []struct {
			Line   string `json:"line"`
			Reason string `json:"reason"`
		} `json:"rejected"`
	}
	_, err := s.ask(http.MethodGet, "rejected", &body)
	must(t, err)
	lines := []string{}
	for _, one := range body.Rejected {
		lines = append(lines, one.Line+"  "+one.Reason)
	}
	return lines
}

// Reset forgets what was received.
func (s *Server) Reset(t testing.TB) {
	t.Helper()
	_, err := s.ask(http.MethodPost, "reset", &struct{}{})
	must(t, err)
}

func (s *Server) ask(method, path string, into any) (int, error) {
	request, err := http.NewRequest(method, s.URL+"/api/test/"+path, nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, json.Unmarshal(text, into)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
