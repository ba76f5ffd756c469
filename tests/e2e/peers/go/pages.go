// Go's net/http as an origin: /hello, /sum, /chunks, /fields and /small, as pages.mjs has them.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

const most = 1024 * 1024

func sum(answer http.ResponseWriter, request *http.Request) {
	hash := sha256.New()
	size, err := io.Copy(hash, request.Body)
	if err != nil {
		return
	}
	fmt.Fprintf(answer, "%d %x", size, hash.Sum(nil))
}

func chunks(answer http.ResponseWriter, _ *http.Request) {
	for i := 0; i < 5; i++ {
		fmt.Fprintf(answer, "%d ", i)
		answer.(http.Flusher).Flush()
	}
}

func fields(answer http.ResponseWriter, request *http.Request) {
	got := map[string]string{"host": request.Host}
	for name, values := range request.Header {
		got[http.CanonicalHeaderKey(name)] = values[0]
	}
	_ = json.NewEncoder(answer).Encode(got)
}

func small(answer http.ResponseWriter, request *http.Request) {
	if request.ContentLength < 0 || request.ContentLength > most {
		http.Error(answer, "too large for this page", http.StatusRequestEntityTooLarge)
		return
	}
	sum(answer, request)
}

func main() {
	pages := http.NewServeMux()
	pages.HandleFunc("/hello", func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprint(answer, "hello from go\n") })
	pages.HandleFunc("/sum", sum)
	pages.HandleFunc("/chunks", chunks)
	pages.HandleFunc("/fields", fields)
	pages.HandleFunc("/small", small)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("{\"http\": %d, \"https\": 0}\n", listener.Addr().(*net.TCPAddr).Port)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	panic(http.Serve(listener, pages))
}
