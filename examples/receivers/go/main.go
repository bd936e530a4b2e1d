// A receiver of signed webhooks, with what Go brings along.
//
// Usage: WEBHOOK_SECRET=whsec_… go run .
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// How far the clocks of both sides may be apart.
	tolerance    = 5 * time.Minute
	bodyBytesMax = 32 << 20
	idsMax       = 10_000
)

// isGenuine tells whether a request is the sender's, whole, and new. body are its bytes as they came.
func isGenuine(secret []byte, headers http.Header, body []byte) bool {
	id, timestamp := headers.Get("webhook-id"), headers.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || err != nil || time.Since(time.Unix(seconds, 0)).Abs() > tolerance {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.", id, timestamp)
	mac.Write(body)
	wanted := mac.Sum(nil)
	// There are several while one secret takes the place of another.
	for _, signature := range strings.Split(headers.Get("webhook-signature"), " ") {
		encoded, isV1 := strings.CutPrefix(signature, "v1,")
		given, err := base64.StdEncoding.DecodeString(encoded)
		if isV1 && err == nil && hmac.Equal(given, wanted) {
			return true
		}
	}
	return false
}

// receiver knows the events that are dealt with. An application keeps them in its database.
type receiver struct {
	secret []byte
	mutex  sync.Mutex
	seen   map[string]bool
	ids    []string
}

// take deals with an event, which may come more than once: after a lost answer, or a crash of either side.
func (r *receiver) take(id string, event map[string]any) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.seen[id] {
		return
	}
	fmt.Println("received", event["type"], id)
	r.seen[id] = true
	r.ids = append(r.ids, id)
	if len(r.ids) > idsMax {
		delete(r.seen, r.ids[0])
		r.ids = r.ids[1:]
	}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, bodyBytesMax))
	if err != nil || !isGenuine(r.secret, request.Header, body) {
		http.Error(w, "not genuine", http.StatusBadRequest)
		return
	}
	var event map[string]any
	if err := json.Unmarshal(body, &event); err != nil {
		http.Error(w, "no event", http.StatusBadRequest)
		return
	}
	r.take(request.Header.Get("webhook-id"), event)
	fmt.Fprintln(w, "ok")
}

func main() {
	encoded := strings.TrimPrefix(os.Getenv("WEBHOOK_SECRET"), "whsec_")
	secret, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(secret) < 24 {
		log.Fatal("WEBHOOK_SECRET must be the secret of the destination: whsec_…")
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "9000"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, &receiver{secret: secret, seen: map[string]bool{}}))
}
