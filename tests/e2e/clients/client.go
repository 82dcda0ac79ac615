// A client of Go's net/http: ADDRESS CA.pem HOST VERSION [CERTIFICATE.pem KEY.pem]. ADDRESS: where every host is;
// VERSION: 1.2 or 1.3. Asks twice, each time on a connection of its own, and prints a line of JSON for each answer.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

var versions = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

type answer struct {
	Status  int    `json:"status"`
	Body    string `json:"body"`
	Version string `json:"version"`
	Resumed bool   `json:"resumed"`
}

func main() {
	client := newClient(os.Args[1], terms(os.Args[2:]))
	for range 2 {
		said, err := json.Marshal(ask(client, "https://"+os.Args[3]+"/"))
		check(err)
		fmt.Println(string(said))
	}
}

func terms(arguments []string) *tls.Config {
	pem, err := os.ReadFile(arguments[0])
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	version := versions[arguments[2]]
	config := &tls.Config{RootCAs: roots, MinVersion: version, MaxVersion: version,
		ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	if len(arguments) > 3 {
		own, err := tls.LoadX509KeyPair(arguments[3], arguments[4])
		check(err)
		config.Certificates = []tls.Certificate{own}
	}
	return config
}

func newClient(address string, config *tls.Config) *http.Client {
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: dial, TLSClientConfig: config}}
}

func ask(client *http.Client, url string) answer {
	response, err := client.Get(url)
	check(err)
	body, err := io.ReadAll(response.Body)
	check(err)
	response.Body.Close()
	client.CloseIdleConnections()
	return answer{response.StatusCode, string(body), tls.VersionName(response.TLS.Version), response.TLS.DidResume}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
